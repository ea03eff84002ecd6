/**
 * Makes foreign text fit for a terminal, a log, a row and a page: no control characters, no escape sequences, no text-direction
 * or invisible characters that could make one name look like another, of bounded length. Pure.
 */
const UNFIT = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line of at most `longest` characters; what is unfit shows as `·`, what is cut off as `…`. */
export function sanitise(text: string, longest = 200): string {
  const head = text.slice(0, longest * 4);
  const clean = [...head.replace(UNFIT, "·")];
  return clean.length > longest || text.length > head.length
    ? `${clean.slice(0, longest - 1).join("")}…`
    : clean.join("");
}

/** What a person may type into a line of ours: the same, with what is unfit left out. */
export function typable(text: string): string {
  return text.replace(UNFIT, "");
}
