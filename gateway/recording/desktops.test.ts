import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventType, InstructionParser, encodeInstruction, encodeUtf8 } from "../../recordings/codec/index.js";
import type { BlobReader, BlobStore, ChannelTap, RecordingId } from "../domain/index.js";
import { RecordingRoom, shell } from "../../test/support/recording-room.js";
import { LIVE_BEHIND_BYTES } from "./contract.js";
import { Display } from "./derive/desktop/display.js";
import { PixelBudget } from "./derive/desktop/limits.js";
import { pictureOf } from "./derive/desktop/picture.js";
import { createLibrary } from "./index.js";
import type { Derived, Keyframe, Library } from "./index.js";

const workerUrl = new URL("../../dist/gateway/recording/derive/worker.js", import.meta.url);
const fixture = new URL("./derive/desktop/fixtures/xrdp-terminal.guac.gz", import.meta.url);
const desktop = {
  kind: "desktop",
  detail: "win-01",
  desktop: { width: 800, height: 600, dpi: 96 },
  keepBytes: Infinity,
  beyond: "cut",
} as const;

let room: RecordingRoom;
let library: Library;
let reads: string[];

beforeEach(async () => {
  if (!existsSync(workerUrl)) throw new Error("build first: npx tsc -b gateway/recording");
  room = await new RecordingRoom().start();
  reads = [];
  library = newLibrary();
});
afterEach(async () => {
  await library.close();
  await room.recorder.close();
});

function newLibrary(): Library {
  const { crypto, recorder } = room;
  return createLibrary({ blobs: counted(room.blobs), crypto, workers: 1, workerUrl, recorder, log: room.deps().log });
}

/** Notes each read of a blob. */
function counted(blobs: BlobStore): BlobStore {
  const open = async (name: string): Promise<BlobReader | undefined> => {
    const blob = await blobs.open(name);
    if (blob === undefined) return undefined;
    const read = (at: number, length: number): Promise<Uint8Array> => {
      reads.push(name);
      return blob.read(at, length);
    };
    return { size: blob.size, read, close: () => blob.close() };
  };
  return {
    create: (name) => blobs.create(name),
    reopen: (name, size) => blobs.reopen(name, size),
    open,
    list: (prefix) => blobs.list(prefix),
    remove: (name) => blobs.remove(name),
    health: () => blobs.health(),
  };
}

function instructions(...all: (string | number)[][]): string {
  return all.map(encodeInstruction).join("");
}

function box(
  x: number,
  y: number,
  side: number,
  colour: readonly number[] = [200, 30, 30, 255],
): (string | number)[][] {
  return [
    ["rect", 0, x, y, side, side],
    ["cfill", 14, 0, ...colour],
  ];
}

async function draws(channel: ChannelTap, ...all: (string | number)[][]): Promise<number> {
  return channel.graphics(encodeUtf8(instructions(...all)));
}

const background: (string | number)[][] = [["size", 0, 800, 600], ...box(0, 0, 800, [20, 40, 60, 255]), ["sync", 1]];

/** A picture of noise, of about `bytes` as PNG. */
function noise(bytes: number, seed = 1): string {
  const side = Math.ceil(Math.sqrt(bytes / 3));
  const canvas = createCanvas(side, side);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(side, side);
  let state = seed;
  pixels.data.forEach((_, at) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    pixels.data[at] = at % 4 === 3 ? 255 : (state >>> 16) & 0xff;
  });
  context.putImageData(pixels, 0, 0);
  return canvas.encodeSync("png").toString("base64");
}

async function drawsPicture(channel: ChannelTap, base64: string, x: number, y: number): Promise<void> {
  const all: (string | number)[][] = [["img", 1, 14, 0, "image/png", x, y]];
  for (let at = 0; at < base64.length; at += 8000) all.push(["blob", 1, base64.slice(at, at + 8000)]);
  all.push(["end", 1], ["sync", 2]);
  for (let at = 0; at < all.length; at += 8) await draws(channel, ...all.slice(at, at + 8));
}

async function session(work: (channel: ChannelTap) => Promise<void>): Promise<RecordingId> {
  const { tap, id } = await room.open();
  const channel = await tap.openChannel(desktop);
  await work(channel);
  await channel.close();
  await tap.close("left");
  return id;
}

/** What the instructions leave on an empty display, as one string to compare. */
async function shown(...streams: string[]): Promise<string> {
  const display = new Display(new PixelBudget());
  for (const stream of streams)
    for (const instruction of new InstructionParser().feed(encodeUtf8(stream))) await display.obey(instruction);
  const canvas = pictureOf(display);
  if (canvas === undefined) return "nothing";
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return `${String(width)}x${String(height)} ${Buffer.from(pixels).toString("base64")}`;
}

/** All drawing of a channel from one time to another, as recorded. */
function drawn(id: RecordingId, fromUs: number, toUs: number): string {
  return room
    .events(id)
    .filter(({ type, atUs }) => type === EventType.graphics && atUs >= fromUs && atUs <= toUs)
    .map(({ payload }) => Buffer.from(payload).toString())
    .join("");
}

/** Spoils what was written first, so that only who starts later can read on. */
function spoilBeginning(id: RecordingId, bytes: number): void {
  const content = room.blobs.content(`${id}.ghr`);
  const header = content.readUInt32LE(8) + 12;
  content.fill(0xff, header + 80, header + bytes);
  room.blobs.put(`${id}.ghr`, content);
}

const markersOf = ({ markers }: Derived): string[] => markers.map(({ kind, text }) => `${kind} ${text}`);

describe("keyframes of a desktop", () => {
  test("bring an empty display to any moment of a real one, together with the drawing since", async () => {
    const stream = gunzipSync(readFileSync(fixture));
    const whole = new InstructionParser().feed(stream);
    const id = await session(async (channel) => {
      for (let at = 0; at < whole.length; at += 3) {
        room.advance(1_500);
        await channel.graphics(Buffer.concat(whole.slice(at, at + 3).map(({ bytes }) => bytes)));
      }
    });
    const { keyframes, durationUs, channels } = await library.derived(id);
    expect(channels[0]).toMatchObject({ kind: "desktop", cols: 800, rows: 600 });
    expect(keyframes.length).toBeGreaterThan(3);
    for (const atUs of [1, 2, 3, 4].map((part) => Math.floor((durationUs * part) / 4))) {
      const keyframe = await library.keyframe(id, 1, atUs);
      expect(keyframe).toMatchObject({ cols: 800, rows: 600 });
      for (const { bytes } of new InstructionParser().feed(encodeUtf8(keyframe.state)))
        expect(bytes.length).toBeLessThanOrEqual(8192);
      const since = drawn(id, keyframe.atUs, atUs);
      expect(await shown(keyframe.state, since)).toBe(await shown(drawn(id, 0, atUs)));
    }
  });

  test("come 30 s or 8 MiB apart at frame ends, and none where nothing was drawn", async () => {
    const picture = noise(800_000);
    const id = await session(async (channel) => {
      await draws(channel, ...background);
      for (let n = 0; n < 20; n++) {
        room.advance(10_000);
        // The frame goes on in the next event: no keyframe in between.
        await draws(channel, ...Array.from({ length: 20 }, (_, at) => box(n * 20, at * 20, 15)).flat());
        room.advance(30);
        await draws(channel, ["sync", n]);
      }
      // An idle desktop goes on saying `sync`.
      for (let n = 0; n < 120; n++) {
        room.advance(30_000);
        await draws(channel, ["sync", n]);
      }
      for (let n = 0; n < 30; n++) {
        room.advance(50);
        await drawsPicture(channel, picture, n * 10, 200);
      }
    });
    const { keyframes } = await library.derived(id);
    const early = keyframes.filter(({ atUs }) => atUs < 230_000_000);
    const late = keyframes.filter(({ atUs }) => atUs > 3_700_000_000);
    expect(early.length).toBeGreaterThanOrEqual(6);
    expect(early.length).toBeLessThanOrEqual(8);
    expect(late.length).toBeGreaterThanOrEqual(3);
    expect(late.length).toBeLessThanOrEqual(6);
    // And one of what the last drawing left.
    expect(keyframes.length).toBe(early.length + late.length + 1);
    // The background's end, or just behind a sync.
    for (const { atUs } of early.slice(0, -1)) expect(atUs % 10_030_000).toBe(1);
  });

  test(
    "are found by one read of the directory and one of the keyframe, in eight hours",
    { timeout: 60_000 },
    async () => {
      const id = await session(async (channel) => {
        await draws(channel, ...background);
        for (let n = 0; n < 8 * 120; n++) {
          room.advance(30_000);
          await draws(channel, ...box((n * 13) % 780, (n * 7) % 580, 20, [n % 256, 90, 200, 255]), ["sync", n]);
          // As a node does every ten seconds; each closes a frame.
          await room.recorder.heads();
        }
      });
      await library.derived(id);
      await library.close();
      library = newLibrary();
      const atUs = 5 * 3_600_000_000;
      await library.keyframe(id, 1, 0);
      reads = [];
      const keyframe = await library.keyframe(id, 1, atUs);
      expect(reads.filter((name) => name.endsWith(".derived"))).toHaveLength(1);
      expect(atUs - keyframe.atUs).toBeLessThanOrEqual(120_000_000);
      expect(drawn(id, keyframe.atUs, atUs).length).toBeLessThan(10_000);
      expect(await shown(keyframe.state, drawn(id, keyframe.atUs, atUs))).toBe(await shown(drawn(id, 0, atUs)));
    },
  );
});

describe("the plain instruction stream", () => {
  test("of one desktop shows what it showed, and holds nothing of another channel", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(desktop);
    const other = await tap.openChannel(desktop);
    await draws(channel, ...background, ...box(30, 40, 50), ["sync", 7]);
    await draws(other, ["size", 0, 10, 10], ["sync", 7]);
    await tap.close("left");
    const parts: Uint8Array[] = [];
    for await (const part of library.guac(id, 1)) parts.push(part);
    const whole = drawn(id, 0, Infinity).slice(0, -instructions(["size", 0, 10, 10], ["sync", 7]).length);
    expect(await shown(Buffer.concat(parts).toString())).toBe(await shown(whole));
    expect(Buffer.concat(parts).toString()).not.toContain("2.10");
  });
});

describe("small pictures", () => {
  test("are PNG of at most 240 points, few, sealed, the newest at or before a time", { timeout: 60_000 }, async () => {
    const id = await session(async (channel) => {
      await draws(channel, ...background);
      for (let n = 0; n < 600; n++) {
        room.advance(10_000);
        await draws(channel, ...box((n * 31) % 700, 100, 90, [n % 256, 200, 40, 255]), ["sync", n]);
        await room.recorder.heads();
      }
    });
    const { thumbnails } = await library.derived(id);
    expect(thumbnails.length).toBeGreaterThan(200);
    expect(thumbnails.length).toBeLessThanOrEqual(401);
    const gaps = thumbnails.slice(1).map(({ atUs }, at) => atUs - (thumbnails[at]?.atUs ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000_000);
    const picture = await library.thumbnail(id, 1, 3_000_000_000);
    expect(
      Buffer.from(picture ?? [])
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    const image = await loadImage(Buffer.from(picture ?? []));
    expect([image.width, image.height]).toEqual([240, 180]);
    expect(picture).not.toEqual(await library.thumbnail(id, 1, 5_000_000_000));
    expect(await library.thumbnail(id, 1, 0)).toBeUndefined();
    expect(await library.thumbnail(id, 2, 3_000_000_000)).toBeUndefined();
    expect(room.blobs.content(`${id}.derived`).includes("PNG")).toBe(false);
  });

  test("are made anew for a derived file of an older kind", async () => {
    const id = await session((channel) => draws(channel, ...background).then(() => undefined));
    const first = await library.derived(id);
    const name = `${id}.derived`;
    const old = room.blobs.content(name);
    const sealer = room.crypto.derivedSealer(id, `main:${id}`);
    const offset = Number(old.readBigUInt64LE(old.length - 12));
    const directory = sealer.seal(Buffer.concat([Uint8Array.of(0), encodeUtf8('{"v":1,"summary":{},"keyframes":[]}')]));
    const foot = Buffer.alloc(12);
    foot.writeBigUInt64LE(BigInt(offset));
    foot.writeUInt32LE(directory.length, 8);
    room.blobs.put(name, Buffer.concat([old.subarray(0, offset), directory, foot]));
    await library.close();
    library = newLibrary();
    expect(await library.derived(id)).toEqual(first);
  });
});

describe("the timeline of a desktop", () => {
  test("points at clipboard, files, keys in bursts and watchers, and shows where something went on", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(desktop);
    await draws(channel, ...background);
    room.advance(1_000);
    for (let n = 0; n < 12; n++) {
      room.advance(200);
      await channel.input(new Uint8Array(0), { endsLine: false, secret: true });
    }
    room.advance(20_000);
    await channel.input(new Uint8Array(0), { endsLine: false, secret: true });
    const text = `报告\n${"x".repeat(200)}`;
    const record = { mimetype: "text/plain", text, size: 207, sha256: "00", truncated: false };
    await channel.clipboard({ direction: "copy", ...record });
    await channel.transfer({ direction: "upload", path: "/a.txt", size: 3, sha256: "00", sequential: true });
    await tap.note("watch", { login: "bob", on: true });
    await tap.note("session", { text: "operator is back" });
    room.advance(60_000);
    await channel.close();
    await tap.close("left");
    const derived = await library.derived(id);
    expect(markersOf(derived).sort()).toEqual([
      `clipboard copy · 207 bytes · 报告 ${"x".repeat(77)}`,
      "keys 1 key · until 0:00:23",
      "keys 12 keys · until 0:00:03",
      "note session: operator is back",
      "transfer upload /a.txt",
      "watch bob joined",
    ]);
    expect(derived.markers.map(({ parts }) => parts)).toEqual(
      expect.arrayContaining([
        { keys: 12, untilUs: 3_400_000 },
        { direction: "copy", bytes: 207, text: `报告 ${"x".repeat(77)}` },
        { login: "bob", on: true },
        { note: "session", text: "operator is back" },
      ]),
    );
    expect(derived.activity.filter((bytes) => bytes > 0).length).toBeGreaterThan(5);
    expect(derived.activity[0]).toBeGreaterThan(50);
  });
});

const pngHead = (width: number, height: number): string => {
  const head = Buffer.alloc(33);
  Buffer.from("89504e470d0a1a0a0000000d49484452", "hex").copy(head);
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return head.toString("base64");
};
const many = (count: number, one: (at: number) => (string | number)[]): string =>
  Array.from({ length: count }, (_, at) => encodeInstruction(one(at))).join("");

describe("a hostile target", () => {
  test.each([
    ["a layer wider than any screen", many(1, () => ["size", 1, 8_193, 1])],
    ["layers with more pixels than memory", many(3, (at) => ["size", at + 1, 8_000, 4_000])],
    ["too many layers", many(600, (at) => ["size", at + 1, 1, 1])],
    ["a buffer that grows without end", many(2, (at) => ["rect", -1, at * 9_000, 0, 10, 10])],
    ["an image that claims to be huge", many(1, () => ["png", 14, 0, 0, 0, pngHead(60_000, 60_000)])],
    ["images that never end", many(100, (at) => ["img", at, 14, 0, "image/png", 0, 0])],
    ["a path without end", many(12_000, (at) => ["line", 0, at % 700, at % 500])],
    ["numbers that are none", many(1, () => ["size", "x", "NaN", 3])],
    ["a state saved without end", many(100, () => ["push", 0])],
    ["a layer that hangs on itself", many(2, (at) => ["move", at + 1, 2 - at, 0, 0, 0])],
    ["bytes that are no instructions", "nonsense"],
  ])("with %s loses its pictures, and nobody else does", async (_, attack) => {
    const { tap, id } = await room.open();
    const hostile = await tap.openChannel(desktop);
    const harmless = await tap.openChannel(desktop);
    await draws(harmless, ...background);
    for (let at = 0; at < attack.length;) {
      const end = attack.length - at <= 60_000 ? attack.length : attack.lastIndexOf(";", at + 60_000) + 1;
      await hostile.graphics(encodeUtf8(attack.slice(at, end)));
      at = end;
    }
    room.advance(31_000);
    await draws(harmless, ...box(9, 9, 9), ["sync", 3]);
    await draws(hostile, ...background);
    await tap.close("left");
    const derived = await library.derived(id);
    expect(derived.keyframes.map(({ channel }) => channel)).not.toContain(hostile.number);
    expect(derived.keyframes.map(({ channel }) => channel)).toContain(harmless.number);
    expect(markersOf(derived).some((text) => text.startsWith("note no pictures from here on"))).toBe(true);
    expect(room.logged.some((line) => line.includes("could not be emulated"))).toBe(false);
  });

  test("cannot hand the decoder anything but the three kinds of pictures", async () => {
    const svg = Buffer.from(
      "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>",
    );
    const before = await shown(instructions(...background));
    const drawing = ["png", 14, 0, 0, 0];
    for (const bytes of [svg, Buffer.from("/etc/passwd"), Buffer.from("GIF89a")])
      expect(await shown(instructions(...background, [...drawing, bytes.toString("base64")]))).toBe(before);
  });

  test("that keeps the worker busy loses its pictures before the worker is given up", { timeout: 60_000 }, async () => {
    const { tap, id } = await room.open();
    const hostile = await tap.openChannel(desktop);
    const terminal = await tap.openChannel(shell);
    await draws(hostile, ["size", 0, 8_000, 4_000], ["sync", 1]);
    const copy = encodeInstruction(["transfer", 0, 0, 0, 8_000, 4_000, 6, 0, 0, 0]);
    for (let n = 0; n < 10; n++) await hostile.graphics(encodeUtf8(copy.repeat(1_000)));
    await terminal.output(encodeUtf8("still here\r\n"));
    await tap.close("left");
    const derived = await library.derived(id);
    expect(derived.screen.map(({ text }) => text)).toEqual(["still here"]);
    expect(markersOf(derived)).toContain("note no pictures from here on: drawing takes too long");
  });
});

describe("a live desktop", () => {
  test("is shown to who comes late as it is now, half-done drawing included", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(desktop);
    const picture = noise(3_000);
    await draws(channel, ...background, ...box(50, 50, 100), ["sync", 2], ["rect", 0, 5, 5, 20, 20]);
    await draws(channel, ["img", 4, 14, 0, "image/png", 300, 300], ["blob", 4, picture.slice(0, 2_000)]);
    const [screen] = (await library.liveScreens(id)) as [Keyframe];
    expect(screen).toMatchObject({ channel: 1, cols: 800, rows: 600, atUs: tap.elapsedUs });
    const rest = instructions(["cfill", 14, 0, 0, 255, 0, 255], ["blob", 4, picture.slice(2_000)], ["end", 4]);
    const all = await shown(drawn(id, 0, Infinity), rest);
    expect(await shown(screen.state, rest)).toBe(all);
    expect(await shown(screen.state)).not.toBe(all);
    await tap.close("left");
  });

  test("is followed from where it was, not from its beginning", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(desktop);
    await draws(channel, ...background);
    // Drawn twice it would be further up.
    const scrolls = (): Promise<number> => draws(channel, ["copy", 0, 0, 1, 700, 500, 14, 0, 0, 0], ["sync", 5]);
    for (let n = 0; n < 60; n++) {
      room.advance(1_000);
      await drawsPicture(channel, noise(30_000, n + 1), n * 3, n * 2);
      await scrolls();
    }
    const [first] = (await library.liveScreens(id)) as [Keyframe];
    for (let n = 0; n < 40; n++) {
      room.advance(1_000);
      await drawsPicture(channel, noise(30_000, n + 100), n * 3, 200 + n * 2);
      await scrolls();
    }
    await room.recorder.flush(id);
    const whole = drawn(id, 0, Infinity);
    spoilBeginning(id, 500_000);
    const [second] = (await library.liveScreens(id)) as [Keyframe];
    expect(second.atUs).toBeGreaterThan(first.atUs);
    expect(await shown(second.state)).toBe(await shown(whole));
    await tap.close("left");
  });

  test("that grew is followed in the background; a terminal never is", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(desktop);
    await draws(channel, ...background);
    const pictures = Array.from({ length: 8 }, (_, n) => noise(300_000, n + 1));
    for (let n = 0; n < 160; n++) {
      room.advance(1_000);
      await drawsPicture(channel, pictures[n % 8] ?? "", (n % 40) * 3, (n % 40) * 2);
    }
    const flushed = await room.recorder.flush(id);
    expect(flushed?.bytes).toBeGreaterThan(LIVE_BEHIND_BYTES);
    reads = [];
    library.grew(id, LIVE_BEHIND_BYTES - 1);
    await new Promise((next) => setTimeout(next, 50));
    expect(reads).toEqual([]);
    library.grew(id, flushed?.bytes ?? 0);
    library.grew(id, flushed?.bytes ?? 0);
    await vi.waitFor(() => expect(reads.length).toBeGreaterThan(20), { timeout: 10_000 });
    await library.liveScreens(id);
    spoilBeginning(id, 2_000_000);
    reads = [];
    const [screen] = (await library.liveScreens(id)) as [Keyframe];
    expect(screen.atUs).toBe(tap.elapsedUs);
    expect(reads.length).toBeLessThan(20);
    await tap.close("left");
    const terminal = await room.open();
    await (await terminal.tap.openChannel(shell)).output(encodeUtf8("x"));
    reads = [];
    for (let n = 1; n < 50; n++) {
      library.grew(terminal.id, n * LIVE_BEHIND_BYTES);
      await new Promise((next) => setTimeout(next, 2));
    }
    expect(reads.length).toBeLessThanOrEqual(4);
    await terminal.tap.close("left");
  });

  test("is replayed while it goes on: any moment so far, and then on", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(desktop);
    await draws(channel, ...background);
    const step = async (n: number): Promise<void> => {
      room.advance(20_000);
      await draws(channel, ...box((n * 40) % 700, (n * 30) % 500, 60, [n * 9, 100, 50, 255]), ["sync", n]);
    };
    for (let n = 0; n < 20; n++) await step(n);
    const middleUs = 200_000_000;
    const early = await library.keyframe(id, 1, middleUs);
    expect(early.atUs).toBeGreaterThan(middleUs - 125_000_000);
    expect(await shown(early.state, drawn(id, early.atUs, middleUs))).toBe(await shown(drawn(id, 0, middleUs)));
    expect((await library.derived(id)).keyframes.length).toBeGreaterThanOrEqual(3);
    for (let n = 20; n < 40; n++) await step(n);
    const nowUs = tap.elapsedUs;
    const late = await library.keyframe(id, 1, nowUs + 1);
    expect(await shown(late.state, drawn(id, late.atUs, nowUs))).toBe(await shown(drawn(id, 0, nowUs)));
    expect(await library.keyframe(id, 1, middleUs)).toEqual(early);
    await channel.close();
    await tap.close("left");
    expect((await library.derived(id)).keyframes.length).toBeGreaterThan(5);
  });
});
