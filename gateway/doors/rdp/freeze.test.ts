/** A desktop whose gate loses its database, or goes down: what the operator did reaches the desktop in order or not at all, and he is told. */
import { afterEach, expect, test } from "vitest";
import { startDesktopDoor, until, type Browser, type TestDesktopDoor } from "../../../test/support/desktop-door.js";

let house: TestDesktopDoor;
afterEach(() => house.stop());

const pause = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const keys = (): string[] =>
  house
    .guacd()
    .of("key")
    .map(([, keysym, pressed]) => `${keysym} ${pressed}`);

async function open(more: Parameters<typeof startDesktopDoor>[0] = {}): Promise<Browser> {
  house = await startDesktopDoor(more);
  return house.desktop();
}

test("what was recorded before it froze goes on when it thaws, in order, and nothing meanwhile", async () => {
  const browser = await open();
  house.broker.tapDelayMs = 80;
  browser.send("key", 65, 1);
  browser.send("mouse", 10, 20, 1);
  await until("both are being recorded", () => house.broker.touches === 2);
  house.broker.freeze(true);
  await pause(200);
  expect(house.broker.log.slice(-2)).toEqual(["key", "pointer 10 20 1"]);
  expect([keys(), house.guacd().of("mouse")]).toEqual([[], []]);
  browser.send("key", 65, 0);
  browser.send("mouse", 10, 20, 0);
  await pause(200);
  expect(keys()).toEqual([]);
  house.broker.freeze(false);
  await until("the button is up", () => house.guacd().of("mouse").length === 2);
  expect(house.guacd().heard.filter(([opcode]) => opcode === "key" || opcode === "mouse")).toEqual([
    ["key", "65", "1"],
    ["mouse", "10", "20", "1"],
    ["key", "65", "0"],
    ["mouse", "10", "20", "0"],
  ]);
  expect(house.broker.inputs).toHaveLength(2);
});

test("the operator leaves a frozen desktop: what he held goes up when it thaws", async () => {
  const browser = await open();
  browser.send("key", 65, 1);
  await until("down", () => keys().length === 1);
  house.broker.freeze(true);
  browser.socket.terminate();
  await pause();
  expect(keys()).toEqual(["65 1"]);
  house.broker.freeze(false);
  await until("up", () => keys().length === 2);
  expect(keys()).toEqual(["65 1", "65 0"]);
});

test("a frozen desktop ends at once, and nothing of what waited arrives", async () => {
  const browser = await open();
  house.broker.tapDelayMs = 20;
  browser.send("key", 65, 1);
  await until("it is being recorded", () => house.broker.touches === 1);
  house.broker.freeze(true);
  await pause();
  const from = Date.now();
  house.broker.end("revoked");
  await browser.closed;
  await until("guacd's end", () => house.guacd().closed);
  expect(Date.now() - from).toBeLessThan(1_000);
  expect(keys()).toEqual([]);
});

test("more keys than a hand has are held, and all go up; past what is held none goes down", async () => {
  const browser = await open();
  for (let keysym = 1; keysym <= 300; keysym += 1) browser.send("key", 0x100 + keysym, 1);
  await until("as many as may be", () => keys().length === 256);
  await pause();
  browser.socket.terminate();
  await until("all are up", () => keys().length === 512);
  const down = keys().filter((one) => one.endsWith(" 1"));
  expect(keys().slice(256)).toEqual(down.map((one) => one.replace(/1$/, "0")));
  expect(house.broker.inputs).toHaveLength(512);
});

test("the gate goes down: the operator is told when, also one who comes back", async () => {
  const browser = await open();
  expect(browser.of("")).toEqual([["", "session", house.broker.sessionId]]);
  house.broker.drain(1_700_000_000_000);
  await until("told", () => browser.of("").length === 2);
  expect(browser.of("")[1]).toEqual(["", "drain", "1700000000000"]);
  browser.socket.terminate();
  await until("gone", () => house.broker.detachments === 1);
  const back = (await house.connect(house.broker.ticket(house.broker.sessionId))) as Browser;
  await until("told again", () => back.of("").length === 2);
  expect(back.of("")[1]).toEqual(["", "drain", "1700000000000"]);
});
