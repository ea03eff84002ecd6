/**
 * The whole walk of a desktop: Chromium into a real xrdp through a real guacd; a command typed, Chinese pasted; a second browser
 * watches and stops it; the auditor's replay at a chosen second shows what the operator saw then.
 */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit } from "../support/browser.js";
import { startDesktopLab, type DesktopLab } from "../support/desktop-lab.js";
import { ROOT, until } from "../support/gatehouse.js";
import { letGoAfterFailure } from "../support/let-go-of-guacd.js";
import { difference, drawnOn, untilDrawn, type Pixels } from "../support/pictures.js";
import { endedSession } from "../support/trail.js";

let lab: DesktopLab;
let browser: Browser;
beforeAll(async () => {
  lab = await startDesktopLab();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});
letGoAfterFailure(() => lab?.guacd);

const shot = (page: Page, name: string): Promise<Buffer> =>
  page.screenshot({ path: join(ROOT, "test", ".artifacts", "pages", `${name}.png`) });

/** The picture once it has stood still for a second. */
async function settled(page: Page): Promise<Pixels> {
  let last = await drawnOn(page);
  let since = Date.now();
  return until("the picture to stand still", async () => {
    const now = await drawnOn(page);
    if (difference(now, last) > 0) since = Date.now();
    last = now;
    return Date.now() - since > 1_000 ? now : false;
  });
}

test("a desktop is worked in, watched, stopped, and replayed as it was seen", async () => {
  const { accountId, user } = await lab.addDesktop();
  const operator = await lab.operator(accountId, ["rdp.connect", "rdp.paste"]);
  await operator.api.call("PUT", "/me/locale", { locale: "zh-CN" });
  const { context, page, faults } = await visit(browser, { locale: "zh-CN" });
  await signInPage(page, lab.house.http, operator, 1);
  await page.goto(`${lab.house.http}/access/${accountId}/desktop`);
  await user.untilShown(30_000).catch(async (error: unknown) => {
    await shot(page, "desktop-not-shown");
    const state = await user.run(
      "cat ~/.session.log; ps -o pid,stat,wchan:20,args -u $(id -un); xwininfo -root -tree | head -40",
    );
    console.log(state.toString(), lab.xrdp.log().slice(-3000));
    throw error;
  });
  await untilDrawn(page).catch(async (error: unknown) => {
    await shot(page, "desktop-not-drawn");
    console.log(lab.house.output(), lab.guacd.log(), lab.xrdp.log());
    throw error;
  });
  await settled(page);
  // The desktop follows the window. Guacamole rounds its canvas up to multiples of 64.
  await page.setViewportSize({ width: 1280, height: 768 });
  await until("the desktop to take the window's size", async () => {
    const { width, height } = await drawnOn(page);
    return width === 1280 && height === 768;
  });
  const empty = await settled(page);

  await page.mouse.click(400, 400);
  await page.keyboard.type("clear; printf 'gate %s\\n' house > ~/done; cat ~/done", { delay: 15 });
  await page.keyboard.press("Enter");
  await until(
    "the command to have run",
    async () => (await user.run("cat ~/done 2>/dev/null || true")).toString() === "gate house\n",
  );
  const typed = await settled(page);
  expect(difference(typed, empty)).toBeGreaterThan(0.0005);

  await shot(page, "desktop-typed-zh-light");
  await page.keyboard.press("Control+Alt+Shift");
  await shot(page, "desktop-bar-zh-light");
  await page.getByRole("button", { name: "剪贴板" }).click();
  await page.locator("textarea").last().fill("echo 网关记录一切 > ~/pasted");
  await shot(page, "desktop-clipboard-zh-light");
  await page.getByRole("button", { name: /^送|^发送/ }).click();
  await until("the text to arrive", async () => (await user.clipboard()).includes("网关记录一切"));
  await page.keyboard.press("Escape");
  await page.mouse.click(400, 400);
  await page.keyboard.press("Shift+Insert");
  // The desktop fetches the text only now, in its own time.
  await settled(page);
  await page.keyboard.press("Enter");
  await until(
    "the pasted command",
    async () => (await user.run("cat ~/pasted 2>/dev/null || true")).toString() === "网关记录一切\n",
  );
  const seen = await settled(page);
  const seenAt = Date.now();
  await shot(page, "desktop-zh-light");

  // The X server itself agrees with what the operator saw.
  expect(difference(seen, typed)).toBeGreaterThan(0);

  const approver = await lab.house.newPerson(["approver"]);
  const manager = await visit(browser, { locale: "en", dark: true });
  await signInPage(manager.page, lab.house.http, approver);
  await manager.page.goto(`${lab.house.http}/live`);
  await manager.page
    .getByRole("link", { name: /watch/i })
    .or(manager.page.getByRole("button", { name: /watch/i }))
    .first()
    .click();
  await untilDrawn(manager.page);
  await until("the watcher to see it", async () => difference(await drawnOn(manager.page), seen) === 0, 30_000);
  await shot(manager.page, "watch-desktop-en-dark");
  await page.keyboard.type("echo later", { delay: 15 });
  const later = await settled(page);
  expect(difference(later, seen)).toBeGreaterThan(0);
  await until("the watcher to see what came", async () => difference(await drawnOn(manager.page), later) === 0);

  await manager.page.getByRole("button", { name: /^stop/i }).first().click();
  await manager.page.getByRole("dialog").locator("textarea, input").first().fill("that is enough");
  const at = Date.now();
  await manager.page.getByRole("dialog").getByRole("button", { name: /stop/i }).last().click();
  await page
    .getByText("桌面已结束")
    .or(page.getByText(/已被强制断开/))
    .first()
    .waitFor();
  expect(Date.now() - at).toBeLessThan(2_000);
  await lab.guacd.untilIdle(2_000);
  await shot(page, "desktop-stopped-zh-light");
  expect(faults).toEqual([]);
  expect(manager.faults).toEqual([]);
  await context.close();
  await manager.context.close();

  const session = await endedSession(lab.house, operator.login);
  expect(session.because).toBe("stopped");
  const api = await lab.house.as("ivan");
  const verdict = await api.call("POST", `/recordings/${session.recordingId}/verification`);
  expect(verdict.verdict).toBe("complete");
  const { startedAt } = (await api.call("GET", `/sessions/${session.id}`)).session as { startedAt: number };
  const auditor = await visit(browser, { locale: "zh-CN" });
  await signInPage(auditor.page, lab.house.http, await lab.house.newPerson([], "audit"));
  await auditor.page.goto(`${lab.house.http}/sessions/${session.id}?t=${((seenAt - startedAt) / 1000).toFixed(1)}`);
  await untilDrawn(auditor.page);
  await until("the replay to show it", async () => difference(await drawnOn(auditor.page), seen) === 0, 15_000);
  await shot(auditor.page, "replay-desktop-zh-light");
  expect(auditor.faults).toEqual([]);
  await auditor.context.close();
}, 180_000);
