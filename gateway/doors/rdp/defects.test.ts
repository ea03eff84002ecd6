/** Each defect of guacamole-lite 1.2.0 that is known, by its number in the list of facts, and that it is none of this door's. */
import { afterEach, expect, test } from "vitest";
import { connect } from "node:net";
import { encodeInstruction } from "../../../recordings/codec/index.js";
import { DEFAULT_LIMITS } from "./limits.js";
import { QUIET, RdpGatewayServer } from "./server.js";
import {
  goodGuacd,
  PASSWORD,
  startDesktopDoor,
  until,
  type Browser,
  type TestDesktopDoor,
} from "../../../test/support/desktop-door.js";

let test_: TestDesktopDoor | undefined;
afterEach(async () => {
  await test_?.stop();
  test_ = undefined;
});
async function start(more: Parameters<typeof startDesktopDoor>[0] = {}): Promise<TestDesktopDoor> {
  return (test_ = await startDesktopDoor(more));
}
const clock = { now: () => 0, monotonicUs: () => 0 };
const makeServer = (): RdpGatewayServer => new RdpGatewayServer({ limits: DEFAULT_LIMITS, clock });

/** An upgrade by hand, with any bytes after it. */
function rawUpgrade(port: number, path: string, headers: readonly string[], then?: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      if (heard === "" && then !== undefined) socket.write(then);
      heard += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(heard));
    const head = ["Host: x", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    socket.write(`GET ${path} HTTP/1.1\r\n${[...head, key, ...headers].join("\r\n")}\r\n\r\n`);
  });
}

test("1, 4, 7: a bad token neither ends the process nor opens guacd; none is read from an address", async () => {
  const house = await start();
  for (const path of ["/desktop?token=x", "/desktop", `/desktop?ticket=${house.broker.ticket()}`])
    expect(await rawUpgrade(house.port, path, [])).toMatch(/^HTTP\/1.1 403 /);
  expect(house.peers).toEqual([]);
  expect(() => makeServer().decryptToken()).toThrow("no tokens");
});

test("2: a malformed WebSocket frame ends that connection alone", async () => {
  const house = await start();
  const other = await house.desktop();
  const offered = `Sec-WebSocket-Protocol: gatehouse.desktop, ticket.${house.broker.ticket()}`;
  const answer = await rawUpgrade(house.port, "/desktop", [offered], Buffer.from([0xff, 0xff, 0xff, 0xff]));
  expect(answer).toMatch(/^HTTP\/1.1 101 /);
  expect(answer).not.toContain("ticket.");
  other.send("", "ping", 1);
  await until("the other's ping", () => other.of("").length === 2);
});

test("3: a character split over two reads of guacd's is whole", async () => {
  const house = await start();
  const browser = await house.desktop();
  const bytes = Buffer.from(encodeInstruction(["set", 0, "name", "网关😀"]) + encodeInstruction(["sync", 2000]));
  for (const byte of bytes) {
    house.guacd().raw(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until("it", () => browser.of("set").length === 1);
  expect(browser.of("set")[0]?.[3]).toBe("网关😀");
});

test("4, 5: what a refused session's browser types goes nowhere, and guacd is never opened", async () => {
  const house = await start();
  house.broker.answer = "too-many-sessions";
  const browser = (await house.connect(house.broker.ticket())) as Browser;
  browser.send("key", 0x61, 1);
  expect((await browser.closed).reason).toBe("797");
  expect(house.peers).toEqual([]);
});

test("6: it logs nothing by itself, whatever it hears", async () => {
  const written: unknown[] = [];
  const { log, error } = console;
  console.log = console.error = (...what: unknown[]) => void written.push(what);
  try {
    const house = await start();
    const browser = await house.desktop();
    browser.send("key", 0x61, 1);
    await until("the key", () => house.guacd().of("key").length === 1);
    house.guacd().socket.destroy();
    await browser.closed;
    expect(written).toEqual([]);
    expect(house.logged.join()).not.toContain(PASSWORD);
    expect(QUIET).toBe(0);
  } finally {
    Object.assign(console, { log, error });
  }
});

test("8: a password beyond ASCII reaches guacd as it is", async () => {
  const house = await start();
  await house.desktop();
  expect(house.guacd().of("connect")[0]).toContain(PASSWORD);
});

test("9: pings are echoed and not forwarded", async () => {
  const house = await start();
  const browser = await house.desktop();
  browser.send("", "ping", 77);
  await until("the echo", () => browser.of("").some((one) => one[2] === "77"));
  expect(house.guacd().of("")).toEqual([]);
});

test("10: errors and close reasons are numbers", async () => {
  const house = await start();
  const browser = await house.desktop();
  house.guacd().say("error", "text", "CLIENT_UNAUTHORIZED");
  expect(Number((await browser.closed).reason)).toBe(512);
  expect(Number(browser.of("error")[0]?.[2])).toBe(512);
});

test("11: neither side is cut for being quiet for ten seconds; guacd's timer is gone", async () => {
  const house = await start({ limits: { silenceMs: 3_000, nopMs: 100 } });
  const browser = await house.desktop();
  const beat = setInterval(() => house.guacd().say("nop"), 100);
  // Its timers read the wall clock; this door's do not.
  const { now } = Date;
  Date.now = () => now() + 20_000;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  Date.now = now;
  clearInterval(beat);
  expect(browser.isClosed()).toBe(false);
});

test("12: nothing is kept for guacd before it is ready, and it is not read while the recorder is behind", async () => {
  const house = await start({ limits: { outwardBytes: 64 * 1024 } });
  await house.desktop();
  house.broker.tapDelayMs = 400;
  const frame = `3.img,1.2,2.14,1.0,9.image/png,1.0,1.0;${`4.blob,1.2,4096.${"A".repeat(4096)};`.repeat(256)}`;
  let went = 0;
  for (let at = 0; at < 24; at++) house.guacd().socket.write(frame, () => (went += 1));
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(went).toBeLessThan(24);
});

test("13: guacd hears disconnect, whoever ends it", async () => {
  const house = await start();
  await house.desktop();
  house.broker.end("expired");
  await until("disconnect", () => house.guacd().of("disconnect").length === 1);
});

test("14, 15: messages sent with the first packet are heard, and nothing of a connection is kept after it", async () => {
  const house = await start();
  const offered = `Sec-WebSocket-Protocol: gatehouse.desktop, ticket.${house.broker.ticket()}`;
  const leave = Buffer.from("10.disconnect;");
  const frame = Buffer.concat([Buffer.from([0x82, 0x80 | leave.length, 0, 0, 0, 0]), leave]);
  await rawUpgrade(house.port, "/desktop", [offered], frame);
  await until("left", () => house.broker.ends.length === 1);
  const server = makeServer();
  expect(server.activeConnections.size).toBe(0);
});

test("16, 17: it takes no signals and no port, and asks no other upgrade to leave", () => {
  const before = [process.listenerCount("SIGTERM"), process.listenerCount("SIGINT")];
  const server = makeServer();
  expect([process.listenerCount("SIGTERM"), process.listenerCount("SIGINT")]).toEqual(before);
  expect(server.webSocketServer.options.noServer).toBe(true);
  expect(server.webSocketServer.options.port).toBeUndefined();
  server.close();
});

test("18: no handshake is spoken in which guacd would ask the browser for credentials", async () => {
  const house = await start({
    script: (peer, said) =>
      goodGuacd(peer, said, [
        "VERSION_1_5_0",
        "hostname",
        "ignore-cert",
        "disable-audio",
        "disable-copy",
        "disable-paste",
        "disable-upload",
        "disable-download",
      ]),
  });
  await house.desktop();
  expect(house.guacd().of("connect")[0]?.[1]).toBe("VERSION_1_1_0");
});

test("19, 20: guacd is where the house says, whatever a browser asks for", async () => {
  const house = await start();
  const offered = `Sec-WebSocket-Protocol: gatehouse.desktop, ticket.${house.broker.ticket()}`;
  void rawUpgrade(house.port, "/desktop?guacdHost=10.0.0.1&guacdPort=1&width=1&join=$x", [offered]);
  await until("the house's guacd", () => house.peers.length === 1 && house.guacd().of("connect").length === 1);
  expect(house.guacd().of("select")).toEqual([["select", "rdp"]]);
  expect(house.guacd().of("size")[0]).toEqual(["size", "1024", "768", "96"]);
});

test("21: guacd's own name of the connection is told to nobody, so that nobody can join it", async () => {
  const house = await start();
  const browser = await house.desktop();
  expect(JSON.stringify(browser.heard)).not.toContain("$connection");
});
