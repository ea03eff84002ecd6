/**
 * Values that a spreadsheet would run as formulas (OWASP, CSV injection) stand behind an apostrophe in a file and without it here. So
 * does what follows a semicolon or a line's end within a value: where the system's list mark is `;`, a spreadsheet begins a cell there.
 * What looks disarmed already gets one more, so that each value comes back as it was.
 */

const RUNS = /^'*[=+\-@\t\r\n＝＋－＠]/;
const RUNS_INSIDE = /([;；\t\r\n] *)('*)(?=[=+\-@＝＋－＠])/g;
const DISARMED_INSIDE = /([;；\t\r\n] *)'('*)(?=[=+\-@＝＋－＠])/g;

/** As it is written into a file. */
export function disarmed(value: string): string {
  const inside = value.replace(RUNS_INSIDE, "$1'$2");
  return RUNS.test(inside) ? `'${inside}` : inside;
}

/** As it was before `disarmed`. */
export function asRead(value: string): string {
  const inside = value.startsWith("'") && RUNS.test(value) ? value.slice(1) : value;
  return inside.replace(DISARMED_INSIDE, "$1$2");
}
