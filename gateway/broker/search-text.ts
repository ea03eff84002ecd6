/** Words of a line, as the blind index knows them: letters and digits, lower-case, and pairs of Han, Kana and Hangul. */

const SPLIT =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}])[\p{L}\p{N}_])+/gu;
const CJK = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const TOKENS_MOST = 64;
const WORD_LONGEST = 64;

/**
 * At most 64 distinct words. A run of CJK letters becomes its pairs and its single letters, so that one letter or any
 * stretch of a run is found; a mixed word is split where the script changes.
 */
export function searchTokens(text: string): readonly string[] {
  const words = new Set<string>();
  for (const [match] of text.normalize("NFKC").toLowerCase().matchAll(SPLIT)) {
    for (const word of CJK.test(match) ? pairs(match) : [match.slice(0, WORD_LONGEST)]) {
      if (words.size >= TOKENS_MOST) return [...words];
      words.add(word);
    }
  }
  return [...words];
}

function pairs(run: string): readonly string[] {
  const letters = [...run];
  return [...letters, ...letters.slice(1).map((letter, at) => `${letters[at] ?? ""}${letter}`)];
}

/** What a query and a line are compared in once the index has answered. */
export function foldText(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
