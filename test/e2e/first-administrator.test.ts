/** A real installation from nothing: the one-time link, enrolment with the QR page, the second administrator, and what is closed until then. */
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit } from "../support/browser.js";
import { Api, lastCode, ROOT, startGatehouse, until, type Gatehouse } from "../support/gatehouse.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");
let house: Gatehouse;
let browser: Browser;
beforeAll(async () => {
  house = await startGatehouse({ demo: false });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

test("the printed link makes the first security administrator in the browser, once", async () => {
  const link = /http:\S+\/bootstrap#\S+/.exec(house.output())?.[0] ?? "";
  expect(link).toContain("#token=");
  const { context, page, faults } = await visit(browser, { locale: "zh-CN" });
  await page.goto(link);
  await page.locator("#login").fill("first");
  await page.locator("#name").fill("第一位安全管理员");
  await page.screenshot({ path: join(SHOTS, "bootstrap-zh-CN-light.png") });
  await page.keyboard.press("Enter");
  await page.waitForURL(/enrol/);
  const secret = await until(
    "the secret",
    async () => /[A-Z2-7]{32}/.exec((await page.locator("main, body").first().innerText()).replaceAll(/\s/g, ""))?.[0],
  );
  expect(await page.locator('img[width="168"]').getAttribute("src")).toMatch(/^data:image\/svg/);
  await page.locator("#password").fill("a-long-enough-sentence-1");
  await page.locator("#again").fill("a-long-enough-sentence-1");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical")).toEqual([]);
  await page.screenshot({ path: join(SHOTS, "enrol-zh-CN-light.png"), fullPage: true });
  await page.locator("#code").fill(await lastCode(secret, "page"));
  await page.keyboard.press("Enter");
  await page.locator("input[type=checkbox]").waitFor({ state: "attached" });
  await page.screenshot({ path: join(SHOTS, "recovery-zh-CN-light.png") });
  const who = { login: "first", password: "a-long-enough-sentence-1", totp: secret };
  await signInPage(page, house.http, who);
  await page.waitForURL(/people/);
  expect(faults).toEqual([]);
  await context.close();

  const nobody = new Api(house.http);
  const token = decodeURIComponent(link.split("#token=")[1] ?? "");
  const again = await nobody.raw("POST", "/auth/bootstrap", { token, login: "second", displayName: "x", locale: "en" });
  expect(again.ok).toBe(false);

  const api = await new Api(house.http).signIn(who, 1);
  for (const power of ["system", "audit"]) {
    await api.call("POST", "/people", { login: `one-${power}`, displayName: power, locale: "en", power, roles: [] });
  }
  expect((await nobody.call("GET", "/auth/installation")).bootstrap).toBe(true);
  const both = await api.raw("POST", "/people", {
    login: "both",
    displayName: "both",
    locale: "en",
    power: "audit",
    roles: ["operator"],
  });
  expect(((await both.json()) as { code: string }).code).toBe("exclusive-powers");
});

test("the link is not printed again, and no demo takes this folder", async () => {
  await house.kill("SIGTERM");
  const before = house.output().length;
  await house.restart();
  expect(house.output().slice(before)).not.toContain("/bootstrap#");
});
