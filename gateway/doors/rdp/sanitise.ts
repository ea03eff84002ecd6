/** Makes a foreign name fit for a log, a row and a page: no control characters, no direction marks, of bounded length. Pure. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line of at most `longest` characters; what is unfit shows as `·`, what is cut off as `…`. */
export function sanitise(text: string, longest = 200): string {
  const head = text.slice(0, longest * 4);
  const clean = [...head.replace(UNFIT, "·")];
  return clean.length > longest || text.length > head.length
    ? `${clean.slice(0, longest - 1).join("")}…`
    : clean.join("");
}
