/**
 * Values that a spreadsheet would run as formulas (OWASP, CSV injection) stand behind an apostrophe in a file and without it
 * here. Also a value that looks disarmed already gets one more, so that each comes back as it was.
 */
const RUNS = /^'*[=+\-@\t\r\n＝＋－＠]/;

/** As it is written into a file. */
export function disarmed(value: string): string {
  return RUNS.test(value) ? `'${value}` : value;
}

/** As it was before `disarmed`. */
export function asRead(value: string): string {
  return value.startsWith("'") && RUNS.test(value) ? value.slice(1) : value;
}
