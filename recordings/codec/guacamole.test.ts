import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  GUACAMOLE_LIMITS,
  GuacamoleError,
  InstructionParser,
  encodeInstruction,
  encodeInstructionBytes,
} from "./guacamole.js";
import { concat } from "./bytes.js";
import { encodeUtf8 } from "./utf8.js";

type Read = readonly (readonly string[])[];

/** Elements of all instructions in `chunks`, and their bytes. */
function read(chunks: Iterable<Uint8Array>): { elements: Read; bytes: Uint8Array; pending: number } {
  const parser = new InstructionParser();
  const elements: (readonly string[])[] = [];
  const bytes: Uint8Array[] = [];
  for (const chunk of chunks)
    for (const instruction of parser.feed(chunk)) {
      elements.push([instruction.opcode, ...instruction.args]);
      bytes.push(Uint8Array.from(instruction.bytes));
    }
  return { elements, bytes: concat(bytes), pending: parser.pendingBytes };
}

const STREAM: Read = [
  ["", "ping", "1790000000000"],
  ["size", "0", "1024", "768"],
  ["name", "三 11月 😀 e\u0301"],
  ["img", "1", "15", "0", "image/png", "0", "0"],
  ["blob", "1", "iVBORw0KGgo="],
  ["clipboard", "2", "", "a,b;c.d"],
  ["sync", "12345"],
];
const STREAM_BYTES = concat(STREAM.map((elements) => encodeInstructionBytes(elements)));

const character = fc.constantFrom("a", "7", ".", ",", ";", "\0", "é", "三", "\uffff", "😀", "\u{10ffff}");
const instruction = fc.array(fc.string({ unit: character, maxLength: 12 }), { minLength: 1, maxLength: 6 });

function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe("Guacamole instructions", () => {
  it("are read whole, byte by byte and split at every byte", () => {
    const wanted = { elements: STREAM, bytes: STREAM_BYTES, pending: 0 };
    expect(read([STREAM_BYTES])).toEqual(wanted);
    expect(read([...STREAM_BYTES].map((byte) => Uint8Array.of(byte)))).toEqual(wanted);
    for (let at = 0; at <= STREAM_BYTES.length; at++)
      expect(read([STREAM_BYTES.subarray(0, at), STREAM_BYTES.subarray(at)])).toEqual(wanted);
  });

  it("come back as they were encoded, wherever the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(instruction, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 9 }), (stream, cuts) => {
        const bytes = concat(stream.map((elements) => encodeInstructionBytes(elements)));
        expect(read(pieces(bytes, cuts))).toEqual({ elements: stream, bytes, pending: 0 });
      }),
      { numRuns: 1000 },
    );
  });

  it("are lent as views of the chunk, and as a copy when they began before it", () => {
    const parser = new InstructionParser();
    const [whole] = parser.feed(STREAM_BYTES.subarray(0, 27));
    expect(whole?.bytes.buffer).toBe(STREAM_BYTES.buffer);
    parser.feed(STREAM_BYTES.subarray(27, 30));
    const [begun] = parser.feed(STREAM_BYTES.subarray(30));
    parser.feed(encodeUtf8("9.unfinish"));
    expect(begun?.args).toEqual(["0", "1024", "768"]);
  });

  it("tell how much of an unfinished one is held", () => {
    const parser = new InstructionParser();
    parser.feed(encodeUtf8("4.sync,1.7;3.n"));
    expect(parser.pendingBytes).toBe(3);
    parser.feed(encodeUtf8("op;"));
    expect(parser.pendingBytes).toBe(0);
  });

  it("count a surrogate without its partner as the character it becomes", () => {
    expect(encodeInstruction(["a\ud800b", "\udc00😀"])).toBe("3.a\ud800b,2.\udc00😀;");
    expect(read([encodeInstructionBytes(["a\ud800b"])]).elements).toEqual([["a\ufffdb"]]);
  });
});

describe("limits", () => {
  const longest = GUACAMOLE_LIMITS.characters - "4.blob,8179.;".length;

  it("let the longest instruction pass and refuse one character more, both ways", () => {
    for (const unit of ["x", "三", "😀"]) {
      const bytes = encodeInstructionBytes(["blob", unit.repeat(longest)]);
      expect(read([bytes]).elements[0]?.[1]?.length).toBe(longest * unit.length);
      expect(read([...bytes].map((byte) => Uint8Array.of(byte))).bytes).toEqual(bytes);
      expect(() => encodeInstruction(["blob", unit.repeat(longest + 1)])).toThrow(new GuacamoleError("too-long"));
      const over = encodeUtf8(`4.blob,${String(longest + 1)}.${unit.repeat(longest + 1)};`);
      expect(() => read([over])).toThrow(new GuacamoleError("too-long"));
    }
  });

  it("let 128 elements pass and refuse 129, both ways", () => {
    const most = Array.from({ length: GUACAMOLE_LIMITS.elements }, (_, at) => String(at));
    expect(read([encodeInstructionBytes(most)]).elements).toEqual([most]);
    expect(() => encodeInstruction([...most, ""])).toThrow(new GuacamoleError("too-many-elements"));
    const over = encodeUtf8(`${encodeInstruction(most).slice(0, -1)},0.;`);
    expect(() => read([over])).toThrow(new GuacamoleError("too-many-elements"));
  });

  it("refuse a long length before a byte of the value came", () => {
    expect(() => new InstructionParser().feed(encodeUtf8("4.blob,9999."))).toThrow(new GuacamoleError("too-long"));
  });

  it("refuse to encode nothing and numbers that are none", () => {
    expect(() => encodeInstruction([])).toThrow(RangeError);
    for (const number of [NaN, Infinity, -Infinity])
      expect(() => encodeInstruction(["mouse", number])).toThrow(RangeError);
    expect(encodeInstruction(["mouse", 10, -3, 0.5])).toBe("5.mouse,2.10,2.-3,3.0.5;");
  });
});

describe("after a fault", () => {
  it("the parser refuses everything, with the same fault", () => {
    const parser = new InstructionParser();
    expect(() => parser.feed(encodeUtf8("x"))).toThrow(new GuacamoleError("length"));
    expect(() => parser.feed(encodeUtf8("3.nop;"))).toThrow(new GuacamoleError("length"));
  });
});
