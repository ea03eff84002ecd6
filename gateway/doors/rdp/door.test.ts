/** The desktop door with a real HTTP server and WebSocket, a scripted guacd and a granting broker. */
import { afterEach, expect, test } from "vitest";
import { encodeInstruction } from "../../../recordings/codec/index.js";
import {
  sessionNumber,
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
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 80));

test("a ticket opens a desktop: the session is named, the picture is recorded and then shown", async () => {
  const house = await start();
  const browser = await house.desktop();
  expect(browser.socket.protocol).toBe("gatehouse.desktop");
  expect(browser.heard[0]).toEqual(["", "session", sessionNumber(1)]);
  expect(browser.heard.slice(1).map((one) => one[0])).toEqual(["size", "rect", "cfill", "sync"]);
  expect(house.broker.graphics).toBe(
    [
      ["size", 0, 1024, 768],
      ["rect", 0, 0, 0, 1024, 768],
      ["cfill", 14, 0, 0, 64, 96, 255],
      ["sync", 1000],
    ]
      .map((one) => encodeInstruction(one))
      .join(""),
  );
});

test("a forged, used, malformed or missing ticket is HTTP 403, makes no session and no connection to guacd", async () => {
  const house = await start();
  const used = house.broker.ticket();
  const first = await house.connect(used);
  expect(typeof first).toBe("object");
  await until("guacd", () => house.peers.length === 1);
  const forged = Buffer.alloc(32, 9).toString("base64url");
  expect(await house.connect(used)).toBe(403);
  expect(await house.connect(forged)).toBe(403);
  expect(await house.connect("x")).toBe(403);
  expect(await house.connect("", ["gatehouse.desktop"])).toBe(403);
  expect(await house.connect(forged, [`ticket.${house.broker.ticket()}`])).toBe(403);
  expect(await house.connect(house.broker.ticket(sessionNumber(77)))).toBe(403);
  expect(house.broker.opens).toBe(1);
  expect(house.peers).toHaveLength(1);
});

test("two hundred bad tickets at once are refused and hurt nobody who works", async () => {
  const house = await start();
  const browser = await house.desktop();
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, at) => house.connect(Buffer.alloc(32, at + 1).toString("base64url"))),
  );
  expect(answers.every((one) => one === 403 || one === 503)).toBe(true);
  browser.send("", "ping", 5);
  await until("the ping", () => browser.of("").some((one) => one[1] === "ping"));
  expect(house.peers).toHaveLength(1);
});

test("the password crosses whole, once, and stands in no log and no message", async () => {
  const house = await start();
  const browser = await house.desktop();
  const connect = house.guacd().of("connect")[0] ?? [];
  expect(connect).toContain(PASSWORD);
  expect(connect).toContain("wang");
  expect(connect).toContain("BANK");
  house.broker.end("stopped");
  await browser.closed;
  expect(house.logged.join("\n")).not.toContain(PASSWORD);
  expect(JSON.stringify(browser.heard)).not.toContain("pässwörd");
  expect(house.broker.lent).toBe(0);
});

test("a key is recorded before guacd has it, without what it was; kept whole where the house says so", async () => {
  const house = await start();
  const browser = await house.desktop();
  house.broker.tapDelayMs = 60;
  browser.send("key", 0x61, 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(house.guacd().of("key")).toEqual([]);
  await until("the key", () => house.guacd().of("key").length === 1);
  expect(house.broker.inputs).toEqual([{ bytes: "", secret: true, endsLine: false }]);
  await house.stop();
  const keeping = await start({ keepKeys: true });
  const other = await keeping.desktop();
  other.send("key", 0xff0d, 1);
  await until("the key", () => keeping.guacd().of("key").length === 1);
  expect(keeping.broker.inputs).toEqual([{ bytes: "3.key,5.65293,1.1;", secret: false, endsLine: true }]);
});

test("only keys, pointer and touch count as being there", async () => {
  const house = await start();
  const browser = await house.desktop();
  browser.send("nop");
  browser.send("", "ping", 1);
  browser.send("sync", 1000);
  browser.send("size", 800, 600);
  await until("the size", () => house.guacd().of("size").length === 2);
  expect(house.broker.touches).toBe(0);
  browser.send("mouse", 5, -3, 1);
  await until("the pointer", () => house.guacd().of("mouse").length === 1);
  expect(house.guacd().of("mouse")[0]).toEqual(["mouse", "5", "0", "1"]);
  expect(house.broker.log).toContain("pointer 5 0 1");
  expect(house.broker.touches).toBe(1);
});

test("a failing recorder ends the session, and what it did not take is not shown", async () => {
  const house = await start();
  const browser = await house.desktop();
  house.broker.tapFails = true;
  house.guacd().say("cfill", 14, 0, 1, 2, 3, 255);
  house.guacd().say("sync", 1001);
  expect((await browser.closed).reason).toBe("512");
  expect(browser.of("cfill")).toHaveLength(1);
  expect(browser.of("error")[0]).toEqual(["error", "recorder-failed", "512"]);
  expect(house.broker.ends).toEqual(["recorder-failed"]);
  await until("disconnect", () => house.guacd().of("disconnect").length === 1 && house.guacd().closed);
});

test("the broker's ending closes both sides with its code and says disconnect to guacd", async () => {
  const house = await start();
  const browser = await house.desktop();
  house.broker.end("revoked");
  expect(await browser.closed).toEqual({ code: 1000, reason: "771" });
  expect(browser.of("error")).toEqual([["error", "revoked", "771"]]);
  await until("disconnect", () => house.guacd().of("disconnect").length === 1 && house.guacd().closed);
});

test("leaving ends the session; losing the line leaves the desktop waiting, answered by the gate, keys released", async () => {
  const house = await start();
  const browser = await house.desktop();
  browser.send("key", 0xffe3, 1);
  browser.send("mouse", 10, 20, 1);
  await until("the button", () => house.guacd().of("mouse").length === 1);
  browser.socket.terminate();
  await until("released", () => house.guacd().of("mouse").length === 2 && house.guacd().of("key").length === 2);
  expect(house.guacd().of("key")[1]).toEqual(["key", "65507", "0"]);
  expect(house.guacd().of("mouse")[1]).toEqual(["mouse", "10", "20", "0"]);
  await until("detached", () => house.broker.detachments === 1);
  expect(house.guacd().of("sync")).toEqual([["sync", "1000"]]);
  house.guacd().say("cfill", 14, 0, 9, 9, 9, 255);
  house.guacd().say("sync", 1002);
  await until("the gate's answer", () =>
    house
      .guacd()
      .of("sync")
      .some((one) => one[1] === "1002"),
  );
  expect(house.broker.graphics).toContain("9,1.9,1.9");
  const back = (await house.connect(house.broker.ticket(house.broker.sessionId))) as Browser;
  await until("the picture", () => back.of("sync").length === 1);
  expect(back.heard.slice(0, 2)).toEqual([
    ["", "session", sessionNumber(1)],
    ["size", "0", "1024", "768"],
  ]);
  house.guacd().say("cfill", 14, 0, 7, 7, 7, 255);
  house.guacd().say("sync", 1003);
  await until("the stream", () => back.of("sync").some((one) => one[1] === "1003"));
  back.send("disconnect");
  expect((await back.closed).reason).toBe("0");
  expect(house.broker.ends).toEqual(["left"]);
  expect(house.peers).toHaveLength(1);
});

test("nobody comes back in time: the session ends; one whose page session ended does not wait at all", async () => {
  const house = await start({ limits: { returnMs: 100 } });
  (await house.desktop()).socket.terminate();
  await until("the end", () => house.broker.ends.length === 1);
  await until("guacd", () => house.guacd().closed);
  expect(house.broker.ends).toEqual(["left"]);
  await house.stop();
  const other = await start();
  other.broker.refreshes = false;
  (await other.desktop()).socket.terminate();
  await until("the end", () => other.broker.ends.length === 1, 1_000);
});

test("a return replaces a browser that is still there", async () => {
  const house = await start();
  const first = await house.desktop();
  const second = (await house.connect(house.broker.ticket(house.broker.sessionId))) as Browser;
  expect((await first.closed).reason).toBe("521");
  await until("the picture", () => second.of("sync").length > 0);
  second.send("key", 0x62, 1);
  await until("the key", () => house.guacd().of("key").length === 1);
  expect(house.broker.rejoins).toBe(1);
});

test.each([true, false])("what is drawn while the picture is made is shown once (in the picture: %s)", async (late) => {
  const house = await start();
  (await house.desktop()).socket.terminate();
  await until("detached", () => house.broker.detachments === 1);
  Object.assign(house.broker, { pictureMs: 150, pictureIsLate: late });
  const back = (await house.connect(house.broker.ticket(house.broker.sessionId))) as Browser;
  await until("the return", () => house.broker.rejoins === 1);
  house.guacd().say("cfill", 14, 0, 7, 7, 7, 255);
  house.guacd().say("sync", 1003);
  await until("the picture", () => back.of("sync").some((one) => one[1] === "1003"));
  expect(back.of("cfill")).toHaveLength(late ? 0 : 1);
});

test("a ping is echoed, before the desktop stands too, and never reaches guacd", async () => {
  const house = await start({ script: "none" });
  const browser = (await house.connect(house.broker.ticket())) as Browser;
  await until("guacd is being asked", () => house.peers[0]?.of("select").length === 1);
  browser.send("", "ping", 1234567890123);
  await until("the ping", () => browser.of("").some((one) => one[1] === "ping" && one[2] === "1234567890123"));
  browser.send("key", 0x61, 1);
  await settle();
  expect(house.guacd().heard.map((one) => one[0])).toEqual(["select"]);
  expect(house.broker.inputs).toEqual([]);
});

test("copied text is written down before it is shown; without the right it goes nowhere and is noted", async () => {
  const house = await start();
  const browser = await house.desktop();
  const say = (): void => {
    house.guacd().say("clipboard", 4, "text/plain");
    house.guacd().say("blob", 4, Buffer.from("汇款 😀").toString("base64"));
    house.guacd().say("end", 4);
    house.guacd().say("sync", 1001);
  };
  say();
  await until("refused", () => house.broker.refusals.length === 1);
  expect(house.guacd().of("ack")[0]?.[3]).toBe("771");
  house.broker.actions.push("rdp.copy");
  say();
  await until("the text", () => browser.of("end").length === 1);
  expect(browser.of("clipboard")).toHaveLength(1);
  expect(house.broker.clips).toMatchObject([{ direction: "copy", text: "汇款 😀", size: 11, truncated: false }]);
  expect(house.broker.graphics).not.toContain("clipboard");
});

test("pasted text reaches guacd whole after it was written down; without the right 771 and nothing else", async () => {
  const house = await start();
  const browser = await house.desktop();
  const paste = (): void => {
    browser.send("clipboard", 0, "text/plain");
    browser.send("blob", 0, Buffer.from("粘贴").toString("base64"));
    browser.send("end", 0);
  };
  paste();
  await until("refused", () => browser.of("ack").some((one) => one[3] === "771"));
  house.broker.actions.push("rdp.paste");
  paste();
  await until("the text", () => house.guacd().of("end").length === 1);
  expect(house.guacd().of("clipboard")).toHaveLength(1);
  expect(house.broker.clips).toMatchObject([{ direction: "paste", text: "粘贴" }]);
});

test("a text longer than a clipboard is refused as a whole", async () => {
  const house = await start();
  house.broker.actions.push("rdp.paste");
  const browser = await house.desktop();
  browser.send("clipboard", 0, "text/plain");
  for (let at = 0; at < 60; at++) browser.send("blob", 0, Buffer.alloc(4_500, 65).toString("base64"));
  browser.send("end", 0);
  await until("refused", () => browser.of("ack").some((one) => one[3] === "781"));
  await settle();
  expect(house.guacd().of("clipboard")).toEqual([]);
  expect(house.broker.clips).toEqual([]);
});

test.each([
  ["argv", ["argv", 0, "text/plain", "font-size"]],
  ["pipe", ["pipe", 0, "text/plain", "x"]],
  ["audio", ["audio", 0, "audio/L8;rate=44100"]],
  ["an unknown opcode", ["select", "rdp"]],
  ["a sync that was never sent", ["sync", 99_999_999]],
  ["a key that is no number", ["key", "a", 1]],
  ["a blob of no stream", ["blob", 3, "AAAA"]],
  ["a size nobody has", ["size", 100_000, 2]],
])("%s ends that connection with 768, nothing of it reaches guacd, and the desktop waits", async (_what, said) => {
  const house = await start();
  const browser = await house.desktop();
  const before = house.guacd().heard.length;
  browser.send(...said);
  expect((await browser.closed).reason).toBe("768");
  await until("detached", () => house.broker.detachments === 1);
  expect(
    house
      .guacd()
      .heard.slice(before)
      .filter((one) => one[0] !== "sync" && one[0] !== "nop"),
  ).toEqual([]);
  expect(house.broker.ends).toEqual([]);
  expect(house.broker.refusals).toHaveLength(1);
});

test("a flood ends that connection with 797", async () => {
  const house = await start({ limits: { instructionsPerSecond: 200 } });
  const browser = await house.desktop();
  const moves = Array.from({ length: 300 }, (_, at) => encodeInstruction(["mouse", at, 1, 0])).join("");
  browser.socket.send(Buffer.from(moves));
  expect((await browser.closed).reason).toBe("797");
});

test("a browser that never reads holds guacd back within bounds, is cut, and its session waits", async () => {
  const house = await start({ limits: { browserStallMs: 600, outwardBytes: 256 * 1024 } });
  const browser = await house.desktop();
  browser.socket.pause();
  const frame = Buffer.from(`4.blob,1.0,4096.${"A".repeat(4096)};`.repeat(64));
  house.guacd().say("img", 0, 14, 0, "image/png", 0, 0);
  let drained = true;
  for (let at = 0; at < 200 && drained; at++) {
    drained = house.guacd().socket.write(frame);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const memory = process.memoryUsage().arrayBuffers;
  for (let at = 0; at < 200; at++) house.guacd().socket.write(frame);
  await until("detached", () => house.broker.detachments === 1, 8_000);
  expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(120 * 1024 * 1024);
  expect(house.broker.ends).toEqual([]);
  browser.socket.terminate();
}, 15_000);
