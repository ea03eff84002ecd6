/** Reading numbers out of instructions: what is not exactly such a number is undefined. Pure. */
import type { Instruction } from "../../../../recordings/codec/index.js";

const ZERO = 0x30;
const DOT = 0x2e;
/** guacd and Guacamole's client hold at most 64 streams for each side; guacd doubles the number. */
export const STREAMS_MOST = 64;
const LARGEST_INDEX = 4 * STREAMS_MOST;

/** A whole number from `least` to `most`, written plainly. */
export function whole(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^-?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/** A number that may have a fraction. */
export function decimal(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || text.length > 24 || !/^-?\d+(?:\.\d+)?(?:e-?\d{1,2})?$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/** A stream's or an object's number. */
export function streamIndex(text: string | undefined): number | undefined {
  return whole(text, 0, LARGEST_INDEX);
}

/** The same of an instruction's first argument, read from its bytes: a `blob` need not be decoded for it. */
export function firstIndex({ opcode, bytes }: Instruction): number | undefined {
  // `LENGTH.OPCODE,` of an ASCII opcode shorter than ten characters.
  let at = opcode.length + 3;
  const digits = (bytes[at] ?? 0) - ZERO;
  if (digits < 1 || digits > 3 || bytes[at + 1] !== DOT) return undefined;
  at += 2;
  let value = 0;
  for (const end = at + digits; at < end; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= LARGEST_INDEX ? value : undefined;
}
