/** The sentence for a problem's code; a code that this page does not know is quoted as it is. */
export function problemWords(t: (key: string) => string, te: (key: string) => boolean, code: string): string {
  const key = `error.${code}.what`;
  return te(key) ? t(key) : code;
}
