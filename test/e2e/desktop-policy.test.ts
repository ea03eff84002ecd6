/**
 * What the gate's headers let a desktop do in a real browser: draw, show its cursor, connect here and use the clipboard,
 * and nothing beyond. The drawing is made by the very library the page uses.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { createHttp, type HttpDoor } from "../../gateway/http/index.js";
import { DESKTOP_PATH, DESKTOP_PROTOCOL, TICKET_PROTOCOL_PREFIX } from "../../gateway/http/contract/index.js";
import { openBrowser, visit } from "../support/browser.js";
import { createFakeBroker, withPeople } from "../support/fake-broker-http.js";

/** One pixel, half of it red. */
const RED = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const SCRIPT = `
import Guacamole from "./guacamole.js";
const refused = [];
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => refused.push(effectiveDirective + " " + blockedURI));
function draw() {
  const tunnel = new Guacamole.Tunnel();
  tunnel.connect = () => undefined;
  tunnel.sendMessage = () => undefined;
  const client = new Guacamole.Client(tunnel);
  const display = client.getDisplay();
  document.body.append(display.getElement());
  const say = (opcode, ...args) => tunnel.oninstruction(opcode, args.map(String));
  say("size", 0, 64, 48);
  for (const [stream, x] of [[1, 0], [2, 9]]) {
    say("img", stream, 14, 0, "image/png", x, 0);
    say("blob", stream, "${RED}");
    say("end", stream);
  }
  say("png", 14, 0, 20, 0, "${RED}");
  say("size", -1, 1, 1);
  say("png", 14, -1, 0, 0, "${RED}");
  say("cursor", 0, 0, -1, 0, 0, 1, 1);
  say("sync", 1);
  return new Promise((resolve) => display.flush(() => {
    const canvas = display.flatten();
    const pixel = (x) => [...canvas.getContext("2d").getImageData(x, 0, 1, 1).data];
    const dot = document.createElement("canvas");
    dot.width = dot.height = 1;
    new Guacamole.Mouse(display.getElement()).setCursor(dot, 0, 0);
    resolve([pixel(0), pixel(9), pixel(20), pixel(40)]);
  }));
}
const connect = (address, protocols) => new Promise((resolve) => {
  try {
    const socket = new WebSocket(address, protocols);
    socket.onopen = () => (resolve("open " + socket.protocol), socket.close());
    socket.onerror = () => resolve("refused");
  } catch { resolve("refused"); }
});
const picture = (src) => new Promise((resolve) => {
  const image = new Image();
  image.onload = () => resolve("shown");
  image.onerror = () => resolve("refused");
  image.src = src;
});
const fromMemory = async () => picture(URL.createObjectURL(new Blob([await (await fetch("/assets/one.png")).blob()])));
const allowed = (name) => document.featurePolicy.allowsFeature(name);
window.probe = { refused, draw, connect, picture, fromMemory, allowed };
`;

let folder: string;
let door: HttpDoor;
let browser: Browser;
let base: string;
const offered: string[] = [];
const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (protocols) => (offered.push(...protocols), DESKTOP_PROTOCOL),
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-policy-"));
  mkdirSync(join(folder, "assets"));
  const library = join(createRequire(import.meta.url).resolve("guacamole-common-js"), "../../esm/guacamole-common.js");
  copyFileSync(library, join(folder, "assets", "guacamole.js"));
  writeFileSync(join(folder, "assets", "probe.js"), SCRIPT);
  writeFileSync(join(folder, "assets", "one.png"), Buffer.from(RED, "base64"));
  writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="/assets/probe.js"></script>');
  door = createHttp({
    broker: withPeople(createFakeBroker()).broker,
    staticFolder: folder,
    metrics: { contentType: "text/plain", text: async () => "" },
    ready: async () => true,
    clock: { now: () => Date.now(), monotonicUs: () => Math.round(performance.now() * 1000) },
    log: () => undefined,
    config: {
      listen: { host: "127.0.0.1", port: 0 },
      trustedProxy: [],
      demo: false,
      publicUrl: "http://localhost:8080",
      sshPublic: { host: "gate.example", port: 2222 },
    },
  });
  door.registerUpgrade(DESKTOP_PATH, ({ req, socket, head }) =>
    sockets.handleUpgrade(req, socket, head, () => undefined),
  );
  base = `http://127.0.0.1:${String((await door.listen()).port)}`;
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await door.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Probe {
  readonly refused: readonly string[];
  draw(): Promise<readonly (readonly number[])[]>;
  connect(address: string, protocols: readonly string[]): Promise<string>;
  picture(source: string): Promise<string>;
  fromMemory(): Promise<string>;
  allowed(name: string): boolean;
}
declare const window: { readonly probe: Probe };

async function openPage() {
  const { context, page, faults } = await visit(browser, { locale: "en" });
  await context.addCookies([{ name: "gatehouse", value: "operator", url: base }]);
  await page.goto(`${base}/`);
  await page.waitForFunction(() => "probe" in window);
  return { page, faults };
}

describe("under the gate's headers a desktop", () => {
  it("draws every kind of picture, shows its cursor and connects with its ticket, without one refusal", async () => {
    const { page, faults } = await openPage();
    const [first, second, third, empty] = await page.evaluate(() => window.probe.draw());
    for (const pixel of [first, second, third]) expect(pixel?.[3]).toBeGreaterThan(0);
    expect(empty).toEqual([0, 0, 0, 0]);
    const ticket = `${TICKET_PROTOCOL_PREFIX}abc_DEF-123`;
    const opened = await page.evaluate(
      ([address, ...protocols]) => window.probe.connect(address ?? "", protocols),
      [base.replace("http:", "ws:") + DESKTOP_PATH, DESKTOP_PROTOCOL, ticket],
    );
    expect(opened).toBe(`open ${DESKTOP_PROTOCOL}`);
    expect(offered).toEqual([DESKTOP_PROTOCOL, ticket]);
    expect(await page.evaluate(() => window.probe.refused)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("reaches no other host, and shows no picture from elsewhere or from memory", async () => {
    const { page } = await openPage();
    const elsewhere = await page.evaluate(() => window.probe.connect("ws://127.0.0.1:9/desktop", []));
    expect(elsewhere).toBe("refused");
    expect(await page.evaluate(() => window.probe.picture("/assets/one.png"))).toBe("shown");
    expect(await page.evaluate(() => window.probe.picture("http://127.0.0.1:9/one.png"))).toBe("refused");
    expect(await page.evaluate(() => window.probe.fromMemory())).toBe("refused");
    const refused = await page.evaluate(() => window.probe.refused);
    expect(refused.map((one) => one.split(" ")[0])).toEqual(["connect-src", "img-src", "img-src"]);
  });

  it("may use the clipboard and the whole screen, and no camera, microphone or screen capture", async () => {
    const { page } = await openPage();
    const allowed = (name: string): Promise<boolean> => page.evaluate((one) => window.probe.allowed(one), name);
    for (const name of ["clipboard-read", "clipboard-write", "fullscreen"])
      expect(await allowed(name), name).toBe(true);
    for (const name of ["camera", "microphone", "display-capture"]) expect(await allowed(name), name).toBe(false);
  });
});
