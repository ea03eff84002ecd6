import { afterEach, beforeEach, describe, expect, it } from "vitest";
import net from "node:net";
import { createFakeBroker, fakeActor, UUID, type FakeBroker } from "../../test/support/fake-broker-http.js";
import { openDoor, type TestDoor } from "../../test/support/http-door.js";
import { connectPeer, type LivePeer } from "../../test/support/live-peer.js";
import type { Broker, PlacedNotice, SessionUseCases } from "../broker/index.js";
import { asId, done, refused, type TapEvent } from "../domain/index.js";
import { BACKLOG_MAX_BYTES } from "./backlog.js";
import { createLive, type Live } from "./index.js";
import { SEAT_LIMITS } from "./seat.js";

const SESSION = "01900000-0000-7000-8000-00000000abcd";
const START = { session: { id: SESSION }, channels: [] };
type Listener = Parameters<SessionUseCases["watch"]>[2];

interface Bench {
  readonly fake: FakeBroker;
  readonly test: TestDoor;
  readonly live: Live;
  readonly port: number;
  /** Listeners of running watches, as the broker holds them. */
  readonly watched: Listener[];
  readonly stopped: string[];
}

let bench: Bench;
const peers: LivePeer[] = [];

async function join(cookie: string | undefined, headers?: Record<string, string>): Promise<LivePeer> {
  const peer = await connectPeer(bench.port, cookie, headers);
  peers.push(peer);
  return peer;
}

const output = (bytes: Uint8Array): TapEvent => ({ type: "output", channel: 0, atUs: 1, bytes, stderr: false });
const until = async (check: () => boolean): Promise<void> => {
  for (let tries = 0; !check(); tries += 1) {
    if (tries > 1_000) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const notice = (more: Partial<PlacedNotice["audience"]>): PlacedNotice => ({
  topic: "requests",
  id: "r1",
  audience: { personIds: [], roles: [], powers: [], unitIds: null, ...more },
});

beforeEach(async () => {
  const watched: Listener[] = [];
  const stopped: string[] = [];
  const fake = createFakeBroker({
    sessions: {
      watch: async (actor, id, listener) => {
        if (actor.power !== "audit") return refused("not-found");
        watched.push(listener);
        return done({ stop: () => stopped.push(id), catchUp: START as never });
      },
    },
  });
  fake.people.set("audit", fakeActor("audit", "audit", []));
  fake.people.set("operator", fakeActor("operator", null, ["operator"]));
  fake.people.set("approver", fakeActor("approver", null, ["approver"]));
  const test = await openDoor(fake.broker);
  const live = createLive({
    broker: fake.broker,
    log: (level, message, detail = {}) => test.lines.push({ level, message, detail }),
  });
  test.door.registerUpgrade("/live", live.handleUpgrade);
  const { port } = await test.door.listen();
  bench = { fake, test, live, port, watched, stopped };
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  await bench.live.close();
  await bench.test.door.close();
});

describe("who is let in", () => {
  it("refuses nobody, a dead cookie, a foreign origin and no origin at all", async () => {
    await expect(join(undefined)).rejects.toThrow();
    await expect(join("stolen")).rejects.toThrow();
    await expect(join("audit", { origin: "http://evil.example" })).rejects.toThrow();
    await expect(join("audit", {})).rejects.toThrow();
    await expect(join("audit")).resolves.toBeDefined();
  });

  it("cannot be entered by polling, an old protocol or another connection's sid", async () => {
    const ask = (query: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = net.connect(bench.port, "127.0.0.1");
        let text = "";
        socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
        socket.on("close", () => resolve(text));
        socket.write(
          `GET /live/?${query} HTTP/1.1\r\nHost: x\r\nOrigin: http://localhost:8080\r\nCookie: gatehouse=audit\r\n` +
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
      });
    const peer = await join("audit");
    const sid = String((peer.socket.io.engine as unknown as { id: string }).id);
    expect(sid.length).toBeGreaterThan(5);
    for (const query of [
      "EIO=4&transport=polling",
      "EIO=3&transport=websocket",
      `EIO=4&transport=websocket&sid=${sid}`,
      "",
      "%%%",
    ]) {
      expect(await ask(query), query).toMatch(/^HTTP\/1.1 400 /);
    }
    expect(peer.socket.connected).toBe(true);
  });

  it("ends when the person signs out", async () => {
    const peer = await join("audit");
    await bench.test.door.app.inject({
      method: "DELETE",
      url: "/api/v1/auth/session",
      headers: { "x-gatehouse": "1", cookie: "gatehouse=audit" },
    });
    await until(() => !peer.socket.connected);
  });
});

describe("notices", () => {
  it("reach those they are for, without their content, and nobody else", async () => {
    const [approver, operator] = [await join("approver"), await join("operator")];
    bench.fake.notify(notice({ roles: ["approver"] }));
    expect(await approver.hears("notice")).toEqual({ topic: "requests", id: "r1" });
    bench.fake.notify({ ...notice({ personIds: [asId("person-operator")] }), id: "r2" });
    expect(await operator.hears("notice")).toEqual({ topic: "requests", id: "r2" });
    expect(approver.heard).toHaveLength(1);
    expect(operator.heard).toHaveLength(1);
  });

  it("reach no one whose units are others, and no one while nobody can say", async () => {
    const peer = await join("approver");
    bench.fake.notify(notice({ roles: ["approver"], unitIds: [asId("elsewhere")] }));
    const { broker } = bench.fake as { broker: Pick<Broker, "mayHear"> };
    const said = broker.mayHear.bind(broker);
    broker.mayHear = () => Promise.reject(new Error("away"));
    bench.fake.notify({ ...notice({ roles: ["approver"] }), id: "unsaid" });
    await until(() => bench.test.lines.some(({ message }) => message.includes("units could not be looked up")));
    broker.mayHear = said;
    bench.fake.notify({ ...notice({ roles: ["approver"], unitIds: [asId(UUID)] }), id: "later" });
    await peer.hears("notice", (message: { id: string }) => message.id === "later");
    expect(peer.heard).toHaveLength(1);
  });

  it("no longer reach someone whose role was just taken", async () => {
    const peer = await join("approver");
    bench.fake.people.set("approver", fakeActor("approver", null, []));
    bench.fake.notify(notice({ roles: ["approver"] }));
    bench.fake.people.set("approver", fakeActor("approver", null, ["approver"]));
    bench.fake.notify({ ...notice({ personIds: [asId("person-approver")] }), id: "later" });
    await peer.hears("notice", (message: { id: string }) => message.id === "later");
    expect(peer.heard).toHaveLength(1);
  });
});

describe("a watch", () => {
  it("begins with the screen and carries output as bytes, in order", async () => {
    const peer = await join("audit");
    expect(await peer.watch({ sessionId: SESSION })).toEqual({ ok: true, start: START });
    bench.watched[0]?.(output(Uint8Array.of(0, 255, 27)));
    bench.watched[0]?.({ type: "resize", channel: 0, atUs: 2, cols: 80, rows: 24 });
    await peer.hears("watch:event", (message: { event: TapEvent }) => message.event.type === "resize");
    const [first] = peer.heard as { message: { sessionId: string; event: { bytes: Buffer } } }[];
    expect(first?.message.sessionId).toBe(SESSION);
    expect([...(first?.message.event.bytes ?? [])]).toEqual([0, 255, 27]);
  });

  it("keeps what happens before the first picture for after it", async () => {
    const peer = await join("audit");
    const { sessions } = bench.fake.broker;
    const watch = sessions.watch.bind(sessions);
    (sessions as { watch: SessionUseCases["watch"] }).watch = async (actor, id, listener) => {
      listener(output(Uint8Array.of(1)));
      return watch(actor, id, listener);
    };
    expect(await peer.watch({ sessionId: SESSION })).toMatchObject({ ok: true });
    await peer.hears("watch:event");
  });

  it("is refused to another operator as if the session did not exist", async () => {
    const peer = await join("operator");
    expect(await peer.watch({ sessionId: SESSION })).toEqual({ ok: false, code: "not-found" });
  });

  it("is refused to an auditor whose power was just taken, and ends for one whose power goes meanwhile", async () => {
    const [late, early] = [await join("audit"), await join("audit")];
    expect(await early.watch({ sessionId: SESSION })).toMatchObject({ ok: true });
    bench.fake.people.set("audit", fakeActor("audit", null, []));
    expect(await late.watch({ sessionId: SESSION })).toEqual({ ok: false, code: "not-found" });
    const from = Date.now();
    expect(await early.hears("watch:ended")).toEqual({ sessionId: SESSION, because: "no-right" });
    expect(Date.now() - from).toBeLessThan(2_000);
    expect(bench.stopped).toEqual([SESSION]);
  });

  it("ends within two seconds, with the connection, when the person is disabled", async () => {
    const peer = await join("audit");
    await peer.watch({ sessionId: SESSION });
    bench.fake.people.delete("audit");
    const from = Date.now();
    await until(() => !peer.socket.connected);
    expect(Date.now() - from).toBeLessThan(2_000);
    expect(bench.stopped).toEqual([SESSION]);
  });

  it("ends when nobody can say any more who the watcher is", async () => {
    const peer = await join("audit");
    await peer.watch({ sessionId: SESSION });
    (bench.fake.broker.identity as { refresh: unknown }).refresh = () => Promise.reject(new Error("away"));
    await until(() => !peer.socket.connected);
    expect(bench.stopped).toEqual([SESSION]);
    expect(bench.test.lines.filter(({ message }) => message.includes("could not be looked up"))).toHaveLength(1);
  });

  it("ends with the session, and stops at the broker when the peer leaves or asks", async () => {
    const peer = await join("audit");
    await peer.watch({ sessionId: SESSION });
    bench.watched[0]?.({ type: "ended", because: "revoked" });
    expect(await peer.hears("watch:ended")).toEqual({ sessionId: SESSION, because: "revoked" });
    await peer.watch({ sessionId: SESSION });
    peer.socket.emit("unwatch", { sessionId: SESSION });
    await peer.hears("watch:ended", (message: { because: string }) => message.because === "unwatched");
    await peer.watch({ sessionId: SESSION });
    peer.close();
    await until(() => bench.stopped.length === 3);
  });

  it("is cut for a peer that does not read, while the session's own call returns at once", async () => {
    const peer = await join("audit");
    await peer.watch({ sessionId: SESSION });
    const engine = peer.socket.io.engine as unknown as { transport: { ws: { _socket: net.Socket } } };
    engine.transport.ws._socket.pause();
    const chunk = new Uint8Array(65_536);
    let sent = 0;
    while (bench.stopped.length === 0 && sent < 20 * BACKLOG_MAX_BYTES) {
      const from = performance.now();
      bench.watched[0]?.(output(chunk));
      expect(performance.now() - from).toBeLessThan(500);
      sent += chunk.length;
      if (sent % (1 << 20) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(bench.stopped).toEqual([SESSION]);
    engine.transport.ws._socket.resume();
    expect(await peer.hears("watch:ended")).toEqual({ sessionId: SESSION, because: "too-slow" });
  });
});

describe("odd messages", () => {
  it("are refused without an effect", async () => {
    const peer = await join("audit");
    const odd = [
      null,
      1,
      "x",
      [],
      {},
      { sessionId: 1 },
      { sessionId: "../../etc" },
      { sessionId: `${SESSION}\0` },
      { sessionId: SESSION, more: 1 },
    ];
    for (const input of odd)
      expect(await peer.watch(input), JSON.stringify(input)).toEqual({ ok: false, code: "invalid-input" });
    peer.socket.emit("watch", { sessionId: SESSION });
    peer.socket.emit("unwatch", "nonsense");
    peer.socket.emit("drop tables");
    expect(await peer.watch({ sessionId: SESSION })).toMatchObject({ ok: true });
    expect(await peer.watch({ sessionId: SESSION })).toEqual({ ok: false, code: "conflict" });
    expect(bench.watched).toHaveLength(1);
  });

  it("are not answered when they are pings, whose answers a peer that does not read would leave in memory", async () => {
    const socket = net.connect(bench.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(
      "GET /live/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
        "Origin: http://localhost:8080\r\nCookie: gatehouse=audit\r\n\r\n",
    );
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    const zeros = [0, 0, 0, 0];
    socket.write(Buffer.from([0x81, 0x82, ...zeros, 0x34, 0x30]));
    const pings = Buffer.concat(Array<Buffer>(1_000).fill(Buffer.from([0x89, 0xfd, ...zeros, ...Buffer.alloc(125)])));
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 2_500 && !socket.destroyed; count += 1) {
      if (!socket.write(pings)) await Promise.race([new Promise((next) => socket.once("drain", next)), pause(500)]);
    }
    const grown = process.memoryUsage().rss - before;
    socket.destroy();
    expect(grown).toBeLessThan(150 * 1024 * 1024);
  }, 30_000);

  it("end the connection when they are many or large", async () => {
    const flood = await join("audit");
    for (let count = 0; count <= SEAT_LIMITS.messagesPerTick; count += 1) flood.socket.emit("unwatch", {});
    await until(() => !flood.socket.connected);
    const large = await join("audit");
    large.socket.emit("watch", { sessionId: "x".repeat(1 << 20) }, () => undefined);
    await until(() => !large.socket.connected);
  });

  it("allow four watches at once and no fifth", async () => {
    const peer = await join("audit");
    for (let count = 0; count < SEAT_LIMITS.watches; count += 1) {
      expect(await peer.watch({ sessionId: SESSION.slice(0, -1) + String(count) })).toMatchObject({ ok: true });
    }
    expect(await peer.watch({ sessionId: SESSION })).toEqual({ ok: false, code: "too-many-sessions" });
  });
});
