import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "./types.js";
import { Utf8Stream, decodeUtf8, encodeUtf8 } from "./utf8.js";

const ragged = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc2, 0xc3, 0xe0, 0xa0, 0xed, 0xef, 0xf0, 0x90, 0xf4, 0x8f, 0xff), {
      maxLength: 24,
    })
    .map((bytes) => Uint8Array.from(bytes)),
);

describe("UTF-8", () => {
  it("encodes as the platform does, lone surrogates included", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "é", "三", "😀", "\ud800", "\udc00", "\0") }), (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
      }),
    );
  });

  it("decodes strictly what it encoded and throws FormatError for the rest", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const reference = (bytes: Uint8Array): string | undefined => {
      try {
        return strict.decode(bytes);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(ragged, (bytes) => {
        const text = reference(bytes);
        if (text === undefined) expect(() => decodeUtf8(bytes)).toThrow(FormatError);
        else expect(decodeUtf8(bytes)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it("mends a stream as the platform's decoder does, split at every byte", () => {
    fc.assert(
      fc.property(ragged, (bytes) => {
        const wanted = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
        for (let at = 0; at <= bytes.length; at++) {
          const stream = new Utf8Stream();
          expect(stream.push(bytes.subarray(0, at)) + stream.push(bytes.subarray(at)) + stream.end()).toBe(wanted);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps long text whole", () => {
    const text = "界😀".repeat(10_000);
    expect(new Utf8Stream().push(encodeUtf8(text))).toBe(text);
  });
});
