/** The register without a mouse: a vendor, its contract and its person are entered by keys alone, and focus is always to be seen. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit, type Visit } from "../support/browser.js";
import { startGatehouse, type Gatehouse } from "../support/gatehouse.js";

const MOST_TABS = 80;
const YEAR_MS = 365 * 86_400_000;
const VENDOR = "华信集成有限公司";

let house: Gatehouse;
let browser: Browser;
let grace: Visit;
beforeAll(async () => {
  [house, browser] = await Promise.all([startGatehouse(), openBrowser()]);
  grace = await visit(browser, { locale: "zh-CN" });
  const who = house.people.get("grace");
  if (who === undefined) throw new Error("the demo has no grace");
  await (await house.as("grace")).call("PUT", "/me/locale", { locale: "zh-CN" });
  await signInPage(grace.page, house.http, who, 1);
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});

/** What has the focus: its name as a reader of the page hears it, and whether its focus is drawn. */
const focused = (page: Page): Promise<{ readonly id: string; readonly name: string; readonly seen: boolean }> =>
  page.evaluate(() => {
    const at = document.activeElement as HTMLElement;
    if (at === document.body) return { id: "", name: "", seen: true };
    const label = at instanceof HTMLInputElement || at instanceof HTMLSelectElement ? at.labels?.[0]?.innerText : "";
    const drawn = (one: Element | null): boolean => {
      const style = one === null ? undefined : getComputedStyle(one);
      return style !== undefined && (style.outlineStyle !== "none" || style.boxShadow !== "none");
    };
    const inside = at.closest(".el-input__wrapper, .el-checkbox, .chooser");
    const mark = at.closest(".el-checkbox")?.querySelector(".el-checkbox__inner") ?? null;
    return {
      id: at.id,
      name: (at.getAttribute("aria-label") ?? label ?? "").trim() || at.innerText.trim(),
      seen: drawn(at) || drawn(inside) || drawn(mark),
    };
  });
/** Tab by Tab to what has this id or name; fails where the focus is not to be seen on the way. */
async function go(page: Page, to: string): Promise<void> {
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    const at = await focused(page);
    if (at.id === to || at.name.split(/\s/)[0] === to) return;
    await page.keyboard.press("Tab");
    const next = await focused(page);
    expect(next, `after ${at.name}`).toMatchObject({ seen: true });
  }
  throw new Error(`no way by Tab to ${to}`);
}
async function press(page: Page, name: string): Promise<void> {
  await go(page, name);
  await page.keyboard.press("Enter");
}
async function type(page: Page, id: string, text: string): Promise<void> {
  await go(page, id);
  await page.keyboard.type(text);
}
/** Arrow by arrow to the entry of a list that holds these words. */
async function choose(page: Page, id: string, words: string): Promise<void> {
  await go(page, id);
  const chosen = (): Promise<string> => page.locator(`#${id} option:checked`).innerText();
  for (let steps = 0; steps < MOST_TABS && !(await chosen()).includes(words); steps += 1)
    await page.keyboard.press("ArrowDown");
  expect(await chosen()).toContain(words);
}
/** As typed into a date's parts: month, day, year in this browser. */
async function date(page: Page, id: string, at: Date): Promise<void> {
  await go(page, id);
  const two = (n: number): string => String(n).padStart(2, "0");
  await page.keyboard.type(`${two(at.getMonth() + 1)}${two(at.getDate())}${String(at.getFullYear())}`);
}

test("vendor, contract and person are entered by keys alone", { timeout: 120_000 }, async () => {
  const { page, faults } = grace;
  await page.goto(`${house.http}/register?tab=vendors`);
  await press(page, "登记供应商");
  await type(page, "vendor-name", VENDOR);
  await press(page, "保存");
  await page.getByRole("rowheader", { name: VENDOR }).waitFor();
  await page.goto(`${house.http}/register?tab=contracts`);
  await press(page, "登记合同");
  await type(page, "contract-number", "HT-2026-200");
  await choose(page, "contract-vendor", "华信");
  await type(page, "contract-title", "运维");
  await date(page, "contract-from", new Date());
  await date(page, "contract-to", new Date(Date.now() + YEAR_MS));
  await choose(page, "contract-owner", "Carol");
  await go(page, "sandbox");
  await page.keyboard.press("Space");
  await go(page, "命令行");
  await page.keyboard.press("Space");
  await press(page, "保存");
  await page.getByRole("rowheader", { name: /HT-2026-200/ }).waitFor();
  await page.goto(`${house.http}/people`);
  await press(page, "新增人员");
  await type(page, "person-login", "zhangmin");
  await type(page, "person-name", "张敏");
  await choose(page, "person-vendor", "华信");
  await choose(page, "person-contract", "HT-2026-200");
  await choose(page, "person-sponsor", "Carol");
  await type(page, "person-identity", "11010119900307291X");
  await press(page, "保存");
  await page.getByText(/\/enrol#token=/).waitFor();
  expect(faults).toEqual([]);
});
