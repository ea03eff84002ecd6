/** The audit page in a real Chromium: one person's events, and what each says, in the reader's words. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit } from "../support/browser.js";
import { ROOT, startGatehouse, type Api, type Gatehouse } from "../support/gatehouse.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");

interface Event {
  readonly id: string;
  readonly verb: string;
  readonly actorId: string | null;
  readonly objectKind: string;
  readonly objectId: string;
  readonly leaf: string;
}

let house: Gatehouse;
let browser: Browser;
let ivan: Api;
let bob: string;
beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  [house, browser] = await Promise.all([startGatehouse(), openBrowser()]);
  ivan = await house.as("ivan");
  bob = (await ivan.call("GET", "/people?q=bob")).items[0].id as string;
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

const events = async (query: string): Promise<readonly Event[]> =>
  (await ivan.call("GET", `/audit/events?limit=200&${query}`)).items;

test("of a person the log shows what he did and what was done to him, page by page, and nobody else's", async () => {
  await house.as("bob");
  const whole = (await events("")).filter(
    (one) => one.actorId === bob || (one.objectKind === "person" && one.objectId === bob),
  );
  expect(whole.some((one) => one.actorId !== bob)).toBe(true);
  expect(whole.some((one) => one.objectId !== bob)).toBe(true);
  const ids = (items: readonly Event[]): string[] => items.map(({ id }) => id);
  expect(ids(await events(`person=${bob}`))).toEqual(ids(whole));
  const paged: Event[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: { items: Event[]; next: string | null } = await ivan.call(
      "GET",
      `/audit/events?limit=3&person=${bob}${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    paged.push(...page.items);
    cursor = page.next;
  }
  expect(ids(paged)).toEqual(ids(whole));
  const enrolled = await events(`person=${bob}&verb=person.enrolled`);
  expect(enrolled.map(({ verb }) => verb)).toEqual(["person.enrolled"]);
  expect(await events(`person=${bob}&objectId=nothing`)).toEqual([]);
  const read = (await events("verb=audit.viewed")).map(
    ({ leaf }) => (JSON.parse(leaf) as { detail: { person: string } }).detail,
  );
  expect(read.filter(({ person }) => person === bob).length).toBeGreaterThan(2);
  expect((await ivan.raw("GET", "/audit/events?person=bob")).status).toBe(400);
});

test.each([
  { locale: "zh-CN" as const, dark: true, labels: ["姓名 Bob (operator)", "角色 运维人员"] },
  { locale: "en" as const, dark: false, labels: ["name Bob (operator)", "role Operator"] },
])("an auditor picks a person and reads the details in $locale", async ({ locale, dark, labels }) => {
  const who = house.people.get(locale === "en" ? "judy" : "ivan");
  if (who === undefined) throw new Error("the demo has no auditor");
  const { context, page, faults } = await visit(browser, { locale, dark });
  await (await house.as(who.login)).call("PUT", "/me/locale", { locale });
  await signInPage(page, house.http, who, 1);
  await page.goto(`${house.http}/audit`);
  await page.locator("tbody tr").first().waitFor();
  await page.getByRole("search").locator("select").nth(1).selectOption({ label: "Bob (operator) (bob)" });
  await page.getByRole("search").locator("button[type=submit]").click();
  await page.waitForURL(`${house.http}/audit?person=${bob}`);
  for (const label of labels) await page.locator("tbody").first().getByText(label).first().waitFor();
  expect(await page.locator("tbody").first().innerText()).not.toMatch(/displayName|Carol/);
  await page.screenshot({ path: join(SHOTS, `audit-person-${locale}.png`), fullPage: true });
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id)).toEqual(
    [],
  );
  await page.reload();
  await page
    .locator("tbody")
    .first()
    .getByText(labels[0] ?? "")
    .first()
    .waitFor();
  expect(faults).toEqual([]);
  await context.close();
});
