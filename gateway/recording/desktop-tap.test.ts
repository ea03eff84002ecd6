import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EventType, InstructionParser, decodeJson, encodeInstruction } from "../../recordings/codec/index.js";
import { RecordingRoom, desktop, payloads } from "../../test/support/recording-room.js";
import { CLIPBOARD_TEXT_LONGEST } from "../domain/index.js";
import type { ChannelTap, ClipboardRecord, RecordingId, TapEvent } from "../domain/index.js";
import { recover } from "./index.js";

let room: RecordingRoom;
beforeEach(async () => {
  room = await new RecordingRoom().start();
});
afterEach(async () => {
  await room.recorder.close();
});

/** One frame of the target's: an image of about `bytes`, and its `sync`. */
function frame(bytes: number, atMs = 0): Buffer {
  const picture = randomBytes(Math.ceil((bytes * 3) / 4)).toString("base64");
  const blobs = picture.match(/.{1,8064}/g) ?? [];
  const head = encodeInstruction(["img", 1, 15, 0, "image/png", 0, 0]);
  const body = blobs.map((blob) => encodeInstruction(["blob", 1, blob])).join("");
  return Buffer.from(`${head}${body}${encodeInstruction(["end", 1])}${encodeInstruction(["sync", atMs])}`);
}

const copied: ClipboardRecord = {
  direction: "copy",
  mimetype: "text/plain",
  text: "secret 三",
  size: 10,
  sha256: "ab",
  truncated: false,
};
const key = Buffer.from(encodeInstruction(["key", 65, 1]));

async function openDesktop(): Promise<{
  channel: ChannelTap;
  id: RecordingId;
  seen: TapEvent[];
  close: () => Promise<void>;
}> {
  const { tap, id } = await room.open();
  const seen: TapEvent[] = [];
  tap.watch((event) => seen.push(event));
  return { channel: await tap.openChannel(desktop), id, seen, close: () => tap.close("left") };
}

function ofType(id: RecordingId, type: number): Uint8Array[] {
  return room.events(id).flatMap((event) => (event.type === type ? [event.payload] : []));
}

describe("a desktop's channel", () => {
  test("begins with its size and keeps drawing in order, each call with its time", async () => {
    const { channel, id, seen, close } = await openDesktop();
    const frames = [frame(100), frame(40_000), frame(20), frame(60_000)];
    const times = await Promise.all(frames.map((bytes) => (room.advance(10), channel.graphics(bytes))));
    await channel.close();
    await close();
    expect(await room.verify(id)).toMatchObject({ verdict: "complete" });
    expect(decodeJson(ofType(id, EventType.channelOpen)[0] as Uint8Array)).toEqual({
      kind: "desktop",
      detail: "",
      desktop: desktop.desktop,
    });
    const drawn = room.events(id).filter(({ type }) => type === EventType.graphics);
    expect(drawn.map(({ payload }) => Buffer.from(payload))).toEqual(frames);
    expect(drawn.map(({ atUs }) => atUs)).toEqual(times);
    expect(seen.map(({ type }) => type)).toEqual(["channel-opened", ...frames.map(() => "graphics"), "channel-closed"]);
    expect(seen[0]).toMatchObject({ kind: "desktop", cols: 1280, rows: 800, pty: false });
    expect(channel.counters).toMatchObject({ bytesOut: frames.reduce((sum, { length }) => sum + length, 0) });
  });

  test("is sealed once where it is more than a caret's, and accepted when the container was written", async () => {
    const { channel, close } = await openDesktop();
    const { appends } = room.journal;
    const gates: (() => void)[] = [];
    room.blobs.beforeAppend = () => new Promise<void>((resolve) => gates.push(resolve));
    let accepted = false;
    const drawing = channel.graphics(frame(6_000)).then(() => (accepted = true));
    await expect.poll(() => gates.length).toBe(1);
    expect({ accepted, inJournal: room.journal.appends - appends }).toEqual({ accepted: false, inJournal: 0 });
    room.blobs.beforeAppend = () => undefined;
    gates[0]?.();
    await drawing;
    await channel.graphics(frame(20));
    expect(room.journal.appends - appends).toBe(1);
    await close();
  });

  test("keeps every drawing in one event of whole instructions, however the frames fill", async () => {
    const { channel, id, close } = await openDesktop();
    const sizes = [64_000, 3_000, 50_000, 12_000, 9_000, 30_000, 2_000, 60_000];
    for (const size of sizes) await channel.graphics(frame(size));
    await close();
    const drawn = ofType(id, EventType.graphics);
    expect(drawn).toHaveLength(sizes.length);
    for (const bytes of drawn) expect(new InstructionParser().feed(bytes).at(-1)?.opcode).toBe("sync");
  });

  test("takes an event of 65,536 bytes, and not one byte more", async () => {
    const { channel, id, close } = await openDesktop();
    await channel.graphics(Buffer.from("3.nop;"));
    const longest = randomBytes(65_536);
    await channel.graphics(longest);
    await expect(channel.graphics(randomBytes(65_537))).rejects.toMatchObject({ code: "internal" });
    await close();
    expect(await room.verify(id)).toMatchObject({ verdict: "complete" });
    expect(Buffer.from(ofType(id, EventType.graphics)[1] as Uint8Array).equals(longest)).toBe(true);
  });

  test("is kept whole, whatever bound was asked for", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel({ ...desktop, keepBytes: 10, beyond: "digest" });
    await channel.graphics(frame(5_000));
    expect(await channel.close()).toBe("recorded");
    await tap.close("left");
    expect(payloads(room.events(id), EventType.graphics).length).toBeGreaterThan(5_000);
  });
});

describe("the operator's part", () => {
  test("keys leave a mark each, and no byte unless they are kept", async () => {
    const { channel, id, close } = await openDesktop();
    await channel.input(key, { endsLine: false, secret: true });
    await channel.input(key, { endsLine: true, secret: true });
    await channel.input(key, { endsLine: false, secret: false });
    await close();
    expect(ofType(id, EventType.inputMark).map((mark) => [...mark])).toEqual([[2], [3], [0]]);
    expect(payloads(room.events(id, 1), EventType.input).equals(key)).toBe(true);
    expect(room.events(id).some(({ payload }) => Buffer.from(payload).includes("3.key"))).toBe(false);
  });

  test("a pointer that moves a lot is thinned, clicks are not, and where it rests is kept", async () => {
    const { channel, id, seen, close } = await openDesktop();
    for (let x = 0; x < 250; x++) {
      room.advance(4);
      await channel.pointer(x, 700, x === 101 ? 1 : 0);
    }
    await expect.poll(() => seen.at(-1)).toMatchObject({ type: "pointer", x: 249, y: 700, mask: 0 });
    await channel.pointer(-5, 1e9, 256 + 4);
    await close();
    const places = ofType(id, EventType.pointer).map((bytes) => {
      const [a = 0, b = 0, c = 0, d = 0, mask] = bytes;
      return [a | (b << 8), c | (d << 8), mask];
    });
    expect(places.length).toBeLessThanOrEqual(24);
    expect(places).toContainEqual([101, 700, 1]);
    expect(places).toContainEqual([102, 700, 0]);
    expect(places.at(-1)).toEqual([0, 65_535, 4]);
    expect(seen.filter(({ type }) => type === "pointer")).toHaveLength(places.length);
  });

  test("a pointer's last place is written when the channel closes before the pause", async () => {
    const { channel, id, close } = await openDesktop();
    await channel.pointer(1, 1, 0);
    await channel.pointer(2, 2, 0);
    await channel.close();
    await close();
    expect(ofType(id, EventType.pointer)).toHaveLength(2);
    expect(
      room
        .events(id)
        .map(({ type }) => type)
        .slice(-2),
    ).toEqual([EventType.pointer, EventType.channelClose]);
  });

  test("a clipboard's text is kept, and watchers learn that it passed, not what", async () => {
    const { channel, id, seen, close } = await openDesktop();
    await channel.clipboard(copied);
    await close();
    expect(ofType(id, EventType.clipboard).map(decodeJson)).toEqual([copied]);
    expect(JSON.stringify(seen)).not.toContain("secret");
    expect(seen.at(-1)).toMatchObject({ type: "clipboard", direction: "copy", size: 10 });
  });

  test("a clipboard's text is cut at a whole character, says so, and stays one event at its longest", async () => {
    const { channel, id, close } = await openDesktop();
    const texts = ["\u0001".repeat(20_000), `x${"😀".repeat(20_000)}`, "a".repeat(CLIPBOARD_TEXT_LONGEST)];
    for (const text of texts) {
      await channel.graphics(frame(30_000));
      await channel.clipboard({ ...copied, text, mimetype: "\u0001".repeat(9_000) });
    }
    await close();
    const records = ofType(id, EventType.clipboard).map((bytes) => decodeJson(bytes) as ClipboardRecord);
    expect(records.map(({ text }) => text.length)).toEqual([8_192, 8_191, 8_192]);
    expect(records.map(({ truncated }) => truncated)).toEqual([true, true, false]);
    expect(records.every(({ text, mimetype }) => text.isWellFormed() && mimetype.length === 256)).toBe(true);
  });

  test("nothing passes once the channel is closed", async () => {
    const { channel, close } = await openDesktop();
    await channel.close();
    const closed = { code: "internal" };
    await expect(channel.graphics(frame(10))).rejects.toMatchObject(closed);
    await expect(channel.pointer(1, 1, 0)).rejects.toMatchObject(closed);
    await expect(channel.clipboard(copied)).rejects.toMatchObject(closed);
    await close();
  });
});

describe("when recording cannot go on", () => {
  for (const where of ["journal", "container"] as const) {
    test(`a full disk under the ${where} refuses drawing, pointer and clipboard, and ends the session`, async () => {
      const { tap } = await room.open();
      const fired: string[] = [];
      tap.onFailure((because) => fired.push(because));
      const channel = await tap.openChannel(desktop);
      await channel.pointer(1, 1, 0);
      await channel.pointer(2, 2, 0);
      const full = () => Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
      if (where === "journal") room.journal.beforeAppend = full;
      else room.blobs.beforeAppend = full;
      const refused = { code: "recorder-failed" };
      await expect(channel.graphics(frame(where === "journal" ? 10 : 60_000))).rejects.toMatchObject(refused);
      await expect(channel.pointer(9, 9, 1)).rejects.toMatchObject(refused);
      await expect(channel.clipboard(copied)).rejects.toMatchObject(refused);
      await new Promise((resolve) => setTimeout(resolve, 80));
      expect(fired).toEqual(["recorder-failed"]);
      await tap.close("recorder-failed");
    });
  }

  test("a desktop that draws past the quota ends by it and is closed in order", async () => {
    await room.recorder.close();
    room.quotas = { ...room.quotas, sessionBytes: 200_000 };
    await room.start();
    const { tap, id } = await room.open();
    const fired: string[] = [];
    tap.onFailure((because) => fired.push(because));
    const channel = await tap.openChannel(desktop);
    await channel.pointer(1, 1, 0);
    await channel.pointer(2, 2, 0);
    let tried = 0;
    const flood = async (): Promise<void> => {
      for (; ; tried++) await channel.graphics(frame(50_000));
    };
    await expect(flood()).rejects.toMatchObject({ code: "recorder-failed" });
    await expect(channel.graphics(frame(100))).rejects.toMatchObject({ code: "recorder-failed" });
    await expect(channel.clipboard(copied)).rejects.toMatchObject({ code: "recorder-failed" });
    await expect(channel.pointer(3, 3, 1)).rejects.toMatchObject({ code: "recorder-failed" });
    expect(fired).toEqual(["quota"]);
    await tap.note("session", { ended: "quota" });
    await channel.close();
    await tap.close("quota");
    expect(await room.verify(id)).toMatchObject({ verdict: "complete", closing: { because: "quota" } });
    expect(ofType(id, EventType.graphics).length).toBeLessThanOrEqual(tried + 1);
    expect(ofType(id, EventType.clipboard)).toEqual([]);
  });

  test("a disk that fails under the place of rest, for which nobody waits, ends the session alone", async () => {
    const { channel, close } = await openDesktop();
    await channel.pointer(1, 1, 0);
    await channel.pointer(2, 2, 0);
    room.journal.beforeAppend = () => Promise.reject(new Error("EIO"));
    await expect.poll(() => room.logged.join(), { timeout: 2_000 }).toContain("recorder-failed");
    await expect(channel.pointer(3, 3, 1)).rejects.toMatchObject({ code: "recorder-failed" });
    await close();
  });

  test("a kill loses nothing that was accepted, in quiet and in busy moments", async () => {
    const { channel, id } = await openDesktop();
    const shown = [frame(200), frame(300), frame(50_000), frame(40_000), frame(100), frame(150)];
    for (const bytes of shown) {
      room.advance(100);
      await channel.pointer(bytes.length % 1000, 5, 0);
      await channel.graphics(bytes);
    }
    await channel.clipboard(copied);
    room.blobs = room.blobs.copy();
    room.journal = room.journal.copy();
    await recover(room.deps(), [id]);
    expect(await room.verify(id)).toMatchObject({ verdict: "recovered" });
    expect(payloads(room.events(id), EventType.graphics).equals(Buffer.concat(shown))).toBe(true);
    expect(ofType(id, EventType.pointer)).toHaveLength(shown.length);
    expect(ofType(id, EventType.clipboard)).toHaveLength(1);
  });
});
