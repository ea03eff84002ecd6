/**
 * Desktops in the page's own Chromium, over the real HTTP door and live room: synthetic recordings and assets stand behind
 * them, so that every picture is known. The colour of a second says which second is shown.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, visit } from "../support/browser.js";
import { ROOT, until } from "../support/gatehouse.js";
import { colour, frame, ID, LENGTH_S, startReplayHouse, type ReplayHouse } from "../support/replay-house.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");

let house: ReplayHouse;
let browser: Browser;
beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  house = await startReplayHouse();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

async function open(who: string, path: string, look: { locale: "zh-CN" | "en"; dark?: boolean } = { locale: "en" }) {
  const visited = await visit(browser, look);
  // The smaller screen a page is made for, by turns with the larger.
  if (look.dark === true) await visited.page.setViewportSize({ width: 1024, height: 700 });
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
  until(`second ${String(second)}`, async () => ((await shownSecond(view)) === second ? true : undefined));

test("a replay opens at the moment asked for, and a seek lands on its picture", async () => {
  const { context, page: view, faults } = await open("audit", `/sessions/${ID}?t=20.5`);
  await view.locator(".room canvas").first().waitFor();
  // The grant asked for a watermark: it lies over the whole picture.
  const [mark, room] = await Promise.all(
    [".watermark", ".room .picture"].map((one) => view.locator(one).first().boundingBox()),
  );
  expect(mark?.width).toBeGreaterThanOrEqual(room?.width ?? Infinity);
  expect(mark?.height).toBeGreaterThanOrEqual(room?.height ?? Infinity);
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

test("a late watcher sees the desktop as it is, then as it moves, and can type nothing into it", async () => {
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
  test.for(PLACES)("%s at %s", async ([who, path, name, act]) => {
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
