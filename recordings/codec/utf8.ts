/** UTF-8 in three shapes: encoding, strict decoding that throws, and a stream decoder that mends bad bytes with U+FFFD. */
import { FormatError } from "./types.js";

/** Text to UTF-8. A surrogate without its partner becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    const more = code < 0x800 ? 1 : code < 0x1_0000 ? 2 : 3;
    bytes[at++] = ((0xff00 >>> (more + 1)) & 0xff) | (code >>> (6 * more));
    for (let left = more - 1; left >= 0; left--) bytes[at++] = 0x80 | ((code >>> (6 * left)) & 0x3f);
  }
  return bytes.slice(0, at);
}

/** Strict UTF-8 to text; throws FormatError on anything that is not well-formed (Unicode table 3-7). */
export function decodeUtf8(bytes: Uint8Array): string {
  const decoder = new Utf8Stream(() => {
    throw new FormatError("text is not valid UTF-8", 0);
  });
  return decoder.push(bytes) + decoder.end();
}

/**
 * Decodes UTF-8 that arrives in pieces split anywhere. Each maximal ill-formed part becomes one U+FFFD, as the WHATWG
 * Encoding Standard's decoder does; a byte-order mark is kept.
 */
export class Utf8Stream {
  readonly #onBad: () => void;
  #needed = 0;
  #code = 0;
  #lower = 0x80;
  #upper = 0xbf;

  constructor(onBad: () => void = () => undefined) {
    this.#onBad = onBad;
  }

  /** Text of all characters that these bytes complete. */
  push(bytes: Uint8Array): string {
    const parts: string[] = [];
    let units: number[] = [];
    for (const byte of bytes) {
      this.#step(byte, units);
      if (units.length >= 4096) {
        parts.push(String.fromCharCode(...units));
        units = [];
      }
    }
    parts.push(String.fromCharCode(...units));
    return parts.join("");
  }

  /** The end of the stream: U+FFFD when a character was left unfinished. */
  end(): string {
    if (this.#needed === 0) return "";
    this.#reset();
    return this.#bad();
  }

  #step(byte: number, units: number[]): void {
    if (this.#needed > 0) {
      if (byte >= this.#lower && byte <= this.#upper) {
        this.#continue(byte, units);
        return;
      }
      this.#reset();
      units.push(this.#bad().charCodeAt(0));
    }
    if (byte < 0x80) units.push(byte);
    else if (byte >= 0xc2 && byte <= 0xf4) this.#begin(byte);
    else units.push(this.#bad().charCodeAt(0));
  }

  #begin(byte: number): void {
    this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#code = byte & (0x3f >>> this.#needed);
    if (byte === 0xe0) this.#lower = 0xa0;
    if (byte === 0xed) this.#upper = 0x9f;
    if (byte === 0xf0) this.#lower = 0x90;
    if (byte === 0xf4) this.#upper = 0x8f;
  }

  #continue(byte: number, units: number[]): void {
    this.#lower = 0x80;
    this.#upper = 0xbf;
    this.#code = (this.#code << 6) | (byte & 0x3f);
    this.#needed--;
    if (this.#needed > 0) return;
    if (this.#code < 0x1_0000) units.push(this.#code);
    else units.push(0xd7c0 + (this.#code >>> 10), 0xdc00 | (this.#code & 0x3ff));
  }

  #reset(): void {
    this.#needed = 0;
    this.#lower = 0x80;
    this.#upper = 0xbf;
  }

  #bad(): string {
    this.#onBad();
    return "\ufffd";
  }
}
