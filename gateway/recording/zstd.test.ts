import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { FrameCompressor, unpack } from "./zstd.js";

const compressor = new FrameCompressor({ now: () => 0, monotonicUs: () => 1_000 * performance.now() });
const blob = (): string => `4.blob,1.1,8064.${randomBytes(6_048).toString("base64")};`;
const pictures = Buffer.from(Array.from({ length: 7 }, blob).join(""));

test("a frame of drawing keeps three quarters of its base64 and comes back", () => {
  const { text, compressed, continued } = compressor.pack(pictures, undefined, true);
  expect({ compressed, continued }).toEqual({ compressed: true, continued: false });
  expect(text.length).toBeLessThan(0.77 * pictures.length);
  expect(Buffer.from(unpack(text, pictures.length)).equals(pictures)).toBe(true);
});

test("what would not be shorter stays as it is", () => {
  const noise = randomBytes(20_000);
  const { text, compressed } = compressor.pack(noise, undefined, true);
  expect(compressed).toBe(false);
  expect(text).toBe(noise);
});

test("nothing longer than its head says is unpacked", () => {
  const { text } = compressor.pack(Buffer.alloc(60_000, "a"), undefined, false);
  const bomb = Uint8Array.from(text);
  expect(() => unpack(bomb, 59_999)).toThrow();
  expect(unpack(bomb, 60_000)).toHaveLength(60_000);
});
