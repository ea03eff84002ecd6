import canonicalize from "canonicalize";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeJson, encodeJson } from "./json.js";
import { FormatError } from "./types.js";

describe("canonical JSON", () => {
  it("is what an RFC 8785 implementation writes, and reads back", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const bytes = encodeJson(value);
        expect(Buffer.from(bytes).toString("utf8")).toBe(canonicalize(value));
        expect(decodeJson(bytes)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("sorts members by UTF-16 code units, numbers too, and leaves undefined out", () => {
    const value = { "10": 1, "2": 2, é: 3, z: 4, "😀": 5, "\ufb33": 6, gone: undefined };
    expect(Buffer.from(encodeJson(value)).toString()).toBe('{"10":1,"2":2,"z":4,"é":3,"😀":5,"\ufb33":6}');
  });

  it.each([Number.NaN, Infinity, 1n, () => 1, Symbol("s")])("has no form for %s", (value) => {
    expect(() => encodeJson({ value })).toThrow(TypeError);
  });

  it("throws FormatError for bytes that are no JSON or no UTF-8", () => {
    for (const bytes of [[], [0x7b], [0x22, 0xff, 0x22], [0x31, 0x20, 0x31]]) {
      expect(() => decodeJson(Uint8Array.from(bytes))).toThrow(FormatError);
    }
  });
});
