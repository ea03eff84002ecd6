import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
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

/** A generator that is the same in each run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Frames of 60 KiB: log lines of words that vary, or lines of base64, which no effort makes much shorter. */
function frames(count: number, kind: "log" | "keys"): Buffer[] {
  const random = dice(3);
  const number = (most: number): string => String(Math.floor(random() * most));
  const words = ["GET", "POST", "/index.html", "/api/v1/items", "200", "404", "upstream", "timeout", "from", "nginx"];
  const word = (): string => words[Math.floor(random() * words.length)] ?? "";
  const key = (): string => Buffer.from(Array.from({ length: 48 }, () => random() * 256)).toString("base64");
  const log = (): string =>
    `2026-11-22T01:${number(60)}:${random().toFixed(3)} 10.0.${number(255)}.${number(255)} ${word()} ${word()} ${word()} ${number(1e5)}`;
  return Array.from({ length: count }, () => {
    let text = "";
    while (text.length < 60 * 1024) text += `${kind === "log" ? log() : key()}\r\n`;
    return Buffer.from(text.slice(0, 60 * 1024));
  });
}

/** Packs with a clock that moves by `us` for each look at it; answers the sizes. */
function sizes(plain: readonly Buffer[], us: number): number[] {
  let now = 0;
  const own = new FrameCompressor({ now: () => 0, monotonicUs: () => (now += us) });
  return plain.map((one) => {
    const { text } = own.pack(one, undefined, false);
    expect(Buffer.from(unpack(text, one.length)).equals(one)).toBe(true);
    return text.length;
  });
}

const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);

test("at leisure every frame of log lines is careful, in a flood most are quick, within 1.12 of gzip -6", () => {
  const plain = frames(48, "log");
  const gzip = gzipSync(Buffer.concat(plain), { level: 6 }).length;
  const leisure = sizes(plain, 0);
  const flood = sizes(plain, 40_000);
  expect(sum(leisure)).toBeLessThan(1.06 * gzip);
  expect(sum(flood)).toBeLessThan(1.12 * gzip);
  const careful = flood.filter((size, at) => size === leisure[at]).length;
  expect(careful).toBeGreaterThan(2);
  expect(careful).toBeLessThan(24);
});

test("careful compression rests where it gained nothing, and is tried again later", () => {
  const logs = frames(8, "log");
  const careful = sizes(logs, 0);
  const keys = Array(100).fill(frames(1, "keys")).flat();
  const soon = sizes([...keys, ...logs], 0).slice(-8);
  const later = sizes([...keys, ...frames(40, "log"), ...logs], 0).slice(-8);
  for (const [at, size] of careful.entries()) expect(soon[at]).toBeGreaterThan(size);
  expect(later).toEqual(careful);
});
