import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EventType, decodeJson } from "../../recordings/codec/index.js";
import { RecordingRoom, payloads, shell } from "../../test/support/recording-room.js";
import { ChannelCut } from "../domain/index.js";

let room: RecordingRoom;
beforeEach(async () => {
  room = await new RecordingRoom().start();
});
afterEach(async () => {
  await room.recorder.close();
});

const plainInput = { endsLine: false, secret: false };
const execBound = (keepBytes: number, beyond: "digest" | "cut") =>
  ({ kind: "exec", detail: "cat", keepBytes, beyond }) as const;

describe("a recording", () => {
  test("holds what passed, in order, and verifies as complete", async () => {
    const { tap, id, finished } = await room.open();
    const channel = await tap.openChannel(shell);
    room.advance(5);
    await channel.output(Buffer.from("hello "));
    await channel.input(Buffer.from("l"), plainInput);
    await channel.resize(100, 30);
    await channel.output(Buffer.from("world"), true);
    await channel.exit({ code: 3 });
    expect(await channel.close()).toBe("recorded");
    await tap.close("left");
    const verdict = await room.verify(id);
    expect(verdict).toMatchObject({ verdict: "complete", closing: { because: "left" } });
    expect(await finished).toMatchObject({ because: "left", complete: true });
    expect(room.events(id).map((event) => event.type)).toEqual([0, 4, 1, 7, 3, 2, 6, 5]);
    expect(payloads(room.events(id), EventType.output).toString()).toBe("hello ");
    expect(payloads(room.events(id, 1), EventType.input).toString()).toBe("l");
    const times = room.events(id).map((event) => event.atUs);
    expect(times.every((at, index) => index === 0 || at > (times[index - 1] ?? 0))).toBe(true);
  });

  test("keeps bulk output of any chunk size byte for byte", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(shell);
    const sent: Buffer[] = [];
    for (const size of [1, 65_535, 65_536, 65_537, 200_000, 16_383, 16_384, 0, 7]) {
      const bytes = randomBytes(size);
      sent.push(bytes);
      await channel.output(bytes);
    }
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => (sent.push(Buffer.alloc(900, n)), channel.output(sent.at(-1) as Buffer))),
    );
    await tap.close("left");
    expect(await room.verify(id)).toMatchObject({ verdict: "complete" });
    expect(payloads(room.events(id), EventType.output).equals(Buffer.concat(sent))).toBe(true);
  });

  test("accepts nothing before journal or container were written, and in order", async () => {
    const { tap } = await room.open();
    const channel = await tap.openChannel(shell);
    const gates: (() => void)[] = [];
    room.journal.beforeAppend = () => new Promise<void>((resolve) => gates.push(resolve));
    const order: number[] = [];
    const first = channel.output(Buffer.from("a")).then(() => order.push(1));
    await expect.poll(() => gates).toHaveLength(1);
    const second = channel.output(Buffer.alloc(40_000, "b")).then(() => order.push(2));
    const third = channel.output(Buffer.from("c")).then(() => order.push(3));
    expect(gates).toHaveLength(1);
    expect(order).toEqual([]);
    room.journal.beforeAppend = () => undefined;
    await new Promise((resolve) => setTimeout(resolve, 20));
    gates[0]?.();
    await Promise.all([first, second, third]);
    expect(order).toEqual([1, 2, 3]);
  });

  test("lets the journal take nothing that stands behind an unfinished container write", async () => {
    const { tap } = await room.open();
    const channel = await tap.openChannel(shell);
    let release: () => void = () => undefined;
    room.blobs.beforeAppend = () => new Promise<void>((resolve) => (release = resolve));
    const order: string[] = [];
    const bulk = channel.output(randomBytes(50_000)).then(() => order.push("bulk"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = room.journal.appends;
    const small = channel.output(Buffer.from("x")).then(() => order.push("small"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect({ journal: room.journal.appends - before, order }).toEqual({ journal: 0, order: [] });
    room.blobs.beforeAppend = () => undefined;
    release();
    await Promise.all([bulk, small]);
    expect(order).toEqual(["bulk", "small"]);
  });

  test("commits many recordings with one journal write", async () => {
    const taps = await Promise.all(Array.from({ length: 50 }, () => room.open()));
    const channels = await Promise.all(taps.map(({ tap }) => tap.openChannel(shell)));
    const before = room.journal.appends;
    await Promise.all(channels.map((channel) => channel.output(Buffer.from("x"))));
    expect(room.journal.appends - before).toBeLessThanOrEqual(2);
  });

  test("numbers twenty channels opened in parallel 1 to 20, and a number is never used again", async () => {
    const { tap, id } = await room.open();
    const channels = await Promise.all(Array.from({ length: 20 }, () => tap.openChannel(shell)));
    expect(channels.map((channel) => channel.number)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    await Promise.all(channels.map((channel) => channel.output(Buffer.from(`out ${String(channel.number)}`))));
    await Promise.all(channels.map((channel) => channel.close()));
    expect((await tap.openChannel(shell)).number).toBe(21);
    await tap.close("left");
    for (let n = 1; n <= 20; n++)
      expect(payloads(room.events(id), EventType.output, n).toString()).toBe(`out ${String(n)}`);
  });
});

describe("input", () => {
  test("never enters the main stream", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(shell);
    await channel.input(Buffer.from("rm -rf"), plainInput);
    await channel.input(Buffer.from("\r"), { endsLine: true, secret: false });
    await tap.close("left");
    const marks = room.events(id).filter((event) => event.type === EventType.inputMark);
    expect(marks.map((event) => [...event.payload])).toEqual([[0], [1]]);
    expect(room.events(id).some((event) => Buffer.from(event.payload).includes("rm -rf"))).toBe(false);
    expect(payloads(room.events(id, 1), EventType.input).toString()).toBe("rm -rf\r");
  });

  test("that is secret leaves two marks whatever its length, and no byte anywhere", async () => {
    const counts: number[] = [];
    for (const secret of ["x", "correct horse battery"]) {
      const { tap, id } = await room.open();
      const channel = await tap.openChannel(shell);
      for (const letter of secret) await channel.input(Buffer.from(letter), { endsLine: false, secret: true });
      await channel.input(Buffer.from("\r"), { endsLine: true, secret: true });
      expect(channel.counters.bytesIn).toBe(0);
      await channel.close();
      await tap.close("left");
      const marks = room.events(id).filter((event) => event.type === EventType.inputMark);
      expect(marks.map((event) => [...event.payload])).toEqual([[2], [3]]);
      expect(room.events(id, 1)).toEqual([]);
      counts.push(room.events(id).length);
    }
    expect(counts[0]).toBe(counts[1]);
  });
});

describe("a channel's bound", () => {
  test("past it bytes are only hashed, and the digests are of all that passed", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(execBound(100_000, "digest"));
    const out = randomBytes(300_000);
    const into = randomBytes(50_000);
    await channel.input(into, plainInput);
    for (let at = 0; at < out.length; at += 30_000) await channel.output(out.subarray(at, at + 30_000));
    expect(channel.counters).toEqual({ bytesIn: 50_000, bytesOut: 300_000, digested: true });
    expect(await channel.close()).toBe("digested");
    await tap.close("left");
    expect(payloads(room.events(id), EventType.output).equals(out.subarray(0, 50_000))).toBe(true);
    const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    const json = (type: number) => decodeJson(payloads(room.events(id), type));
    expect(json(EventType.digest)).toEqual({ keptBytes: 100_000 });
    expect(json(EventType.channelClose)).toEqual({
      outcome: "digested",
      bytesIn: 50_000,
      bytesOut: 300_000,
      sha256In: hash(into),
      sha256Out: hash(out),
    });
  });

  test("that is met exactly is announced with the next byte", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(execBound(4, "digest"));
    await channel.output(Buffer.from("1234"));
    await channel.output(Buffer.from("5"));
    await tap.close("left");
    expect(room.events(id).map((event) => event.type)).toEqual([0, 4, 1, 10]);
  });

  test("texts of a peer's choosing are cut so that each fact stays one event that can be read", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(execBound(10, "digest"));
    const record = { direction: "upload", size: 1, sha256: "00", sequential: true } as const;
    await channel.transfer({ ...record, path: "\u0001".repeat(100_000) });
    await channel.exit({ signal: "\u0001".repeat(100_000), core: false });
    await tap.close("left");
    const facts = room.events(id).filter(({ type }) => type === EventType.transfer || type === EventType.exit);
    expect(facts.map(({ payload }) => decodeJson(payload))).toEqual([
      { ...record, path: "\u0001".repeat(4096) },
      { signal: "\u0001".repeat(64), core: false },
    ]);
  });

  test("a channel to be cut rejects with ChannelCut and records nothing of the chunk", async () => {
    const { tap, id } = await room.open();
    const channel = await tap.openChannel(execBound(10, "cut"));
    await channel.output(Buffer.from("123456789"));
    await expect(channel.output(Buffer.from("ab"))).rejects.toBeInstanceOf(ChannelCut);
    await tap.close("left");
    expect(payloads(room.events(id), EventType.output).toString()).toBe("123456789");
  });
});

describe("failure", () => {
  for (const where of ["journal", "container"] as const) {
    test(`of the ${where}: taps reject, the failure fires once, nothing is accepted afterwards`, async () => {
      const { tap, finished } = await room.open();
      const fired: string[] = [];
      tap.onFailure((because) => fired.push(because));
      const channel = await tap.openChannel(shell);
      const full = () => Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
      if (where === "journal") room.journal.beforeAppend = full;
      else room.blobs.beforeAppend = full;
      const bytes = Buffer.alloc(where === "journal" ? 10 : 100_000, "x");
      await expect(channel.output(bytes)).rejects.toMatchObject({ code: "recorder-failed" });
      room.journal.beforeAppend = () => undefined;
      room.blobs.beforeAppend = () => undefined;
      await expect(channel.output(Buffer.from("later"))).rejects.toMatchObject({ code: "recorder-failed" });
      expect(fired).toEqual(["recorder-failed"]);
      expect(await finished).toMatchObject({ complete: false, because: "recorder-failed" });
      await tap.close("recorder-failed");
    });
  }

  test("of one container leaves other recordings alone, of the journal ends all", async () => {
    const one = await room.open();
    const two = await room.open();
    const [first, second] = [await one.tap.openChannel(shell), await two.tap.openChannel(shell)];
    room.blobs.beforeAppend = (name) => (name.startsWith(one.id) ? Promise.reject(new Error("EIO")) : undefined);
    await expect(first.output(Buffer.alloc(70_000))).rejects.toMatchObject({ code: "recorder-failed" });
    await second.output(Buffer.alloc(70_000));
    room.journal.beforeAppend = () => Promise.reject(new Error("EIO"));
    await expect(second.output(Buffer.from("x"))).rejects.toMatchObject({ code: "recorder-failed" });
  });

  test("refuses to open while free space is under the reserve", async () => {
    room.blobs.freeBytes = 10;
    await expect(room.open()).rejects.toMatchObject({ code: "storage-unavailable" });
    expect(await room.recorder.health()).toEqual({ ok: false, freeBytes: 10 });
  });
});

describe("quotas", () => {
  test("a session that records too much ends by quota and is still closed in order", async () => {
    await room.recorder.close();
    room.quotas = { ...room.quotas, sessionBytes: 200_000 };
    await room.start();
    const { tap, id } = await room.open();
    const other = await (await room.open()).tap.openChannel(shell);
    const fired: string[] = [];
    tap.onFailure((because) => fired.push(because));
    const channel = await tap.openChannel(shell);
    const flood = async (): Promise<void> => {
      for (;;) await channel.output(randomBytes(60_000));
    };
    await expect(flood()).rejects.toMatchObject({ code: "recorder-failed" });
    expect(fired).toEqual(["quota"]);
    await other.output(Buffer.from("still here"));
    await channel.close();
    await tap.close("quota");
    expect(await room.verify(id)).toMatchObject({ verdict: "complete", closing: { because: "quota" } });
  });

  test("below half the reserve the fastest session ends first and the quiet one goes on", async () => {
    const fast = await room.open();
    const slow = await room.open();
    const ended: string[] = [];
    fast.tap.onFailure(() => ended.push("fast"));
    slow.tap.onFailure(() => ended.push("slow"));
    await (await fast.tap.openChannel(shell)).output(randomBytes(500_000));
    const quiet = await slow.tap.openChannel(shell);
    await quiet.output(Buffer.from("x"));
    room.blobs.freeBytes = 100;
    await expect.poll(() => ended, { timeout: 5_000 }).toEqual(["fast"]);
    room.blobs.freeBytes = 1e12;
    await quiet.output(Buffer.from("y"));
  });
});

describe("heads and journal", () => {
  test("heads close open frames and name the chain's newest hash", async () => {
    const { tap, id } = await room.open();
    await (await tap.openChannel(shell)).output(Buffer.from("seen"));
    const heads = await room.recorder.heads();
    const verdict = await room.verify(id);
    expect(verdict).toMatchObject({ verdict: "truncated", headHash: heads[0]?.head });
    expect(payloads(room.events(id), EventType.output).toString()).toBe("seen");
    expect(heads[0]?.bytes).toBe(room.blobs.content(`${id}.ghr`).length);
  });

  test("a journal file goes when its events stand in synced containers", async () => {
    const { tap } = await room.open();
    await (await tap.openChannel(shell)).output(Buffer.from("seen"));
    await room.recorder.heads();
    expect([...room.journal.blobs.keys()]).toHaveLength(1);
    room.advance(60_000);
    await room.recorder.heads();
    await expect.poll(() => [...room.journal.blobs.keys()]).toEqual([]);
    const [container] = [...room.blobs.blobs.values()];
    expect(container?.synced).toBe(container?.length);
  });

  test("what was accepted is on stable storage within a second", async () => {
    const { tap } = await room.open();
    const channel = await tap.openChannel(shell);
    await channel.output(Buffer.from("small"));
    await expect.poll(() => [...room.blobs.blobs.values()][0]?.synced, { timeout: 2_000 }).toBeGreaterThan(0);
    await channel.output(randomBytes(100_000));
    await channel.output(Buffer.from("small again"));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const store of [room.journal, room.blobs])
      for (const blob of store.blobs.values()) expect(blob.synced).toBe(blob.length);
  });
});

describe("watchers", () => {
  test("see accepted events in order, never input, and one that throws is removed", async () => {
    const { tap } = await room.open();
    const seen: string[] = [];
    tap.watch(() => {
      throw new Error("broken watcher");
    });
    const stop = tap.watch((event) =>
      seen.push(event.type === "output" ? Buffer.from(event.bytes).toString() : event.type),
    );
    const channel = await tap.openChannel(shell);
    await channel.input(Buffer.from("typed"), plainInput);
    await channel.output(Buffer.from("one"));
    await channel.output(Buffer.from("two"));
    await channel.close();
    stop();
    await tap.note("alert", { text: "unseen" });
    expect(seen).toEqual(["channel-opened", "one", "two", "channel-closed"]);
    expect(room.logged.filter((line) => line.includes("watcher"))).toHaveLength(1);
  });
});
