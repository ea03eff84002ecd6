/** A one-time code as people type it: authenticators show it in two groups, and the gap is typed or pasted along. */

/** Without the gaps. */
export function typedCode(text: string): string {
  return text.replace(/\s/g, "");
}

/** Whether six digits are there, wherever the gaps. */
export function isWholeCode(text: string): boolean {
  return /^\d{6}$/.test(typedCode(text));
}
