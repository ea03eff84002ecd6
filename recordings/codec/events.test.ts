import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "./bytes.js";
import { decodeEvents, encodeEvent } from "./events.js";
import { FormatError } from "./types.js";

const event = fc.record({
  type: fc.nat({ max: 255 }),
  channel: fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat()),
  dtUs: fc.nat({ max: 2 ** 31 }),
  payload: fc.uint8Array({ maxLength: 300 }),
});

describe("events", () => {
  it("come back in order with absolute times", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.nat(), (events, startUs) => {
        const timed = events.map((e, at) => ({ ...e, dtUs: at === 0 ? 0 : e.dtUs }));
        const plain = concat(timed.map((e) => encodeEvent(e.type, e.channel, e.dtUs, e.payload)));
        let atUs = startUs;
        const wanted = timed.map(({ type, channel, dtUs, payload }) => ({
          type,
          channel,
          payload,
          atUs: (atUs += dtUs),
        }));
        expect(decodeEvents(plain, startUs)).toEqual(wanted);
      }),
    );
  });

  it("throw nothing but FormatError for any bytes, and what is taken is encoded the same way again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (plain) => {
        try {
          let before = 0;
          const again = decodeEvents(plain, 0).map((e) => {
            const bytes = encodeEvent(e.type, e.channel, e.atUs - before, e.payload);
            before = e.atUs;
            return bytes;
          });
          expect(concat(again)).toEqual(plain);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("are refused cut at any byte", () => {
    const plain = encodeEvent(1, 300, 0, Uint8Array.of(1, 2, 3));
    for (let at = 1; at < plain.length; at++) expect(() => decodeEvents(plain.subarray(0, at), 0)).toThrow(FormatError);
  });

  it.each([
    ["a first event later than its frame", [1, 0, 1, 0]],
    ["a number not in its shortest form", [1, 0x80, 0, 0, 0]],
    ["a number beyond 2^53", [1, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0]],
    ["a number of exactly 2^53", [1, 128, 128, 128, 128, 128, 128, 128, 16, 0, 0]],
    ["a length beyond the frame", [1, 0, 0, 1]],
    ["a length of 2^49", [1, 0, 0, 128, 128, 128, 128, 128, 128, 128, 1]],
  ])("are refused with %s", (_, bytes) => {
    expect(() => decodeEvents(Uint8Array.from(bytes), 0)).toThrow(FormatError);
  });

  it("are refused when a payload is over 65,536 bytes", () => {
    expect(() => encodeEvent(1, 0, 0, new Uint8Array(65_537))).toThrow(RangeError);
    const over = concat([Uint8Array.of(1, 0, 0, 0x81, 0x80, 0x04), new Uint8Array(65_537)]);
    expect(() => decodeEvents(over, 0)).toThrow(FormatError);
    expect(decodeEvents(encodeEvent(1, 0, 0, new Uint8Array(65_536)), 0)).toHaveLength(1);
  });

  it("are refused when their time passes 2^53", () => {
    expect(() =>
      decodeEvents(
        concat([encodeEvent(1, 0, 0, new Uint8Array()), encodeEvent(1, 0, 2, new Uint8Array())]),
        Number.MAX_SAFE_INTEGER - 1,
      ),
    ).toThrow(FormatError);
  });

  it.each([-1, 1.5, 256])("are not written with type %d", (type) => {
    expect(() => encodeEvent(type, 0, 0, new Uint8Array())).toThrow(RangeError);
  });

  it("are not written with a channel or time that is no whole number", () => {
    expect(() => encodeEvent(1, -1, 0, new Uint8Array())).toThrow(RangeError);
    expect(() => encodeEvent(1, 0, 0.5, new Uint8Array())).toThrow(RangeError);
    expect(() => encodeEvent(1, 2 ** 53, 0, new Uint8Array())).toThrow(RangeError);
  });
});
