/** Hostile browsers and guacds against the door, beyond what is merely broken: floods, races, and ends at the worst moment. */
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { encodeInstruction } from "../../../recordings/codec/index.js";
import {
  ARGS,
  goodGuacd,
  PICTURE,
  startDesktopDoor,
  until,
  type Browser,
  type GuacdPeer,
  type TestDesktopDoor,
} from "../../../test/support/desktop-door.js";

let test_: TestDesktopDoor | undefined;
afterEach(async () => {
  await test_?.stop();
  test_ = undefined;
});
type More = NonNullable<Parameters<typeof startDesktopDoor>[0]>;
const start = async (more: More = {}): Promise<TestDesktopDoor> => (test_ = await startDesktopDoor(more));
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const browserOf = async (house: TestDesktopDoor, ticket = house.broker.ticket()): Promise<Browser> => {
  const browser = await house.connect(ticket);
  if (typeof browser === "number") throw new Error(`refused with ${browser}`);
  return browser;
};

/** RFC 6455 §5.2 with a mask of zeros. */
function frame(first: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** A WebSocket by hand, which reads nothing unless told to. */
async function byHand(house: TestDesktopDoor): Promise<Socket> {
  const socket = connect(house.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    "GET /desktop HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
      `Sec-WebSocket-Protocol: gatehouse.desktop, ticket.${house.broker.ticket()}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  await until("the desktop", () => house.broker.graphics.includes("4.sync"));
  return socket;
}

test.each([
  ["pings", frame(0x89, Buffer.alloc(125))],
  ["unasked pongs", frame(0x8a)],
  ["messages of nothing", frame(0x82)],
])(
  "a flood of %s from a browser that reads nothing ends that connection, and the desktop waits",
  async (_what, one) => {
    const house = await start();
    const socket = await byHand(house);
    socket.pause();
    let closed = false;
    socket.once("close", () => (closed = true));
    const many = Buffer.concat(Array<Buffer>(1_000).fill(one));
    for (let count = 0; count < 50 && !socket.destroyed; count += 1) {
      socket.write(many);
      await wait(2);
    }
    await until("the desktop to be left alone", () => house.broker.detachments === 1);
    socket.resume();
    await until("the end of the line", () => closed);
    expect(house.broker.ends).toEqual([]);
  },
);

test("a few pings are answered", async () => {
  const house = await start();
  const browser = await house.desktop();
  let pongs = 0;
  browser.socket.on("pong", () => (pongs += 1));
  for (let count = 0; count < 3; count += 1) {
    browser.socket.ping(String(count));
    await wait(20);
  }
  await until("the pongs", () => pongs === 3);
});

test.each([
  ["a compressed frame", frame(0xc2, Buffer.from("3.nop;"))],
  ["a frame of an unknown kind", frame(0x83)],
  ["a continuation of nothing", frame(0x80, Buffer.from("3.nop;"))],
  ["a length of sixteen exabytes", Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0])],
])("%s ends that connection alone", async (_what, bytes) => {
  const house = await start();
  const socket = await byHand(house);
  socket.write(bytes);
  await until("the desktop to be left alone", () => house.broker.detachments === 1);
  expect(house.broker.ends).toEqual([]);
});

test("an instruction that comes byte by byte, in fragments, is one instruction", async () => {
  const house = await start();
  const browser = await house.desktop();
  for (const byte of Buffer.from("3.key,2.97,1.1;")) browser.socket.send(Buffer.from([byte]));
  const parts = [...Buffer.from("3.key,2.97,1.0;")];
  for (const [at, byte] of parts.entries()) browser.socket.send(Buffer.from([byte]), { fin: at === parts.length - 1 });
  await until("the key", () => house.guacd().of("key").length === 2);
});

test("a session that ends while it is opened tells its browser so, and dials nobody", async () => {
  const house = await start();
  const { sessions } = house.broker;
  const open = sessions.open.bind(sessions);
  sessions.open = async (input) => {
    const opened = await open(input);
    house.broker.end("revoked");
    return opened;
  };
  const browser = await browserOf(house);
  expect((await browser.closed).reason).toBe("771");
  await wait(50);
  expect(house.peers).toEqual([]);
});

test("who leaves while the desktop is still being opened has left", async () => {
  const house = await start();
  house.broker.openMs = 100;
  const browser = await browserOf(house);
  browser.send("disconnect");
  browser.socket.close();
  await until("the end", () => house.broker.ends.length === 1, 1_000);
  expect(house.broker.ends).toEqual(["left"]);
});

test("two returns at once: the later one is served, the earlier one is told so", async () => {
  const house = await start();
  house.broker.pictureMs = 50;
  const first = await house.desktop();
  first.socket.terminate();
  await until("the gap", () => house.broker.detachments === 1);
  const id = house.broker.sessionId;
  const [one, two, three] = await Promise.all([
    browserOf(house, house.broker.ticket(id)),
    browserOf(house, house.broker.ticket(id)),
    browserOf(house, house.broker.ticket(id)),
  ]);
  await until("two of them to be told", () => [one, two, three].filter((each) => each.isClosed()).length === 2);
  const [kept] = [one, two, three].filter((each) => !each.isClosed());
  for (let stamp = 2000; stamp < 2005; stamp += 1) {
    house.guacd().say("rect", 0, 0, 0, 1, 1);
    house.guacd().say("sync", stamp);
    await wait(20);
  }
  await until("the stream", () => kept!.of("sync").some((each) => each[1] === "2004"));
  kept!.send("key", 97, 1);
  await until("the key", () => house.guacd().of("key").length === 1);
  await wait(100);
  expect(house.broker.ends).toEqual([]);
});

test("what is drawn between two returns that cross is missing in neither", async () => {
  const house = await start();
  house.broker.pictureMs = 120;
  const first = await house.desktop();
  first.socket.terminate();
  await until("the gap", () => house.broker.detachments === 1);
  const id = house.broker.sessionId;
  const one = await browserOf(house, house.broker.ticket(id));
  await wait(60);
  const two = await browserOf(house, house.broker.ticket(id));
  await one.closed;
  await wait(90);
  house.guacd().say("rect", 7, 7, 7, 7, 7);
  house.guacd().say("sync", 3000);
  await until("the second to see it", () => two.of("rect").some((each) => each[1] === "7"));
});

/** guacd stays at `before`; answers what it has heard after the session was revoked there. */
const STAGES: Record<string, More["script"]> = {
  "before args": () => undefined,
  "before ready": (peer, [opcode]) => void (opcode === "select" && peer.say("args", ...ARGS)),
  "before the picture": (peer, [opcode]) => {
    if (opcode === "select") peer.say("args", ...ARGS);
    if (opcode === "connect") peer.say("ready", "$1");
  },
};
test.each(Object.keys(STAGES))("revoked %s: both sides end, and what guacd says then moves nothing", async (stage) => {
  const script = STAGES[stage];
  const house = await start({ script: script ?? "none" });
  const browser = await browserOf(house);
  await until("guacd", () => house.peers.length === 1 && house.guacd().heard.length > 0);
  await wait(30);
  const connects = house.guacd().of("connect").length;
  house.broker.end("revoked");
  if (connects === 0) house.guacd().say("args", ...ARGS);
  for (const one of PICTURE) house.guacd().say(...one);
  expect((await browser.closed).reason).toBe("771");
  await until("guacd's end", () => house.guacd().closed);
  expect(house.guacd().of("connect")).toHaveLength(connects);
  expect(house.broker.graphics).toBe("");
  expect(house.broker.lent).toBe(0);
});

test("what was on its way when the session stopped goes to nobody", async () => {
  const house = await start();
  house.broker.tapDelayMs = 50;
  const browser = await browserOf(house);
  await until("the picture", () => browser.of("sync").length === 1);
  browser.send("key", 97, 1);
  house.guacd().say("rect", 9, 9, 9, 9, 9);
  house.guacd().say("sync", 2000);
  await until("both on their way", () => house.broker.handed >= 3);
  house.broker.end("stopped");
  await browser.closed;
  await until("guacd's end", () => house.guacd().closed);
  expect(house.guacd().of("key")).toEqual([]);
  expect(browser.of("rect").filter((one) => one[1] === "9")).toEqual([]);
});

test("a freeze at a key's release leaves no key down, also when the line is lost in it", async () => {
  const house = await start({ limits: { returnMs: 5_000 } });
  const browser = await house.desktop();
  browser.send("key", 65507, 1);
  browser.send("mouse", 5, 5, 1);
  await until("the key", () => house.guacd().of("mouse").length === 1);
  house.broker.tapDelayMs = 60;
  const handed = house.broker.handed;
  browser.send("key", 65507, 0);
  await until("its release to be recorded", () => house.broker.handed > handed);
  house.broker.freeze(true);
  await wait(120);
  expect(house.guacd().of("key")).toHaveLength(1);
  browser.socket.terminate();
  await wait(120);
  house.broker.freeze(false);
  await until("the release", () => house.guacd().of("key").at(-1)?.[2] === "0");
  await until("the button's", () => house.guacd().of("mouse").at(-1)?.[3] === "0");
});

test("frozen: nothing passes either way, and both go on afterwards", async () => {
  const house = await start();
  const browser = await house.desktop();
  house.broker.freeze(true);
  browser.send("key", 97, 1);
  house.guacd().say("rect", 9, 9, 9, 9, 9);
  house.guacd().say("sync", 2000);
  await wait(150);
  expect(house.guacd().of("key")).toEqual([]);
  expect(browser.of("rect").filter((one) => one[1] === "9")).toEqual([]);
  house.broker.freeze(false);
  await until("the picture", () => browser.of("rect").some((one) => one[1] === "9"));
});

test("a guacd that makes us answer and never reads is given up, and memory stays bounded", async () => {
  const house = await start();
  const browser = await house.desktop();
  const peer = house.guacd();
  peer.socket.pause();
  const flood = Buffer.from(encodeInstruction(["clipboard", 1, "text/plain"]).repeat(20_000));
  let peak = 0;
  const before = process.memoryUsage().rss;
  for (let count = 0; count < 200 && !browser.isClosed(); count += 1) {
    await new Promise<void>((resolve) => void peer.socket.write(flood, () => resolve()));
    peak = Math.max(peak, process.memoryUsage().rss - before);
  }
  await browser.closed;
  expect(house.broker.ends).toEqual(["target-closed"]);
  expect(peak).toBeLessThan(200 * 1024 * 1024);
}, 30_000);

const good =
  (say: (peer: GuacdPeer) => void): NonNullable<More["script"]> =>
  (peer, said) => {
    goodGuacd(peer, said);
    if (said[0] === "connect") say(peer);
  };

test.each<[string, (peer: GuacdPeer) => void]>([
  [
    "streams without end or number",
    (peer) => {
      for (let stream = 0; stream < 256; stream += 1) {
        peer.say("img", stream, 14, 0, "image/png", 0, 0);
        peer.say("blob", stream, "AAAA");
      }
    },
  ],
  [
    "a stream that is begun again, ended twice, and content of none",
    (peer) => {
      for (const opcode of ["img", "audio", "clipboard", "img"]) peer.say(opcode, 3, 14, 0, "image/png", 0, 0);
      for (const opcode of ["end", "end", "blob", "end"]) peer.say(opcode, 3, "AAAA");
      peer.say("blob", 99, "AAAA");
    },
  ],
  [
    "prompts for credentials, parameters, names and messages",
    (peer) => {
      peer.say("required", "password", "username");
      peer.say("argv", 7, "text/plain", "password");
      peer.say("blob", 7, "c2VjcmV0");
      peer.say("msg", 1, "secret-word");
      peer.say("log", "secret-word");
      peer.say("name", "secret-word");
      peer.say("args", ...ARGS);
      peer.say("ready", "$other");
    },
  ],
])("guacd sends %s: the desktop goes on and the browser hears nothing it should not", async (_what, say) => {
  const house = await start({ script: good(say) });
  const browser = await house.desktop();
  house.guacd().say("sync", 2000);
  await until("the stream to go on", () => browser.of("sync").some((one) => one[1] === "2000"));
  const opcodes = new Set(browser.heard.map((one) => one[0]));
  for (const one of ["required", "argv", "msg", "log", "name", "args", "ready", "audio", "clipboard"])
    expect(opcodes.has(one)).toBe(false);
  expect(Buffer.concat(browser.raw).toString() + house.logged.join("")).not.toContain("secret-word");
  expect(house.guacd().of("connect")).toHaveLength(1);
});

test.each<[string, (peer: GuacdPeer) => void, string]>([
  ["ten thousand streams", (peer) => peer.say("img", 10_000, 14, 0, "image/png", 0, 0), "512"],
  ["a layer of 2^31", (peer) => peer.say("size", 1, 2 ** 31, 2 ** 31), "512"],
  [
    "half an instruction, then nothing",
    (peer) => {
      peer.raw("4.blob,1.1,100.AAAA");
      peer.socket.end();
    },
    "512",
  ],
  ["an error whose text is a secret", (peer) => peer.say("error", "secret-word hunter2", 519), "519"],
])("guacd sends %s: that session ends with a number", async (_what, say, status) => {
  const house = await start();
  const browser = await house.desktop();
  say(house.guacd());
  expect((await browser.closed).reason).toBe(status);
  expect(house.broker.ends).toEqual(["target-closed"]);
  expect(Buffer.concat(browser.raw).toString() + house.logged.join("")).not.toContain("secret-word");
  await until("guacd's end", () => house.guacd().closed);
});

test("two hundred desktops opened and ended leave no timer, no socket and no memory behind", async () => {
  const house = await start({ limits: { lastLineMs: 20, returnMs: 30 } });
  const count = (): number => process.getActiveResourcesInfo().length;
  const round = async (at: number): Promise<void> => {
    const browser = await house.desktop();
    browser.send("key", 97, 1);
    if (at % 4 === 0) browser.send("disconnect");
    else if (at % 4 === 1) house.broker.end("stopped");
    else if (at % 4 === 2) house.guacd().socket.destroy();
    else browser.socket.terminate();
    await browser.closed;
    await until("the session's end", () => house.broker.ends.length === at + 1);
    await until("guacd's end", () => house.guacd().closed);
  };
  for (let at = 0; at < 40; at += 1) await round(at);
  await wait(300);
  const before = count();
  const heap = process.memoryUsage().heapUsed;
  for (let at = 40; at < 240; at += 1) await round(at);
  await until("what was opened to be closed", () => count() <= before + 2);
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(60 * 1024 * 1024);
}, 60_000);
