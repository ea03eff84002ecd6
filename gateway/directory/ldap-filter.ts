/** Assertion values of search filters (RFC 4515 §3). Whatever is not a letter, digit or plain sign is written as its bytes. */

/** `*)(uid=*` → `\2a\29\28uid=\2a`: an assertion value can then neither end nor widen its filter. */
export function escapeFilterValue(value: string): string {
  return [...Buffer.from(value, "utf8")]
    .map((byte) =>
      /[A-Za-z0-9 @._=,+-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `\\${byte.toString(16).padStart(2, "0")}`,
    )
    .join("");
}

/** The same for bytes, every one of them escaped. */
export function escapeFilterBytes(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
}
