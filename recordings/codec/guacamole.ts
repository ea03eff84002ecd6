/**
 * The Guacamole protocol as bytes: instructions of elements `LENGTH.VALUE`, whose lengths count Unicode characters. The parser
 * takes chunks split anywhere, refuses whatever guacd would not write, and holds at most one instruction; the encoder writes
 * the one form of each. Neither knows what an instruction means.
 */
import { decodeUtf8, encodeUtf8 } from "./utf8.js";

/** guacd's own bounds (libguac, parser-constants.h): characters of a whole instruction, elements with the opcode, digits of a length. */
export const GUACAMOLE_LIMITS = { characters: 8192, elements: 128, lengthDigits: 5 } as const;

export type GuacamoleFault = "length" | "terminator" | "too-long" | "too-many-elements" | "encoding";

const FAULT_TEXT: Readonly<Record<GuacamoleFault, string>> = {
  length: "an element's length is not a plain number",
  terminator: "an element does not end where its length says",
  "too-long": "an instruction is longer than 8,192 characters",
  "too-many-elements": "an instruction has more than 128 elements",
  encoding: "an instruction is not valid UTF-8",
};

/** Bytes that are no Guacamole instruction, or elements that fit in none. */
export class GuacamoleError extends Error {
  override readonly name = "GuacamoleError";
  readonly fault: GuacamoleFault;
  constructor(fault: GuacamoleFault) {
    super(FAULT_TEXT[fault]);
    this.fault = fault;
  }
}

export interface Instruction {
  readonly opcode: string;
  /** Decoded when first asked for. */
  readonly args: readonly string[];
  /** As it came, terminator included; a view, valid until the next feed. */
  readonly bytes: Uint8Array;
}

const DOT = 0x2e;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const ZERO = 0x30;
const NINE = 0x39;
/** What `String.fromCharCode` is given at once. */
const UNITS_AT_ONCE = 8192;

/**
 * Cuts a byte stream into instructions. A chunk may end anywhere, inside a character or a length too. Memory is bounded by
 * one instruction. After a fault every further feed throws the same fault.
 */
export class InstructionParser {
  #phase: "length" | "value" | "end" = "length";
  #digits = 0;
  #length = 0;
  /** Characters of the element still to come, and of the instruction so far. */
  #left = 0;
  #characters = 0;
  /** Where each element begins and ends, in bytes from the instruction's first. */
  #bounds: number[] = [];
  readonly #held = new Uint8Array(4 * GUACAMOLE_LIMITS.characters);
  #heldBytes = 0;
  #fault: GuacamoleError | undefined;
  /** UTF-8 character under way: bytes still to come, and what the next may be (Unicode table 3-7). */
  #more = 0;
  #lower = 0x80;
  #upper = 0xbf;

  /** Bytes of an instruction that has begun and not ended. */
  get pendingBytes(): number {
    return this.#heldBytes;
  }

  /** The instructions that end in this chunk. Throws GuacamoleError at the first fault; those before it in the chunk are lost with it. */
  feed(chunk: Uint8Array): readonly Instruction[] {
    if (this.#fault !== undefined) throw this.#fault;
    try {
      return this.#read(chunk);
    } catch (error) {
      if (error instanceof GuacamoleError) this.#fault = error;
      throw error;
    }
  }

  #read(chunk: Uint8Array): readonly Instruction[] {
    const instructions: Instruction[] = [];
    let begin = 0;
    let at = 0;
    while (at < chunk.length) {
      const before = this.#heldBytes - begin;
      if (this.#phase === "value") {
        at = this.#value(chunk, at);
        if (this.#left === 0) this.#endValue(before + at);
      } else if (this.#phase === "length") {
        this.#lengthByte(chunk[at++] ?? 0, before + at);
      } else if (this.#endsInstruction(chunk[at++] ?? 0)) {
        instructions.push(this.#instruction(chunk.subarray(begin, at)));
        begin = at;
      }
    }
    this.#hold(chunk.subarray(begin));
    return instructions;
  }

  /** `next`: where the byte after this one stands in the instruction. */
  #lengthByte(byte: number, next: number): void {
    this.#characters++;
    if (byte === DOT) {
      if (this.#digits === 0) throw new GuacamoleError("length");
      this.#beginValue(next);
      return;
    }
    const leadingZero = this.#digits > 0 && this.#length === 0;
    if (byte < ZERO || byte > NINE || leadingZero) throw new GuacamoleError("length");
    if (++this.#digits > GUACAMOLE_LIMITS.lengthDigits) throw new GuacamoleError("length");
    this.#length = this.#length * 10 + byte - ZERO;
  }

  #beginValue(at: number): void {
    if (this.#bounds.length === 2 * GUACAMOLE_LIMITS.elements) throw new GuacamoleError("too-many-elements");
    this.#characters += this.#length;
    // One more has to follow: the terminator.
    if (this.#characters >= GUACAMOLE_LIMITS.characters) throw new GuacamoleError("too-long");
    this.#bounds.push(at);
    this.#left = this.#length;
    this.#phase = "value";
    if (this.#left === 0) this.#endValue(at);
  }

  #endValue(at: number): void {
    this.#bounds.push(at);
    this.#phase = "end";
  }

  /** Reads characters of the value; answers where it stopped: at the value's end or the chunk's. */
  #value(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && this.#left > 0) {
      if (this.#more === 0) {
        const begin = at;
        const end = Math.min(chunk.length, at + this.#left);
        while (at + 4 <= end && fourAscii(chunk, at)) at += 4;
        while (at < end && (chunk[at] as number) < 0x80) at++;
        this.#left -= at - begin;
        if (at === end) continue;
        this.#beginCharacter(chunk[at++] as number);
      } else this.#continueCharacter(chunk[at++] as number);
    }
    return at;
  }

  #beginCharacter(byte: number): void {
    if (byte < 0xc2 || byte > 0xf4) throw new GuacamoleError("encoding");
    this.#more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#lower = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.#upper = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
  }

  #continueCharacter(byte: number): void {
    if (byte < this.#lower || byte > this.#upper) throw new GuacamoleError("encoding");
    this.#lower = 0x80;
    this.#upper = 0xbf;
    if (--this.#more === 0) this.#left--;
  }

  #endsInstruction(byte: number): boolean {
    if (byte !== COMMA && byte !== SEMICOLON) throw new GuacamoleError("terminator");
    this.#characters++;
    this.#phase = "length";
    this.#digits = 0;
    this.#length = 0;
    return byte === SEMICOLON;
  }

  #instruction(tail: Uint8Array): Instruction {
    let bytes = tail;
    if (this.#heldBytes > 0) {
      this.#hold(tail);
      bytes = this.#held.slice(0, this.#heldBytes);
      this.#heldBytes = 0;
    }
    const instruction = new ParsedInstruction(bytes, this.#bounds, bytes.length === this.#characters);
    this.#bounds = [];
    this.#characters = 0;
    return instruction;
  }

  #hold(bytes: Uint8Array): void {
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes += bytes.length;
  }
}

/** Almost all that comes is ASCII: looking at four bytes at a time takes half as long. */
function fourAscii(bytes: Uint8Array, at: number): boolean {
  const any = (bytes[at] as number) | (bytes[at + 1] as number) | (bytes[at + 2] as number) | (bytes[at + 3] as number);
  return any < 0x80;
}

class ParsedInstruction implements Instruction {
  readonly opcode: string;
  readonly bytes: Uint8Array;
  readonly #bounds: readonly number[];
  readonly #ascii: boolean;
  #args: readonly string[] | undefined;

  constructor(bytes: Uint8Array, bounds: readonly number[], ascii: boolean) {
    this.bytes = bytes;
    this.#bounds = bounds;
    this.#ascii = ascii;
    this.opcode = this.#element(0);
  }

  get args(): readonly string[] {
    this.#args ??= Array.from({ length: this.#bounds.length / 2 - 1 }, (_, at) => this.#element(at + 1));
    return this.#args;
  }

  #element(number: number): string {
    const value = this.bytes.subarray(this.#bounds[2 * number], this.#bounds[2 * number + 1]);
    // A value of one instruction always fits in one call.
    if (this.#ascii && value.length <= UNITS_AT_ONCE)
      return String.fromCharCode.apply(null, value as unknown as number[]);
    return decodeUtf8(value);
  }
}

/**
 * One instruction: opcode, then arguments. A surrogate without its partner counts as one character, as the U+FFFD it becomes in
 * UTF-8. Throws GuacamoleError when it would pass the limits, RangeError without an opcode or with a number that is not finite.
 */
export function encodeInstruction(elements: readonly (string | number)[]): string {
  if (elements.length === 0) throw new RangeError("an instruction has an opcode");
  if (elements.length > GUACAMOLE_LIMITS.elements) throw new GuacamoleError("too-many-elements");
  let characters = 0;
  const written = elements.map((element) => {
    if (typeof element === "number" && !Number.isFinite(element)) throw new RangeError("a number is not finite");
    const value = String(element);
    const length = countCharacters(value);
    const prefix = `${length}.`;
    characters += prefix.length + length + 1;
    return prefix + value;
  });
  if (characters > GUACAMOLE_LIMITS.characters) throw new GuacamoleError("too-long");
  return `${written.join(",")};`;
}

/** `encodeInstruction` as UTF-8. */
export function encodeInstructionBytes(elements: readonly (string | number)[]): Uint8Array {
  return encodeUtf8(encodeInstruction(elements));
}

function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++, count++) {
    if ((text.codePointAt(at) ?? 0) > 0xffff) at++;
  }
  return count;
}
