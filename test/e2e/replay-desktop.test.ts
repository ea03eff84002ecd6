/**
 * Desktops in the page's own Chromium, over the real HTTP door and live room: synthetic recordings and assets stand behind
 * them, so that every picture is known. The colour of a second says which second is shown.
 */
import { mkdirSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SessionUseCases } from "../../gateway/broker/index.js";
import { asId, done } from "../../gateway/domain/index.js";
import { createHttp, type HttpDoor } from "../../gateway/http/index.js";
import { createLive, type Live } from "../../gateway/live/index.js";
import { encodeInstruction } from "../../recordings/codec/index.js";
import { openBrowser, visit } from "../support/browser.js";
import { createFakeBroker, fakeActor, type FakeBroker } from "../support/fake-broker-http.js";
import { ROOT, until } from "../support/gatehouse.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");
const S = 1_000_000;
const [WIDTH, HEIGHT, LENGTH_S] = [960, 600, 120];
const ID = "01900000-0000-7000-8000-00000000d001";
const STARTED = 1_790_000_000_000;

/** Three far steps a channel tell 120 seconds apart, whatever a scale does to the edges. */
const colour = (second: number): readonly [number, number, number] => [
  20 + (second % 5) * 50,
  20 + (Math.floor(second / 5) % 5) * 50,
  20 + (Math.floor(second / 25) % 5) * 50,
];
function png(second: number, width = WIDTH, height = HEIGHT): Buffer {
  const canvas = createCanvas(width, height);
  const pen = canvas.getContext("2d");
  pen.fillStyle = `rgb(${colour(second).join(" ")})`;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = "white";
  pen.fillRect(width / 8, height / 8, width / 6, height / 6);
  return canvas.toBuffer("image/png");
}
/** One picture as guacd sends it: an image in pieces, then the end of the frame. */
function frame(second: number): string {
  const whole = png(second).toString("base64");
  const pieces = whole.match(/.{1,6000}/g) ?? [];
  return [
    encodeInstruction(["img", 3, 14, 0, "image/png", 0, 0]),
    ...pieces.map((piece) => encodeInstruction(["blob", 3, piece])),
    encodeInstruction(["end", 3]),
    encodeInstruction(["sync", second * 1000]),
  ].join("");
}
const state = (second: number): string => encodeInstruction(["size", 0, WIDTH, HEIGHT]) + frame(second);

const session = (live: boolean): Record<string, unknown> => ({
  id: ID,
  unitId: ID,
  grantId: ID,
  personId: ID,
  accountId: ID,
  assetId: ID,
  nodeId: ID,
  protocol: "rdp",
  state: live ? "live" : "ended",
  because: live ? null : "left",
  snapshot: {
    login: "zhang.wei",
    displayName: "张伟",
    vendorChain: ["Example Vendor"],
    contract: "C-2026-7",
    accountLogin: "administrator",
    assetName: "erp-desktop",
    assetHost: "10.0.0.9",
    assetPort: 3389,
    reason: "月末结账：核对应收报表",
    workOrder: "WO-2026-0113",
    approvers: ["li.na"],
    grantFrom: STARTED,
    grantTo: STARTED + 7_200_000,
    actions: ["rdp.connect", "rdp.copy", "rdp.paste"],
    legacyAlgorithms: false,
    certificate: "unchecked",
    obligations: ["watermark"],
  },
  recordingId: ID,
  sourceAddress: "203.0.113.9",
  startedAt: STARTED,
  endedAt: live ? null : STARTED + LENGTH_S * 1000,
  leaseUntil: STARTED,
  live,
  endsAt: live ? Date.now() + 3_600_000 : null,
  recording: null,
  watchers: 0,
});
const MARKERS = [
  [4, "watch", "li.na began to watch"],
  [12, "keys", "84 keys · until 0:00:21"],
  [25, "clipboard", "paste · 应收账款 2026-10"],
  [41, "transfer", "download 报表.xlsx"],
  [60, "clipboard", "copy · SELECT sum(amount) FROM ledger"],
  [77, "alert", "the operator's connection was lost"],
  [90, "note", "session: the operator came back"],
] as const;
const channelRow = (number: number, kind: string, detail: string): Record<string, unknown> => ({
  id: ID,
  sessionId: ID,
  connectionId: ID,
  number,
  kind,
  detail,
  outcome: "recorded",
  refusedBecause: null,
  bytesIn: 4096,
  bytesOut: 900_000,
  exit: null,
  openedAt: STARTED,
  closedAt: STARTED + LENGTH_S * 1000,
});
const recordings = {
  index: async () =>
    done({
      session: session(false),
      durationUs: LENGTH_S * S,
      complete: true,
      channels: [
        {
          channel: 1,
          kind: "desktop",
          detail: "rdp",
          pty: false,
          fromUs: 0,
          toUs: LENGTH_S * S,
          cols: WIDTH,
          rows: HEIGHT,
        },
        { channel: 2, kind: "file", detail: "报表.xlsx", pty: false, fromUs: 41 * S, toUs: 42 * S, cols: 0, rows: 0 },
      ],
      markers: MARKERS.map(([at, kind, text]) => ({ atUs: at * S, channel: 1, kind, text })),
      activity: Array.from({ length: 60 }, (_, i) => Math.abs(Math.sin(i / 4))),
      thumbnails: Array.from({ length: 12 }, (_, i) => ({ channel: 1, atUs: i * 10 * S })),
      keyframes: [],
    } as never),
  segment: async (_actor: unknown, _id: unknown, { fromUs, maxUs }: { fromUs: number; maxUs: number }) => {
    const toUs = Math.min(LENGTH_S * S, fromUs + maxUs);
    const events = Array.from({ length: LENGTH_S }, (_, second) => second)
      .filter((second) => second * S > fromUs && second * S < toUs)
      .flatMap((second) => [
        [second * S, "d", frame(second)],
        [second * S, "p", `${String(200 + second * 3)},${String(150 + second)},${String(second % 2)}`],
      ]);
    const screen = { cols: WIDTH, rows: HEIGHT, state: state(Math.floor(fromUs / S)) };
    return done({ channel: 1, fromUs, toUs, screen, events } as never);
  },
  thumbnail: async (_actor: unknown, _id: unknown, { atUs }: { atUs: number }) =>
    done(new Uint8Array(png(Math.floor(atUs / S), 192, 120))),
};

interface House {
  readonly door: HttpDoor;
  readonly live: Live;
  readonly fake: FakeBroker;
  readonly base: string;
  readonly watched: Parameters<SessionUseCases["watch"]>[2][];
}
let house: House;
let browser: Browser;

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
const asset = {
  id: ID,
  unitId: ID,
  name: "erp-desktop",
  protocol: "rdp",
  host: "10.0.0.9",
  port: 3389,
  description: "ERP 财务桌面",
  legacyAlgorithms: false,
  desktop: { security: "nla", acceptsMissing: true },
  certificate: "unchecked",
  hostKey: "certificate-unchecked",
  hostKeyFingerprint: null,
  hostKeyConfirmedBy: ID,
  hostKeyConfirmedAt: STARTED,
  pin: "aa",
  pendingChange: null,
  state: "active",
  createdAt: STARTED,
  createdBy: ID,
};
const account = {
  id: ID,
  assetId: ID,
  unitId: ID,
  login: "administrator",
  credentialKind: "password",
  credentialPin: null,
  credentialTestedAt: null,
  state: "active",
  createdAt: STARTED,
  createdBy: ID,
  assetName: "erp-desktop",
  hasCredential: true,
  credentialBound: true,
};
const request = {
  id: ID,
  unitId: ID,
  requesterId: ID,
  contractId: null,
  reason: "月末结账：核对应收报表",
  workOrder: "WO-2026-0113",
  windowFrom: STARTED,
  durationMs: 7_200_000,
  digest: "ab".repeat(32),
  state: "pending",
  createdAt: STARTED,
  lapsesAt: STARTED + 86_400_000,
  decidedAt: null,
  grants: [],
  sourceAddress: "203.0.113.9",
  approvalsNeeded: 2,
  requesterLogin: "zhang.wei",
  requesterName: "张伟",
  vendorChain: ["Example Vendor"],
  contractEndsAt: null,
  items: [
    {
      id: ID,
      requestId: ID,
      accountId: ID,
      assetId: ID,
      assetPin: "aa",
      actions: ["rdp.connect", "rdp.copy", "rdp.paste", "rdp.upload", "rdp.download"],
      limits: { forwardTo: [] },
      accountLogin: "administrator",
      assetName: "erp-desktop",
      assetHost: "10.0.0.9",
      assetPort: 3389,
      hostKeyFingerprint: null,
      legacyAlgorithms: false,
      protocol: "rdp",
      certificate: "unchecked",
      desktop: { security: "nla", acceptsMissing: true },
    },
  ],
  approvals: [],
  approverGroups: ["approvers of Example Bureau"],
  decidable: { ok: true },
};
const reachable = {
  accountId: ID,
  accountLogin: "administrator",
  assetId: ID,
  assetName: "erp-desktop",
  assetDescription: "ERP 财务桌面",
  protocol: "rdp",
  actions: ["rdp.connect", "rdp.copy", "rdp.paste", "rdp.upload", "rdp.download"],
  grant: null,
  pendingRequestId: null,
};
const page = (items: readonly unknown[]) => async () => done({ items, next: null } as never);

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  const watched: House["watched"] = [];
  const fake = createFakeBroker({
    recordings: recordings,
    sessions: {
      get: async (_actor, id) =>
        done({
          session: session(id !== asId(ID)),
          channels: [channelRow(1, "desktop", "rdp"), channelRow(2, "file", "报表.xlsx")],
          transfers: [],
        } as never),
      watch: async (_actor, _id, listener) => {
        watched.push(listener);
        const channel = { channel: 1, kind: "desktop", detail: "rdp", cols: WIDTH, rows: HEIGHT, pty: false };
        const catchUp = { session: session(true), channels: [{ ...channel, screen: state(33) }] };
        return done({ stop: () => undefined, catchUp: catchUp as never });
      },
    },
    assets: {
      list: page([asset]),
      listAccounts: page([account]),
      listEntitlements: page([]),
      get: async () => done({ asset, accounts: [account] } as never),
      scanHostKey: async () =>
        done({ publicKey: `x509-sha256 ${"c4".repeat(32)}`, fingerprint: "C4:".repeat(31) + "C4", matches: false }),
    },
    people: { list: page([]) },
    audit: { listAlerts: page([]), alerts: page([]) } as never,
    access: { list: page([request]), reachable: async () => [reachable] as never },
  });
  fake.people.set("audit", fakeActor("audit", "audit", []));
  fake.people.set("system", fakeActor("system", "system", []));
  fake.people.set("security", fakeActor("security", "security", []));
  fake.people.set("approver", fakeActor("approver", null, ["approver"]));
  fake.people.set("operator", fakeActor("operator", null, ["operator"]));
  const port = await freePort();
  const base = `http://127.0.0.1:${String(port)}`;
  const door = createHttp({
    broker: fake.broker,
    staticFolder: join(ROOT, "dist", "web"),
    metrics: { contentType: "text/plain", text: async () => "" },
    ready: async () => true,
    clock: { now: () => Date.now(), monotonicUs: () => 0 },
    log: () => undefined,
    config: {
      listen: { host: "127.0.0.1", port },
      trustedProxy: [],
      demo: false,
      publicUrl: base,
      sshPublic: { host: "gate.example", port: 2222 },
      requestsPerMinute: 100_000,
      triesPerMinute: 100_000,
    },
  });
  const live = createLive({ broker: fake.broker, log: () => undefined });
  door.registerUpgrade("/live", live.handleUpgrade);
  await door.listen();
  house = { door, live, fake, base, watched };
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await house?.live.close();
  await house?.door.close();
});

async function open(who: string, path: string, look: { locale: "zh-CN" | "en"; dark?: boolean } = { locale: "en" }) {
  const visited = await visit(browser, look);
  const known = house.fake.people.get(who);
  if (known !== undefined) house.fake.people.set(who, { ...known, locale: look.locale });
  await visited.context.addCookies([{ name: "gatehouse", value: who, url: house.base }]);
  await visited.page.goto(house.base + path);
  return visited;
}
/** The second whose colour stands in the picture's lower right quarter; undefined when none does. */
async function shownSecond(view: Page): Promise<number | undefined> {
  const box = await view.locator(".room .picture").boundingBox();
  if (box === null) return undefined;
  const shot = await loadImage(
    await view.screenshot({ clip: { x: box.x + box.width * 0.9, y: box.y + box.height * 0.9, width: 4, height: 4 } }),
  );
  const canvas = createCanvas(4, 4);
  const pen = canvas.getContext("2d");
  pen.drawImage(shot, 0, 0);
  const [red = 0, green = 0, blue = 0] = pen.getImageData(1, 1, 1, 1).data;
  const near = (second: number): boolean =>
    colour(second).every((value, i) => Math.abs(value - ([red, green, blue][i] ?? 0)) < 24);
  return Array.from({ length: LENGTH_S }, (_, second) => second).find(near);
}
/** The watermark tints the picture; it is not what is measured here. */
async function unmark(view: Page): Promise<void> {
  await view.evaluate(() => document.querySelectorAll<HTMLElement>(".watermark").forEach((one) => (one.hidden = true)));
}
const showsSecond = (view: Page, second: number): Promise<unknown> =>
  until(`second ${String(second)}`, async () => ((await shownSecond(view)) === second ? true : undefined), 5_000);

test("a replay opens at the moment asked for within a second, and a seek lands on its picture", async () => {
  const { context, page: view, faults } = await open("audit", `/sessions/${ID}?t=20.5`);
  await view.locator(".room canvas").first().waitFor();
  await unmark(view);
  await showsSecond(view, 20);
  await view.locator("h1").click();
  await view.keyboard.press("ArrowRight");
  await showsSecond(view, 25);
  await view.keyboard.press("Shift+ArrowRight");
  await showsSecond(view, 55);
  await view.keyboard.press("ArrowLeft");
  await showsSecond(view, 50);
  expect(faults).toEqual([]);
  await context.close();
});

test("of many quick seeks the last one stands", async () => {
  const { context, page: view, faults } = await open("audit", `/sessions/${ID}?t=100.5`);
  await view.locator(".room canvas").first().waitFor();
  await unmark(view);
  await view.locator("h1").click();
  for (let i = 0; i < 12; i += 1) await view.keyboard.press(i % 3 === 0 ? "ArrowRight" : "ArrowLeft");
  await showsSecond(view, 80);
  await view.waitForTimeout(300);
  expect(await shownSecond(view)).toBe(80);
  expect(faults).toEqual([]);
  await context.close();
});

test("it plays at ten times the speed without falling behind its clock's picture", async () => {
  const { context, page: view, faults } = await open("audit", `/sessions/${ID}?t=30.5`);
  await view.locator(".room canvas").first().waitFor();
  await unmark(view);
  await view.locator(".player select").first().selectOption("10");
  await view.locator(".play").click();
  await view.waitForTimeout(2_500);
  await view.locator(".play").click();
  const at = await view.locator(".player input[type=range]").inputValue();
  await showsSecond(view, Math.floor(Number(at) / 1000));
  expect(Number(at)).toBeGreaterThan(40_000);
  expect(faults).toEqual([]);
  await context.close();
});

test("a late watcher sees the desktop as it is, then as it moves, and its end", async () => {
  const { context, page: view, faults } = await open("audit", `/sessions/${ID.replace("d001", "d002")}/watch`);
  await view.locator(".room canvas").first().waitFor();
  await unmark(view);
  await showsSecond(view, 33);
  const bytes = new TextEncoder().encode(frame(47));
  house.watched.at(-1)?.({ type: "graphics", channel: 1, atUs: 1, bytes });
  house.watched.at(-1)?.({ type: "clipboard", channel: 1, atUs: 2, direction: "copy", size: 31 });
  await showsSecond(view, 47);
  await view.getByText("Copied out of the desktop").waitFor();
  await view.locator(".room").click();
  await view.keyboard.type("nothing goes to the target");
  await showsSecond(view, 47);
  expect(faults).toEqual([]);
  await context.close();
});

describe.each([
  { locale: "zh-CN" as const, dark: false },
  { locale: "en" as const, dark: false },
  { locale: "zh-CN" as const, dark: true },
  { locale: "en" as const, dark: true },
])("pages about desktops in $locale, dark: $dark", (look) => {
  const shot = (name: string): string =>
    join(SHOTS, `desktop-${name}-${look.locale}-${look.dark ? "dark" : "light"}.png`);
  const PLACES: readonly (readonly [who: string, path: string, name: string, act?: (view: Page) => Promise<void>])[] = [
    [
      "audit",
      `/sessions/${ID}?t=61`,
      "replay",
      async (view) => {
        await view.locator(".room canvas").first().waitFor();
        await view.locator(".track").hover();
        await view.locator(".preview img").waitFor();
      },
    ],
    [
      "audit",
      `/sessions/${ID.replace("d001", "d002")}/watch`,
      "watch",
      (view) => view.locator(".room canvas").first().waitFor(),
    ],
    [
      "system",
      `/assets/${ID}`,
      "asset",
      async (view) => {
        await view.locator("section[aria-labelledby=certificate-head] button").last().click();
        await view.locator("code.print").waitFor();
      },
    ],
    [
      "system",
      "/assets",
      "asset-form",
      async (view) => {
        await view.locator("main button.el-button--primary").first().click();
        await view.locator("input[type=radio][value=rdp]").check({ force: true });
        await view.locator("#asset-security").waitFor();
      },
    ],
    [
      "security",
      "/entitlements",
      "entitlement",
      async (view) => {
        await view.locator("main button.el-button--primary").first().click();
        await view.locator("#entitled-account").selectOption(ID);
        await view.locator(".choice .one").nth(4).waitFor();
      },
    ],
    ["operator", `/access/ask?account=${ID}`, "ask", (view) => view.locator(".choice .one").nth(4).waitFor()],
    ["approver", "/decisions", "decision", (view) => view.locator(".items li").first().waitFor()],
  ];
  test.each(PLACES)("%s at %s", async (who, path, name, act) => {
    const { context, page: view, faults } = await open(who, path, look);
    await view.locator("h1").first().waitFor();
    await act?.(view);
    await view.waitForTimeout(400);
    await view.screenshot({ path: shot(name) });
    const { violations } = await new AxeBuilder({ page: view }).analyze();
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(
      serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`),
    ).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});
