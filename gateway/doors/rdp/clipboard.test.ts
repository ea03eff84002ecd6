/** Texts between the two clipboards: each leaves an event before it passes, so nobody may send them without end. */
import { afterEach, expect, test } from "vitest";
import { startDesktopDoor, until, type Browser, type TestDesktopDoor } from "../../../test/support/desktop-door.js";

let house: TestDesktopDoor;
afterEach(() => house.stop());
const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function start(): Promise<Browser> {
  house = await startDesktopDoor({ limits: { clipboardsPerMinute: 3 } });
  house.broker.actions.push("rdp.copy", "rdp.paste");
  return house.desktop();
}

test("pastes beyond so many a minute are answered with 797, do not pass, and leave one note", async () => {
  const browser = await start();
  for (let count = 0; count < 10; count++) {
    browser.send("clipboard", count, "text/plain");
    browser.send("blob", count, base64(String(count)));
    browser.send("end", count);
  }
  await until("the refusals", () => browser.of("ack").filter((one) => one[3] === "797").length === 7);
  await until("the texts", () => house.guacd().of("end").length === 3);
  expect(house.broker.clips.map((one) => one.text)).toEqual(["0", "1", "2"]);
  expect(house.guacd().of("clipboard")).toHaveLength(3);
  expect(house.guacd().of("blob")).toHaveLength(3);
  expect(house.broker.refusals).toEqual([{ what: "paste", because: "too-many" }]);
});

test("coming back begins no new minute", async () => {
  const first = await start();
  for (const stream of [0, 1, 2]) {
    first.send("clipboard", stream, "text/plain");
    first.send("end", stream);
  }
  await until("the texts", () => house.broker.clips.length === 3);
  first.socket.terminate();
  await until("detached", () => house.broker.detachments === 1);
  const back = (await house.connect(house.broker.ticket(house.broker.sessionId))) as Browser;
  await until("the picture", () => back.of("size").length > 0);
  back.send("clipboard", 0, "text/plain");
  await until("its refusal", () => back.of("ack").some((one) => one[3] === "797"));
  expect(house.broker.clips).toHaveLength(3);
});

test("copies beyond so many a minute do not reach the browser, and leave one note", async () => {
  const browser = await start();
  const guacd = house.guacd();
  for (let count = 0; count < 10; count++) {
    guacd.say("clipboard", count, "text/plain");
    guacd.say("blob", count, base64(String(count)));
    guacd.say("end", count);
  }
  guacd.say("sync", 2000);
  await until("what follows", () => browser.of("sync").some((one) => one[1] === "2000"));
  expect(browser.of("clipboard")).toHaveLength(3);
  expect(house.broker.clips.map((one) => one.text)).toEqual(["0", "1", "2"]);
  expect(house.broker.refusals).toEqual([{ what: "copy", because: "too-many" }]);
});

test("the event is written before a text passes, in either direction", async () => {
  const browser = await start();
  house.broker.tapDelayMs = 150;
  browser.send("clipboard", 0, "text/plain");
  browser.send("blob", 0, base64("汇款"));
  browser.send("end", 0);
  house.guacd().say("clipboard", 2, "text/plain");
  house.guacd().say("blob", 2, base64("付款"));
  house.guacd().say("end", 2);
  await until("both handed over", () => house.broker.handed >= 2);
  expect(house.guacd().of("clipboard")).toEqual([]);
  expect(browser.of("clipboard")).toEqual([]);
  await until("both to pass", () => house.guacd().of("end").length === 1 && browser.of("end").length === 1);
  expect(house.broker.clips.map((one) => one.text).sort()).toEqual(["付款", "汇款"].sort());
});
