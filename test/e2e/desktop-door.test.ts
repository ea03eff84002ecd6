/** The door in front of a real guacd and a real xrdp desktop: it connects, draws, types, pastes, and leaves no child behind. */
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askGuacd, createDesktopProbe } from "../../gateway/doors/rdp/index.js";
import { startDesktopDoor, until, type Browser, type TestDesktopDoor } from "../support/desktop-door.js";
import type { DesktopUser } from "../support/desktop-user.js";
import { typing } from "../support/desktops.js";
import { startGuacd, type TestGuacd } from "../support/guacd.js";
import { letGoAfterFailure } from "../support/let-go-of-guacd.js";
import { startXrdp, type TestXrdp } from "../support/xrdp.js";

let guacd: TestGuacd;
let xrdp: TestXrdp;
let house: TestDesktopDoor;
beforeAll(async () => {
  [guacd, xrdp] = await Promise.all([startGuacd(), startXrdp()]);
  house = await startDesktopDoor({ guacd });
}, 60_000);
afterAll(async () => {
  await house?.stop();
  await xrdp?.stop();
  await guacd?.stop();
}, 60_000);
letGoAfterFailure(() => guacd);

/** Answers syncs as Guacamole's client does. */
async function desktop(): Promise<Browser> {
  const browser = (await house.connect(house.broker.ticket())) as Browser;
  let answered = 0;
  browser.socket.on("message", () => {
    for (const [, timestamp] of browser.of("sync").slice(answered)) {
      answered += 1;
      browser.send("sync", timestamp ?? "");
    }
  });
  return browser;
}

const [RETURN, SHIFT, INSERT] = [0xff0d, 0xffe1, 0xff63];

function press(browser: Browser, keysym: number): void {
  browser.send("key", keysym, 1);
  browser.send("key", keysym, 0);
}

function typed(user: DesktopUser): string {
  return readFileSync(join(user.home, "typed"), "utf8");
}

/** Asks on the desktop until it answers so. */
async function untilSays(user: DesktopUser, command: string, answer: RegExp): Promise<void> {
  const end = Date.now() + 15_000;
  for (;;) {
    const said = await user.run(command).then(String, String);
    if (answer.test(said)) return;
    if (Date.now() > end) throw new Error(`${command} still says ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a desktop opens, shows what is typed and pasted, waits for its operator, and leaves nothing in guacd", async () => {
  const user = xrdp.addUser(typing);
  house.broker.actions.push("rdp.paste");
  house.broker.plan = {
    ...house.broker.plan,
    address: xrdp.host,
    port: xrdp.port,
    username: user.login,
    credential: { kind: "password", password: user.password },
  };
  const browser = await desktop();
  await until("the first picture", () => browser.of("sync").length > 0, 20_000);
  await user.untilShown();
  // A click before the window is managed would focus nothing.
  await untilSays(user, "xprop -root _NET_CLIENT_LIST", /0x/);
  expect(guacd.children()).toHaveLength(1);
  browser.send("mouse", 200, 200, 1);
  browser.send("mouse", 200, 200, 0);
  await untilSays(user, "xprop -root _NET_ACTIVE_WINDOW", /0x[1-9a-f]/);
  for (const letter of "hello") press(browser, letter.charCodeAt(0));
  press(browser, RETURN);
  await until("what was typed", () => typed(user) === "hello\n", 10_000);
  expect(house.broker.inputs).toHaveLength(12);
  browser.send("clipboard", 1, "text/plain");
  browser.send("blob", 1, Buffer.from("网关 ok\n").toString("base64"));
  browser.send("end", 1);
  await until("the text is written down", () => house.broker.clips.length === 1);
  await untilSays(user, "xclip -selection clipboard -out", /网关 ok/);
  browser.send("key", SHIFT, 1);
  press(browser, INSERT);
  browser.send("key", SHIFT, 0);
  await until("what was pasted", () => typed(user) === "hello\n网关 ok\n", 10_000);
  const drawn = house.broker.graphics.length;
  expect(drawn).toBeGreaterThan(1_000);
  browser.socket.terminate();
  await until("detached", () => house.broker.detachments === 1);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(guacd.children()).toHaveLength(1);
  const back = (await house.connect(house.broker.ticket(house.broker.sessionId))) as Browser;
  await until("the picture", () => back.of("sync").length > 0);
  back.send("disconnect");
  await back.closed;
  await guacd.untilIdle();
  expect(guacd.log()).not.toContain(user.password);
}, 60_000);

test("doctor's question and the certificate probe, of the real ones", async () => {
  expect(await askGuacd(guacd)).toMatchObject({ ok: true, version: "1.3.0" });
  const shown = await createDesktopProbe().scanCertificate({ address: xrdp.host, port: xrdp.port });
  const certificate = new X509Certificate(xrdp.certificate);
  expect(shown).toBe(`x509-sha256 ${createHash("sha256").update(certificate.raw).digest("hex")}`);
  await guacd.untilIdle();
});
