/**
 * The desktop's own page on a real xrdp: Chinese through the browser's input method, the name over the picture, another keyboard
 * layout, leaving, and what is said when the connection shakes, is lost, or the session is over when it comes back.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit, type Visit } from "../support/browser.js";
import { startDesktopLab, type DesktopLab, type DesktopOperator } from "../support/desktop-lab.js";
import type { DesktopUser } from "../support/desktop-user.js";
import { typing } from "../support/desktops.js";
import { ROOT, until } from "../support/gatehouse.js";
import { untilDrawn } from "../support/pictures.js";
import { endedSession, sessionsOf } from "../support/trail.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");

let lab: DesktopLab;
let browser: Browser;
let user: DesktopUser;
let accountId: string;
let policies: string;
/** The default policy, but everybody works under a watermark, as only vendors do there. */
function watermarkAll(): string {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-policies-"));
  cpSync(join(ROOT, "policies", "default"), folder, { recursive: true });
  const edit = (file: string, from: RegExp, to: string): void => {
    const path = join(folder, file);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(from, to));
  };
  edit("approvals.yaml", /longest: 12h/g, "longest: 12h\n    obligations: [watermark]");
  edit("approvals.cases.yaml", /longest: 12h/g, "longest: 12h, obligations: [watermark]");
  return folder;
}
beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  // One session a person: a second one beside the first would be refused.
  policies = watermarkAll();
  lab = await startDesktopLab({ env: { GATEHOUSE_MAX_SESSIONS_PER_PERSON: "1", GATEHOUSE_POLICIES: policies } });
  ({ accountId, user } = await lab.addDesktop(typing));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
  rmSync(policies, { recursive: true, force: true });
});

async function openPage(
  actions: readonly string[],
  look: { locale: "zh-CN" | "en"; dark?: boolean } = { locale: "zh-CN" },
): Promise<Visit & { readonly operator: DesktopOperator }> {
  const operator = await lab.operator(accountId, actions);
  await operator.api.call("PUT", "/me/locale", { locale: look.locale });
  const visited = await visit(browser, look);
  await signInPage(visited.page, lab.house.http, operator, 1);
  await visited.page.goto(`${lab.house.http}/access/${accountId}/desktop`);
  await user.untilShown(30_000);
  await untilDrawn(visited.page);
  await visited.page.locator(".desktop-bar, .bar").first().waitFor();
  return { ...visited, operator };
}
const shot = (page: Page, name: string): Promise<Buffer> =>
  page.screenshot({ path: join(SHOTS, `desktop-page-${name}.png`) });
async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  expect(found, where).toEqual([]);
}
const typed = async (): Promise<string> => (await user.run("cat ~/typed 2>/dev/null || true")).toString();
async function openBar(page: Page): Promise<void> {
  await page.keyboard.press("Control+Alt+Shift");
  await page.locator(".tools button").first().waitFor();
}

test("Chinese composed in the browser's input method arrives through the clipboard, before the keys typed after it", async () => {
  const { context, page, faults, operator } = await openPage(["rdp.connect", "rdp.paste"]);
  const ime = await context.newCDPSession(page);
  const compose = async (steps: readonly string[], text: string): Promise<void> => {
    for (const step of steps)
      await ime.send("Input.imeSetComposition", { text: step, selectionStart: step.length, selectionEnd: step.length });
    await ime.send("Input.insertText", { text });
  };
  await page.mouse.click(400, 400);
  await compose(["zh", "zhong"], "中");
  await page.getByText("桌面上出现您输入的文字了吗").waitFor();
  await expectAccessible(page, "the offer");
  await shot(page, "offer-zh-light");
  await page.getByRole("button", { name: "经剪贴板发送" }).click();
  await openBar(page);
  await page.getByRole("button", { name: "按键", exact: true }).click();
  await page.getByLabel("粘贴按键").selectOption("shift-insert");
  await shot(page, "keys-zh-light");
  await expectAccessible(page, "keys");
  await page.getByRole("button", { name: "收起" }).click();

  await compose(["zhong", "zhong wen"], "中文");
  await page.keyboard.press("Enter");
  await until("the composed line", async () => (await typed()) === "中文\n");
  await compose([], "网关");
  await compose([], "记录");
  await page.keyboard.type("abc");
  await compose([], "一切，é");
  await page.keyboard.press("Enter");
  await until("the second line", async () => (await typed()).split("\n").length === 3);
  expect(await typed()).toBe("中文\n网关记录abc一切，é\n");
  expect(await page.getByText("桌面上出现您输入的文字了吗").count()).toBe(0);
  expect(faults).toEqual([]);

  // Another layout is another session, and only one at a time is allowed.
  await openBar(page);
  await page.getByRole("button", { name: "按键", exact: true }).click();
  await page.locator("form select").selectOption("de-de-qwertz");
  await shot(page, "layout-zh-light");
  await page.getByRole("button", { name: "用此布局重新连接" }).click();
  await page.getByText("正在").first().waitFor();
  await untilDrawn(page);
  await page.locator(".tools").waitFor();
  expect(await page.locator("[role=alert]").count()).toBe(0);
  const sessions = await sessionsOf(lab.house, operator.login);
  expect(sessions.map(({ state, because }) => `${state} ${because ?? ""}`).sort()).toEqual(["ended left", "live "]);

  // Leaving asks first.
  await openBar(page);
  await page.getByRole("button", { name: "退出", exact: true }).click();
  await expectAccessible(page, "leave?");
  await shot(page, "leave-zh-light");
  await page.getByRole("dialog").getByRole("button", { name: "退出" }).click();
  await page.getByText("您已退出桌面").waitFor();
  await shot(page, "left-zh-light");
  await expectAccessible(page, "left");
  await context.close();
}, 60_000);

test("his name stands over the picture, in full screen too; a shaky and a lost connection say so, and a return that is too late says why", async () => {
  const lines: WebSocketRoute[] = [];
  let silent = false;
  const operator = await lab.operator(accountId, ["rdp.connect"]);
  await operator.api.call("PUT", "/me/locale", { locale: "en" });
  const { context, page } = await visit(browser, { locale: "en", dark: true });
  await page.setViewportSize({ width: 1024, height: 700 });
  await page.routeWebSocket(/\/desktop$/, (line) => {
    lines.push(line);
    const server = line.connectToServer();
    server.onMessage((message) => {
      if (!silent) line.send(message);
    });
  });
  await signInPage(page, lab.house.http, operator, 1);
  await page.goto(`${lab.house.http}/access/${accountId}/desktop`);
  await untilDrawn(page);
  await page.locator(".tools").waitFor();
  await page.getByText(/^\d+ ms$/).waitFor();
  await shot(page, "live-en-dark-small");
  for (const panel of ["Keys", "Clipboard", "Files"]) {
    await page.getByRole("button", { name: panel, exact: true }).click();
    await expectAccessible(page, panel);
    await shot(page, `${panel.toLowerCase()}-en-dark-small`);
  }

  const marked = async (): Promise<boolean> =>
    page.evaluate(() => {
      const layer = document.querySelector<HTMLElement>(".watermark");
      const canvas = [...document.querySelectorAll("canvas")].sort(
        (a, b) => b.width * b.height - a.width * a.height,
      )[0];
      if (layer === null || canvas === undefined) return false;
      const over = layer.getBoundingClientRect();
      const under = canvas.getBoundingClientRect();
      // A layer may be larger than what is shown of it.
      const [right, bottom] = [Math.min(under.right, innerWidth), Math.min(under.bottom, innerHeight)];
      const covers = over.left <= under.left && over.top <= under.top && over.right >= right && over.bottom >= bottom;
      // Clicks pass through it; for a moment they do not, to ask what lies uppermost.
      layer.style.pointerEvents = "auto";
      const uppermost = document.elementFromPoint(under.left + 20, bottom - 20) === layer;
      layer.style.pointerEvents = "";
      return covers && uppermost && getComputedStyle(layer).backgroundImage.startsWith("url(");
    });
  expect(await marked()).toBe(true);
  await page.getByRole("button", { name: "Full screen" }).click();
  await page.getByRole("button", { name: "Leave full screen" }).waitFor();
  expect(await page.evaluate(() => document.fullscreenElement !== null)).toBe(true);
  expect(await marked()).toBe(true);
  await shot(page, "full-en-dark-small");
  await page.getByRole("button", { name: "Leave full screen" }).click();
  await page.getByRole("button", { name: "Hide" }).click();
  await page.locator(".grip").waitFor();
  await shot(page, "grip-en-dark-small");

  silent = true;
  await page.getByText("The connection is unstable").waitFor();
  await shot(page, "unstable-en-dark-small");
  silent = false;
  await page.getByText("The connection is unstable").waitFor({ state: "hidden" });

  await page.route("**/ticket", (route) => route.abort());
  await lines.at(-1)?.close();
  await page.getByText("The connection was lost").waitFor();
  await shot(page, "away-en-dark-small");
  const [session] = await sessionsOf(lab.house, operator.login);
  const carol = await lab.house.as("carol");
  await carol.call("POST", `/sessions/${session?.id ?? ""}/stop`, { reason: "that is enough" });
  await endedSession(lab.house, operator.login);
  await page.unroute("**/ticket");
  await page.getByText("A manager stopped the session.").waitFor();
  await shot(page, "stopped-en-dark-small");
  await expectAccessible(page, "stopped");

  // The grant is over: it cannot be opened again.
  await carol.call("POST", `/grants/${operator.grantId}/revocation`, { reason: "no longer needed" });
  await page.getByRole("button", { name: "Open again" }).click();
  await page.getByText("You have no grant for this desktop now.").waitFor();
  await shot(page, "refused-en-dark-small");
  await expectAccessible(page, "refused");
  await context.close();
}, 60_000);
