/** Watching desktops: large first pictures, drawing as bytes, several watchers, and nothing that goes the other way. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type net from "node:net";
import { createFakeBroker, fakeActor, type FakeBroker } from "../../test/support/fake-broker-http.js";
import { openDoor, type TestDoor } from "../../test/support/http-door.js";
import { connectPeer, type LivePeer } from "../../test/support/live-peer.js";
import type { SessionUseCases } from "../broker/index.js";
import { done, type TapEvent } from "../domain/index.js";
import { BACKLOG_MAX_BYTES, PICTURES_MAX_BYTES } from "./backlog.js";
import { createLive, type Live } from "./index.js";

const SESSION = "01900000-0000-7000-8000-00000000abcd";
const OTHER = "01900000-0000-7000-8000-00000000abce";
const MIB = 1024 * 1024;
type Listener = Parameters<SessionUseCases["watch"]>[2];

interface Bench {
  readonly fake: FakeBroker;
  readonly test: TestDoor;
  readonly live: Live;
  readonly port: number;
  readonly watched: Listener[];
  readonly stopped: number[];
  /** The first picture the next watch gets. */
  picture: string;
  /** What happens while that picture is made. */
  meanwhile: (listener: Listener) => void;
}

let bench: Bench;
const peers: LivePeer[] = [];

async function join(cookie: string): Promise<LivePeer> {
  const peer = await connectPeer(bench.port, cookie);
  peers.push(peer);
  return peer;
}
const rawOf = (peer: LivePeer): net.Socket =>
  (peer.socket.io.engine as unknown as { transport: { ws: { _socket: net.Socket } } }).transport.ws._socket;
const graphics = (bytes: Uint8Array, atUs = 1): TapEvent => ({ type: "graphics", channel: 1, atUs, bytes });
const until = async (check: () => boolean): Promise<void> => {
  for (let tries = 0; !check(); tries += 1) {
    if (tries > 1_000) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const screenOf = (answer: { readonly start?: unknown }): string =>
  (answer.start as { channels: { screen: string }[] }).channels[0]?.screen ?? "";

beforeEach(async () => {
  const watched: Listener[] = [];
  const stopped: number[] = [];
  const fake = createFakeBroker({
    sessions: {
      watch: async (_actor, id, listener) => {
        bench.meanwhile(listener);
        const at = watched.push(listener) - 1;
        const desktop = { channel: 1, kind: "desktop", detail: "", cols: 1_280, rows: 800, pty: false };
        const catchUp = { session: { id }, channels: [{ ...desktop, screen: bench.picture }] };
        return done({ stop: () => stopped.push(at), catchUp: catchUp as never });
      },
    },
  });
  fake.people.set("audit", fakeActor("audit", "audit", []));
  fake.people.set("approver", fakeActor("approver", null, ["approver"]));
  const test = await openDoor(fake.broker);
  const live = createLive({
    broker: fake.broker,
    log: (level, message, detail = {}) => test.lines.push({ level, message, detail }),
  });
  test.door.registerUpgrade("/live", live.handleUpgrade);
  const { port } = await test.door.listen();
  bench = { fake, test, live, port, watched, stopped, picture: "4.size,1.0,4.1280,3.800;", meanwhile: () => undefined };
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  await bench.live.close();
  await bench.test.door.close();
});

describe("a watched desktop", () => {
  it("begins with its picture, then carries drawing as bytes, the pointer, and that something was copied, in order", async () => {
    const peer = await join("audit");
    expect(screenOf(await peer.watch({ sessionId: SESSION }))).toBe(bench.picture);
    const drawing = Buffer.from("4.sync,5.12345;4.name,2.网关,0.;");
    // The recorder may use its buffer again at once.
    const lent = Uint8Array.from(drawing);
    bench.watched[0]?.(graphics(lent));
    lent.fill(0);
    bench.watched[0]?.({ type: "pointer", channel: 1, atUs: 2, x: 640, y: 400, mask: 1 });
    bench.watched[0]?.({ type: "clipboard", channel: 1, atUs: 3, direction: "copy", size: 12 });
    await peer.hears("watch:event", ({ event }: { event: TapEvent }) => event.type === "clipboard");
    const events = peer.heard.map(({ message }) => (message as { event: TapEvent }).event);
    expect(events.map(({ type }) => type)).toEqual(["graphics", "pointer", "clipboard"]);
    const [drawn, ...rest] = events;
    if (drawn?.type !== "graphics") throw new Error("nothing was drawn");
    expect(Buffer.from(drawn.bytes)).toEqual(drawing);
    expect(rest).toEqual([
      { type: "pointer", channel: 1, atUs: 2, x: 640, y: 400, mask: 1 },
      { type: "clipboard", channel: 1, atUs: 3, direction: "copy", size: 12 },
    ]);
  });

  it("never shows what was copied, even if an event carried it", async () => {
    const peer = await join("audit");
    await peer.watch({ sessionId: SESSION });
    const event = { type: "clipboard", channel: 1, atUs: 3, direction: "paste", size: 6, text: "secret" } as const;
    bench.watched[0]?.(event);
    await peer.hears("watch:event");
    expect(JSON.stringify(peer.heard)).not.toContain("secret");
  });

  it("is watched by several at once, each from the picture of his own arrival; one who leaves takes nobody along", async () => {
    const [early, late] = [await join("audit"), await join("approver")];
    bench.picture = "first";
    expect(screenOf(await early.watch({ sessionId: SESSION }))).toBe("first");
    bench.watched[0]?.(graphics(Buffer.from("one")));
    bench.picture = "second";
    expect(screenOf(await late.watch({ sessionId: SESSION }))).toBe("second");
    for (const listener of bench.watched) listener(graphics(Buffer.from("two"), 2));
    const atTwo = ({ event }: { event: TapEvent }) => event.atUs === 2;
    await early.hears("watch:event", atTwo);
    await late.hears("watch:event", atTwo);
    expect([early.heard.length, late.heard.length]).toEqual([2, 1]);
    early.close();
    await until(() => bench.stopped.length === 1);
    bench.watched[1]?.(graphics(Buffer.from("three"), 3));
    await late.hears("watch:event", ({ event }: { event: TapEvent }) => event.atUs === 3);
    for (const listener of bench.watched) listener({ type: "ended", because: "stopped" });
    expect(await late.hears("watch:ended")).toEqual({ sessionId: SESSION, because: "stopped" });
  });

  it("may begin with a picture larger than the backlog, and goes on from there", async () => {
    const peer = await join("audit");
    bench.picture = "x".repeat(2 * BACKLOG_MAX_BYTES);
    bench.meanwhile = (listener) => listener(graphics(new Uint8Array(65_536)));
    expect(screenOf(await peer.watch({ sessionId: SESSION }))).toHaveLength(bench.picture.length);
    bench.watched[0]?.(graphics(new Uint8Array(65_536), 2));
    await peer.hears("watch:event", ({ event }: { event: TapEvent }) => event.atUs === 2);
    expect(bench.stopped).toEqual([]);
  });

  it("does not begin when pictures under way are too many, and stops at the broker", async () => {
    const peer = await join("audit");
    bench.picture = "x".repeat(PICTURES_MAX_BYTES);
    expect(await peer.watch({ sessionId: SESSION })).toEqual({ ok: false, code: "too-many-sessions" });
    expect(bench.stopped).toEqual([0]);
    rawOf(peer).pause();
    bench.picture = "x".repeat(PICTURES_MAX_BYTES / 2);
    void peer.watch({ sessionId: SESSION });
    const second = peer.watch({ sessionId: OTHER });
    await until(() => bench.stopped.length === 2);
    rawOf(peer).resume();
    expect(await second).toEqual({ ok: false, code: "too-many-sessions" });
    // What was taken makes room again.
    expect(await peer.watch({ sessionId: OTHER })).toMatchObject({ ok: true });
  });

  it("is cut for a watcher who does not read his first picture or what follows, while the desktop's own call returns at once", async () => {
    const peer = await join("audit");
    bench.picture = "x".repeat(4 * MIB);
    rawOf(peer).pause();
    const started = peer.watch({ sessionId: SESSION });
    await until(() => bench.watched.length === 1);
    const chunk = new Uint8Array(65_536);
    let sent = 0;
    while (bench.stopped.length === 0 && sent < 20 * BACKLOG_MAX_BYTES) {
      const from = performance.now();
      bench.watched[0]?.(graphics(chunk));
      expect(performance.now() - from).toBeLessThan(500);
      sent += chunk.length;
      if (sent % MIB === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(4 * BACKLOG_MAX_BYTES);
    expect(bench.stopped).toEqual([0]);
    rawOf(peer).resume();
    expect(await started).toMatchObject({ ok: true });
    expect(await peer.hears("watch:ended")).toEqual({ sessionId: SESSION, because: "too-slow" });
  });

  it("is cut when more is drawn before the first picture than a watcher may be behind, and nothing more is kept for it", async () => {
    const peer = await join("audit");
    const chunk = new Uint8Array(65_536);
    const most = BACKLOG_MAX_BYTES / chunk.length;
    let looked = 0;
    const drawn = (): TapEvent => ({
      type: "graphics",
      channel: 1,
      atUs: 1,
      get bytes() {
        looked += 1;
        return chunk;
      },
    });
    bench.meanwhile = (listener) => {
      for (let count = 0; count < 4 * most; count += 1) listener(drawn());
    };
    expect(await peer.watch({ sessionId: SESSION })).toMatchObject({ ok: true });
    expect(await peer.hears("watch:ended")).toEqual({ sessionId: SESSION, because: "too-slow" });
    expect(bench.stopped).toEqual([0]);
    // Once for its size and twice for the copy.
    expect(looked).toBeLessThanOrEqual(3 * most);
  });
});

describe("a watcher", () => {
  it("sends nothing to the desktop: keys, pointer, clipboard and drawing reach nobody and are not answered", async () => {
    const peer = await join("audit");
    await peer.watch({ sessionId: SESSION });
    const before = bench.fake.calls.length;
    const answered: string[] = [];
    const tries: [string, unknown][] = [
      ["key", { sessionId: SESSION, keysym: 65, pressed: true }],
      ["mouse", { sessionId: SESSION, x: 1, y: 1, mask: 1 }],
      ["input", Buffer.from("3.key,2.65,1.1;")],
      ["clipboard", { sessionId: SESSION, text: "paste" }],
      ["watch:event", { sessionId: SESSION, event: { type: "graphics", channel: 1, atUs: 1, bytes: "x" } }],
      ["stop", { sessionId: SESSION, reason: "now" }],
      ["message", "3.key,2.65,1.1;"],
    ];
    for (const [event, message] of tries) peer.socket.emit(event, message, () => answered.push(event));
    bench.watched[0]?.(graphics(Buffer.from("after")));
    await peer.hears("watch:event");
    expect(await peer.watch({ sessionId: OTHER })).toMatchObject({ ok: true });
    expect(answered).toEqual([]);
    expect(bench.fake.calls.slice(before)).toEqual([]);
    expect(peer.heard).toHaveLength(1);
    expect(bench.stopped).toEqual([]);
  });
});
