/**
 * Text of another's making, so that nothing in it is unseen or looks like something else. Plain are printable ASCII, Chinese characters and,
 * beside them, Chinese punctuation; everything else is marked with its code. It says nothing about what the text means.
 */

export interface TextPart {
  readonly text: string;
  /** `unseen`: the text is codes alone. `unusual`: the characters, then their codes. */
  readonly mark: "unseen" | "unusual" | null;
}

const NAMES: Readonly<Record<string, string>> = {
  "\0": "NUL",
  "\t": "TAB",
  "\n": "LF",
  "\r": "CR",
  "\u001b": "ESC",
  "\u00a0": "NBSP",
  "\ufeff": "BOM",
};

/** Controls, formats, unassigned, combining and every space but the plain one: what is not drawn, or drawn elsewhere. */
const UNSEEN = /[\p{C}\p{M}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** What no plain character looks like. */
const OWN_SHAPE = /[…§±→≤≥\u3001-\u3003\u3008-\u3011\u3014-\u301b]/u;
/** What looks like a hyphen, a quote, a letter or its narrow form: in Chinese text a stop, in any other a snare. */
const CHINESE_ALONE = /[–—‘’“”·×\u3007\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/u;
/** Not the radicals, which look like the characters they are parts of. */
const HAN = /\p{Unified_Ideograph}/u;
const CHINESE = /[\p{Unified_Ideograph}\u3001-\u3003\u3008-\u3011\u3014-\u301b]/u;

function markOf(character: string): TextPart["mark"] {
  if (character >= " " && character <= "~") return null;
  if (UNSEEN.test(character)) return "unseen";
  if (OWN_SHAPE.test(character)) return null;
  return HAN.test(character) && character.normalize("NFKC") === character ? null : "unusual";
}

/** Of each character whether it stands as it is (null). Stops that follow each other are plain where Chinese is on either side of them. */
export function marksOf(characters: readonly string[]): readonly TextPart["mark"][] {
  const marks = characters.map(markOf);
  const isStop = (at: number): boolean => CHINESE_ALONE.test(characters[at] ?? "");
  const isChinese = (at: number): boolean => CHINESE.test(characters[at] ?? "") && marks[at] === null;
  for (let at = 0; at < characters.length; at++) {
    if (!isStop(at)) continue;
    let end = at;
    while (isStop(end)) end++;
    if (isChinese(at - 1) || isChinese(end)) marks.fill(null, at, end);
    at = end;
  }
  return marks;
}

function codeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return NAMES[character] ?? `U+${code}`;
}

/** The parts of one line, in order; nothing is left out, and spaces at its end are told. */
export function visibleParts(line: string): readonly TextPart[] {
  const parts: { text: string; codes: string[]; mark: TextPart["mark"] }[] = [];
  let end = line.length;
  while (line[end - 1] === " ") end--;
  const characters = [...line.slice(0, end)];
  const marks = marksOf(characters);
  for (const [at, character] of characters.entries()) {
    const mark = marks[at] ?? null;
    let last = parts.at(-1);
    if (last === undefined || last.mark !== mark) parts.push((last = { text: "", codes: [], mark }));
    last.text += character;
    if (mark !== null) last.codes.push(codeOf(character));
  }
  const spaces = line.length - end;
  const told = spaces === 0 ? [] : [{ mark: "unseen" as const, text: spaces === 1 ? "SP" : `SP×${String(spaces)}` }];
  return [
    ...parts.map(({ text, codes, mark }) => ({
      mark,
      text: mark === null ? text : mark === "unseen" ? codes.join(" ") : `${text} ${codes.join(" ")}`,
    })),
    ...told,
  ];
}
