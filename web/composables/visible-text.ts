/**
 * Text of another's making, so that nothing in it is unseen or looks like something else. Plain are printable ASCII, Chinese characters and
 * the punctuation of both languages; everything else is marked with its code. It says nothing about what the text means.
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
const PUNCTUATION =
  /[–—‘’“”…·§±×→≤≥\u3001-\u3003\u3008-\u3011\u3014-\u301b\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/u;
const HAN = /\p{Script=Han}/u;

function markOf(character: string): TextPart["mark"] {
  if (character >= " " && character <= "~") return null;
  if (UNSEEN.test(character)) return "unseen";
  if (PUNCTUATION.test(character)) return null;
  return HAN.test(character) && character.normalize("NFKC") === character ? null : "unusual";
}

/** Whether the character stands as it is, without a mark. */
export function isPlain(character: string): boolean {
  return markOf(character) === null;
}

function codeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return NAMES[character] ?? `U+${code}`;
}

/** The parts of one line, in order; nothing is left out. */
export function visibleParts(line: string): readonly TextPart[] {
  const parts: { text: string; codes: string[]; mark: TextPart["mark"] }[] = [];
  for (const character of line) {
    const mark = markOf(character);
    let last = parts.at(-1);
    if (last === undefined || last.mark !== mark) parts.push((last = { text: "", codes: [], mark }));
    last.text += character;
    if (mark !== null) last.codes.push(codeOf(character));
  }
  return parts.map(({ text, codes, mark }) => ({
    mark,
    text: mark === null ? text : mark === "unseen" ? codes.join(" ") : `${text} ${codes.join(" ")}`,
  }));
}
