import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHead, encodeHead, makeNonce } from "./head.js";
import { FRAME_BODY_MAX, FormatError } from "./types.js";
import type { RecordHead } from "./types.js";

const FRAME: RecordHead = {
  kind: 1,
  stream: 1,
  flags: 1,
  firstEvent: 7,
  eventCount: 3,
  timeUs: 123_456_789_012,
  plainLen: 500,
  bodyLen: 300,
  nonce: makeNonce(0, 1, 42),
};
const CLOSING: RecordHead = {
  kind: 2,
  stream: 0,
  flags: 0,
  firstEvent: 0,
  eventCount: 0,
  timeUs: 5,
  plainLen: 100,
  bodyLen: 164,
  nonce: new Uint8Array(12),
};

describe("record head", () => {
  it("comes back from its 40 bytes, at any offset", () => {
    for (const head of [FRAME, CLOSING]) {
      const bytes = encodeHead(head);
      expect(bytes).toHaveLength(40);
      expect(decodeHead(bytes)).toEqual(head);
      expect(decodeHead(Buffer.concat([Buffer.alloc(9), bytes]), 9)).toEqual(head);
    }
  });

  it("lays the fields out as FORMAT.md §2 says", () => {
    expect(Buffer.from(encodeHead(FRAME)).toString("hex")).toBe(
      "01010100" +
        "07000000" +
        "03000000" +
        "141a99be1c000000" +
        "f4010000" +
        "2c010000" +
        "00010000" +
        "2a00000000000000",
    );
  });

  it.each<[string, Partial<RecordHead>]>([
    ["unknown kind", { kind: 0 }],
    ["kind that is no byte", { kind: 257 }],
    ["unknown stream", { stream: 2 }],
    ["reserved flag", { flags: 9 }],
    ["continued alone", { flags: 2 }],
    ["flag beyond 16 bits", { flags: 0x1_0001 }],
    ["dictionary alone", { flags: 4 }],
    ["no events", { eventCount: 0 }],
    ["event number over u32", { firstEvent: 0xffff_ffff }],
    ["more events than bytes", { eventCount: 126 }],
    ["too much plaintext", { plainLen: 65_601 }],
    ["too much body", { bodyLen: FRAME_BODY_MAX + 1 }],
    ["no room for a tag", { bodyLen: 16 }],
    ["uncompressed with another length", { flags: 0, bodyLen: 515 }],
    ["time beyond 2^53", { timeUs: 2 ** 53 }],
    ["negative time", { timeUs: -1 }],
    ["fraction", { firstEvent: 1.5 }],
    ["nonce of the other stream", { nonce: makeNonce(0, 0, 42) }],
    ["short nonce", { nonce: new Uint8Array(11) }],
    ["unknown origin", { nonce: Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }],
    ["closing record with flags", { ...CLOSING, flags: 1 }],
    ["closing record with a nonce", { ...CLOSING, nonce: makeNonce(1, 0, 0) }],
    ["closing record with events", { ...CLOSING, eventCount: 1 }],
    ["closing record of another length", { ...CLOSING, bodyLen: 163 }],
    ["closing record over its bound", { ...CLOSING, plainLen: 4_194_305, bodyLen: 4_194_369 }],
  ])("is refused: %s", (_, change) => {
    expect(() => encodeHead({ ...FRAME, ...change })).toThrow(FormatError);
  });

  it("throws nothing but FormatError for any bytes, and never declares more than the bounds", () => {
    const nearly = fc.tuple(fc.nat({ max: 39 }), fc.nat({ max: 255 })).map(([at, value]) => {
      const bytes = encodeHead(FRAME);
      bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        try {
          const head = decodeHead(bytes);
          expect(head.bodyLen).toBeLessThanOrEqual(head.kind === 1 ? FRAME_BODY_MAX : 4_194_368);
          expect(Buffer.from(encodeHead(head))).toEqual(Buffer.from(bytes.subarray(0, 40)));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("nonce", () => {
  it("is origin, stream, two zeros and a 64-bit counter", () => {
    expect(Buffer.from(makeNonce(1, 1, 0xffff_ffff_ffff_fffen)).toString("hex")).toBe("01010000feffffffffffffff");
    expect(Buffer.from(makeNonce(0, 1, 2 ** 40)).toString("hex")).toBe("00010000" + "0000000000010000");
  });

  it("refuses a counter that would repeat by wrapping", () => {
    expect(() => makeNonce(0, 0, 1n << 64n)).toThrow(RangeError);
    expect(() => makeNonce(0, 0, -1)).toThrow(RangeError);
  });
});
