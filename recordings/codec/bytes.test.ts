import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32c, equal, fromBase64, getU32, getU64, setU32, setU64, toBase64, toHex } from "./bytes.js";

describe("bytes", () => {
  it("keep any number below 2^53 as u64 and any below 2^32 as u32", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 0xffff_ffff }), (large, small) => {
        const bytes = new Uint8Array(12);
        setU64(bytes, 0, large);
        setU32(bytes, 8, small);
        expect(Buffer.from(bytes).readBigUInt64LE(0)).toBe(BigInt(large));
        expect([getU64(bytes, 0), getU32(bytes, 8)]).toEqual([large, small]);
      }),
    );
  });

  it("answer nothing for a u64 from 2^53 on", () => {
    expect(getU64(Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0), 0)).toBeUndefined();
    expect(getU64(new Uint8Array(8).fill(255), 0)).toBeUndefined();
  });

  it("are the same base64 and hex as Node's", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      }),
    );
  });

  it.each(["a", "aaa", "aa=a", "=aaa", "aa-_", "aaaa=", "ab==", "abd=", "aa==aaaa", "====", "a b="])(
    "refuse %j as base64",
    (text) => {
      expect(fromBase64(text)).toBeUndefined();
    },
  );

  it("give the check value of CRC-32C and of RFC 3720's thirty-two zeros", () => {
    expect(crc32c(Uint8Array.from(Buffer.from("123456789")))).toBe(0xe306_9283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
  });

  it("compare by length and content", () => {
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  });
});
