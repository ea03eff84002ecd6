/** Choosing one of more than an answer holds, on the page: people, vendors and contracts are found by name. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit } from "../support/browser.js";
import { ROOT, startGatehouse, type Api, type Gatehouse } from "../support/gatehouse.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");
/** One answer holds 200. */
const PEOPLE = 230;
let house: Gatehouse;
let browser: Browser;
let grace: Api;
let page: Page;
beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  [house, browser] = await Promise.all([startGatehouse(), openBrowser()]);
  grace = await house.as("grace");
  const names = Array.from({ length: PEOPLE }, (_, n) => `crew${String(n).padStart(3, "0")}`);
  const lines = names.map((login) => `${login},Crew ${login.slice(4)},operator`);
  const report = await fetch(`${house.http}/api/v1/imports/people`, {
    method: "POST",
    headers: { "x-gatehouse": "1", cookie: grace.cookie, "content-type": "application/octet-stream" },
    body: ["login,name,roles", ...lines].join("\n"),
  });
  expect([report.status, ((await report.json()) as { created: number }).created]).toEqual([200, PEOPLE]);
  const who = house.people.get("grace");
  if (who === undefined) throw new Error("the demo has no grace");
  page = (await visit(browser, { locale: "en" })).page;
  await signInPage(page, house.http, who, 1);
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

test("an entitlement goes to someone whom the first answer does not hold", async () => {
  await page.goto(`${house.http}/entitlements`);
  await page.getByRole("button", { name: "Add an entitlement" }).click();
  const dialog = page.getByRole("dialog");
  const person = dialog.locator("#entitled-person");
  await dialog.getByText("There are more: find by name.").waitFor();
  expect(await person.locator("option", { hasText: "crew000" }).count()).toBe(0);
  await dialog.getByRole("searchbox").first().fill("crew000");
  await person.locator("option", { hasText: "(crew000" }).waitFor({ state: "attached" });
  const [label] = await person.locator("option", { hasText: "(crew000" }).allInnerTexts();
  await person.selectOption({ label: label ?? "" });
  await dialog.getByRole("searchbox").first().fill("crew01");
  await person.locator("option", { hasText: "(crew013" }).waitFor({ state: "attached" });
  expect(await person.locator("option:checked").innerText()).toBe(label);
  await dialog.locator("#entitled-account").selectOption({ index: 1 });
  await dialog
    .getByRole("group")
    .or(dialog.getByText("Actions", { exact: true }))
    .first()
    .waitFor();
  await page.screenshot({ path: join(SHOTS, "choosing.png") });
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  const id = (await grace.call("GET", "/people?q=crew000")).items[0].id as string;
  expect((await grace.call("GET", `/entitlements?personId=${id}`)).items).toMatchObject([{ personLogin: "crew000" }]);
});

test("a sponsor is found by name, and stays chosen while another is looked for", async () => {
  await page.goto(`${house.http}/people`);
  await page.getByRole("button", { name: "Add a person" }).click();
  const sponsor = page.locator("#person-sponsor");
  const field = page.locator("input[aria-controls=person-sponsor]");
  await field.fill("dave");
  await sponsor.locator("option", { hasText: "(dave" }).waitFor({ state: "attached" });
  const [label] = await sponsor.locator("option", { hasText: "(dave" }).allInnerTexts();
  await sponsor.selectOption({ label: label ?? "" });
  await field.fill("no such name");
  await expect.poll(() => sponsor.locator("option").count()).toBe(2);
  expect(await sponsor.locator("option:checked").innerText()).toBe(label);
});
