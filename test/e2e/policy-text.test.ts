/**
 * The second person reads what he confirms: every changed file, line by line, as it was proposed. In real Chromium, with a folder that changed
 * again meanwhile, with characters that would mislead, and with texts that are far too long.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit, type Visit } from "../support/browser.js";
import { Api, ROOT, startGatehouse, type Gatehouse } from "../support/gatehouse.js";
import { policyFolder } from "../support/policy-folder.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");
const DUTY = "declarations/recording.en.md";
const LINES = 10_000;

let house: Gatehouse;
let browser: Browser;
let policies: string;
let grace: Api;
let heidi: Visit;
const spoilt = new Map<string, string>();

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  policies = policyFolder(90);
  house = await startGatehouse({ env: { GATEHOUSE_POLICIES: policies } });
  grace = await house.as("grace");
  browser = await openBrowser();
  heidi = await visit(browser, { locale: "en" });
  const who = house.people.get("heidi");
  if (who === undefined) throw new Error("nobody is called heidi");
  await signInPage(heidi.page, house.http, who);
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
  rmSync(policies, { recursive: true, force: true });
});
afterEach(() => {
  // A browser calls it an error when the gate says that the folder holds something else by now.
  expect(heidi.faults.filter((one) => !one.includes("status of 409"))).toEqual([]);
});

const path = (name: string): string => join(policies, name);
async function proposeIt(): Promise<string> {
  const { inFolder, fault } = await grace.call("GET", "/policy");
  expect(fault).toBeNull();
  return (await grace.call("POST", "/policy", { digest: inFolder, reason: "Keys for half a shift" })).id as string;
}
/** What lies in the folder is another one again; the proposed one comes back with `restore`. */
function spoil(name: string): void {
  spoilt.set(name, readFileSync(path(name), "utf8"));
  appendFileSync(path(name), "\n// harmless words\n");
}
function restore(): void {
  for (const [name, text] of spoilt) writeFileSync(path(name), text);
}
async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SHOTS, `policy-text-${name}.png`), fullPage: true });
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(
    serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160) ?? ""}`),
    name,
  ).toEqual([]);
}
async function choose(language: string, theme: string): Promise<void> {
  await heidi.page.goto(`${house.http}/me`);
  await heidi.page.getByRole("button", { name: theme, exact: true }).click();
  await heidi.page.getByRole("button", { name: language, exact: true }).click();
  await heidi.page.waitForLoadState("networkidle");
}
const open = async (id: string): Promise<void> => {
  await heidi.page.goto(`${house.http}/proposals`);
  expect(await heidi.page.getByRole("button", { name: "Confirm", exact: true }).count()).toBe(0);
  await heidi.page.locator(`a[href="/proposals/${id}"]`).click();
  await heidi.page.getByRole("heading", { name: "access.cedar" }).waitFor();
};

test(
  "the text is the proposed one with every trick marked; a new yes follows from reading",
  { timeout: 180_000 },
  async () => {
    const signIn = readFileSync(path("sign-in.yaml"), "utf8");
    writeFileSync(path("sign-in.yaml"), signIn.replace("longest: 12h, until", "longest: 6h, until"));
    appendFileSync(path(DUTY), "\nWhat you type is kept as well.\n");
    const cedar = readFileSync(path("access.cedar"), "utf8");
    const tricks =
      "// never for \u202eelosnoc\u202c the c\u043ensole\u200b \u05e9\u05dc\u05d5\u05dd\r\n// <img src=x onerror=alert(1)> 绝不允许（注释）\u001b[2K";
    writeFileSync(path("access.cedar"), `${cedar.replace(/\n/, " // first\n")}${tricks}`);
    const id = await proposeIt();
    spoil("access.cedar");
    await open(id);
    const { page } = heidi;
    const file = (name: string) => page.getByRole("region", { name });
    const added = async (name: string): Promise<string[]> => file(name).locator("tr.added .own").allInnerTexts();
    expect(await added(DUTY)).toContain("What you type is kept as well.");
    const lines = await added("access.cedar");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toBe(
      "// never for U+202EelosnocU+202C the cо U+043EnsoleU+200B שלום U+05E9 U+05DC U+05D5 U+05DDCR",
    );
    expect(lines[2]).toContain("// <img src=x onerror=alert(1)> 绝不允许（注释）ESC[2K");
    expect(lines[2]).toContain("no line break at the end");
    expect(await page.getByText("harmless words").count()).toBe(0);
    const settings = page.getByRole("region", { name: "Settings that change" });
    expect(await settings.getByRole("row", { name: /deviceKeys\.longest/ }).innerText()).toMatch(/12h\s+6h/);
    const row = file("sign-in.yaml").locator("tr.added").first();
    expect(await row.innerText()).toContain("comes in:");
    await shot(page, "en-light");
    const fold = file("sign-in.yaml")
      .getByRole("button", { name: /unchanged lines/ })
      .first();
    const before = await file("sign-in.yaml").locator("tr").count();
    await fold.focus();
    await page.keyboard.press("Enter");
    expect(await file("sign-in.yaml").locator("tr").count()).toBeGreaterThan(before);
    await choose("中文", "Dark");
    await page.goto(`${house.http}/proposals/${id}`);
    await page.getByText("确认的就是这里的内容").waitFor();
    await shot(page, "zh-dark");
    await choose("English", "浅色");
    await open(id);

    expect((await new Api(house.http).raw("GET", `/proposals/${id}/text`)).status).toBe(401);
    expect((await (await house.as("ivan")).raw("GET", `/proposals/${id}/text`)).status).toBe(404);
    expect((await (await house.as("alice")).raw("GET", `/proposals/${id}/text`)).status).toBe(403);

    expect(await page.getByText("Not everything was shown yet").count()).toBe(0);
    await page.getByRole("button", { name: "Confirm", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Confirm", exact: true }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    restore();
    await page.getByRole("dialog").getByRole("button", { name: "Confirm", exact: true }).click();
    await page.waitForURL(`${house.http}/proposals`);
    const { inForce, inFolder } = await grace.call("GET", "/policy");
    expect(inForce).toBe(inFolder);
  },
);

test("a text that is far too long opens in parts, and is not confirmed in silence", { timeout: 180_000 }, async () => {
  const many = Array.from({ length: LINES }, (_, at) => `// line ${String(at)}\n`).join("");
  appendFileSync(path("access.cedar"), `\n${many}`);
  appendFileSync(path("review.cedar"), `\n// ${"x\u202e".repeat(150_000)}\n`);
  const id = await proposeIt();
  const began = Date.now();
  await open(id);
  const { page } = heidi;
  await page.getByText(/Not everything was shown yet/).waitFor();
  expect(Date.now() - began).toBeLessThan(15_000);
  const file = page.getByRole("region", { name: "access.cedar" });
  expect(await file.locator("tr").count()).toBeLessThan(205);
  await file.getByText(/Part 1 of 5\d/).waitFor();
  await page.screenshot({ path: join(SHOTS, "policy-text-long.png") });
  await page.getByRole("button", { name: "Confirm", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Still to open: access.cedar, review.cedar").waitFor();
  const yes = dialog.getByRole("button", { name: "Confirm", exact: true });
  expect(await yes.isDisabled()).toBe(true);
  await page.screenshot({ path: join(SHOTS, "policy-text-long-confirm.png") });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  const later = file.getByRole("button", { name: "Next part" });
  while (await later.isEnabled()) await later.click();
  expect(await file.locator("tr.added .own").allInnerTexts()).toContain(`// line ${String(LINES - 1)}`);
  await page.getByText("Still to open: review.cedar.").first().waitFor();
  await page.getByRole("button", { name: "Confirm", exact: true }).click();
  expect(await yes.isDisabled()).toBe(true);
  await dialog.locator("label.el-checkbox").click();
  expect(await yes.isDisabled()).toBe(false);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  const health = Date.now();
  await grace.call("GET", "/me");
  expect(Date.now() - health).toBeLessThan(2000);
});
