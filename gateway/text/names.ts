/**
 * What a name looks like. Two names with one key cannot be told apart on a page by someone in a hurry (Unicode TR39 §4
 * skeletons over a folded form), so that a register takes only one of them. Keys are compared, never shown.
 */
import skeleton from "unhomoglyph";

const LONGEST_NAME = 100;
/** U+2800 shows nothing and is no blank to Unicode. */
const BLANKS = /[\s\p{Z}\p{Default_Ignorable_Code_Point}\p{Cc}\u2800]+/gu;
const MARKS = /\p{M}+/gu;

/**
 * The key of a name: compatibility forms, case, look-alikes, accents and blanks are folded. The skeleton is taken before and
 * after the case, since capitals and small letters look like different things. Chinese stays as NFKC and TR39 leave it.
 */
export function nameKey(text: string): string {
  const open = skeleton(text.normalize("NFKC").replace(BLANKS, ""));
  const small = open.normalize("NFKD").replace(MARKS, "").toUpperCase().toLowerCase();
  // A capital I is at once an i and an l, so that the three are one.
  return skeleton(small).normalize("NFKC").replace(BLANKS, "").replace(MARKS, "").toLowerCase().replaceAll("i", "l");
}

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** What stands for a broken or missing character, and parts of Chinese characters, which pass for whole ones. */
const NO_LETTERS = /[\uFFFC\uFFFD\u2E80-\u2EFF\u31C0-\u31EF]/u;
const PILED_MARKS = /\p{M}{3}/u;
/** Scripts whose letters pass for one another; no word of any language mixes them. */
const IMITATING = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u];

/**
 * Whether a text may be a name: 1 … 100 characters with something to see in them, no blank at either end, nothing unseen
 * (control, format, direction, private use), no part of a character, no heap of marks, and no word of two scripts that imitate one another.
 */
export function isPlainName(text: string): boolean {
  const { length } = [...text];
  if (length === 0 || length > LONGEST_NAME || text.trim() !== text) return false;
  if (UNSEEN.test(text) || NO_LETTERS.test(text) || PILED_MARKS.test(text) || nameKey(text) === "") return false;
  return text.split(/[^\p{L}\p{M}\p{N}]+/u).every((word) => IMITATING.filter((script) => script.test(word)).length < 2);
}
