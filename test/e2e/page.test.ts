/** The page in a real Chromium: every place in both languages and themes, reachable, without console errors or serious axe faults. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, signInPage, visit } from "../support/browser.js";
import { Api, ROOT, until } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");
const TABS = ["contracts", "vendors", "units", "files"] as const;
const PLACES: Readonly<Record<string, readonly string[]>> = {
  operator: ["/access", "/access/ask", "/me", "/declarations", "/a/GONE-GONE"],
  approver: ["/decisions", "/live", "/reviews"],
  confirmer: ["/proposals"],
  audit: ["/sessions", "/search", "/audit", "/alerts", "/evidence", "/proposals"],
  security: [
    "/people",
    "/entitlements",
    "/proposals",
    "/safeguards",
    "/reviews",
    ...TABS.map((tab) => `/register?tab=${tab}`),
  ],
  system: ["/assets"],
};
/** Shown to who is not signed in. */
const OPEN = ["/sign-in", "/sign-in/oidc?code=odd&state=odd", "/break-glass", "/enrol"];

let lab: Lab;
let browser: Browser;
let sessionId: string;
let enrolmentToken: string;
const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  lab = await startLab();
  browser = await openBrowser();
  const operator = await lab.operator(["ssh.shell", "sftp.read"]);
  const client = await operator.client();
  const child = client.start("ssh", client.arguments(operator.target, ["-tt"]));
  child.stdin.write("export PS1='$ '\necho marked-in-the-player\n");
  await new Promise((next) => setTimeout(next, 1_500));
  child.stdin.write("ls -la /\nexit\n");
  await new Promise((resolve) => child.once("close", resolve));
  const auditor = await lab.house.as("ivan");
  const session = await until("the session's end", async () => {
    const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
    return items.find((one: { state: string }) => one.state === "ended");
  });
  sessionId = session.id;
  await auditor.call("POST", "/holds", { sessionId, reason: "Part of the inquiry after the outage of October" });
  await fillRegister();
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

/** What the lists show: a vendor with a contract near its end, a unit, an outside person, proposals that wait. */
async function fillRegister(): Promise<void> {
  const security = await lab.house.as("grace");
  const { items: units } = await security.call("GET", "/units");
  const unitId = units.find((one: { parentId: string | null }) => one.parentId === null).id as string;
  await security.call("POST", "/units", { parentId: unitId, name: "南区数据中心" });
  const vendor = await security.call("POST", "/vendors", {
    unitId,
    name: "华信集成有限公司",
    registrationNumber: null,
    parentId: null,
  });
  const sub = await security.call("POST", "/vendors", {
    unitId,
    name: "蓝桥运维工作室",
    registrationNumber: null,
    parentId: vendor.id,
  });
  const { items: staff } = await security.call("GET", "/people?q=carol");
  const contract = await security.call("POST", "/contracts", {
    unitId,
    vendorId: vendor.id,
    number: "HT-2026-117",
    title: "Operation of the web servers",
    scope: { assetIds: [lab.asset.id], accountIds: [], actions: ["ssh.shell", "ssh.exec", "sftp.read"] },
    fromDate: day(-300),
    toDate: day(20),
    ownerId: staff[0].id,
  });
  const duties = await fetch(`${lab.house.http}/api/v1/contracts/${contract.id}/duties?name=duties.pdf`, {
    method: "PUT",
    headers: { "x-gatehouse": "1", cookie: security.cookie, "content-type": "application/octet-stream" },
    body: "%PDF-1.4 the duties, signed",
  });
  expect(duties.ok).toBe(true);
  const made = await security.call("POST", "/people", {
    login: "zhangmin",
    displayName: "张敏",
    locale: "zh-CN",
    power: null,
    roles: ["operator"],
    vendorId: sub.id,
    contractId: contract.id,
    sponsorId: staff[0].id,
    identityNumber: "11010119900307291X",
  });
  enrolmentToken = made.enrolmentToken;
  await security.call("POST", "/entitlements", {
    personId: made.person.id,
    accountId: lab.account.id,
    actions: ["ssh.exec", "sftp.read"],
    to: null,
  });
  const { items: bobs } = await security.call("GET", "/people?q=bob");
  await security.call("PATCH", `/people/${bobs[0].id}`, {
    roles: ["operator", "approver"],
    reason: "Stands in for dave",
  });
}

async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(
    serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`),
    where,
  ).toEqual([]);
}

/** `/register?tab=files` → `-register-files`; a token in the address is left out. */
const nameOf = (place: string): string =>
  place
    .replace(/#.*/, "-link")
    .replace(/\?(tab=)?/, "-")
    .replaceAll(/[/=&]/g, "-");

describe.each([
  { locale: "zh-CN" as const, dark: false },
  { locale: "en" as const, dark: false },
  { locale: "zh-CN" as const, dark: true },
  { locale: "en" as const, dark: true },
])("in $locale, dark: $dark", ({ locale, dark }) => {
  const shot = (name: string): string => join(SHOTS, `${name}-${locale}-${dark ? "dark" : "light"}.png`);

  test("what is open to everybody", async () => {
    const { context, page, faults } = await visit(browser, { locale, dark });
    for (const place of [...OPEN, `/enrol#token=${enrolmentToken}`]) {
      await page.goto("about:blank");
      await page.goto(`${lab.house.http}${place}`);
      await page.locator("h1").first().waitFor();
      await page.waitForLoadState("networkidle");
      expect(await page.locator("html").getAttribute("lang")).toBe(locale);
      await expectAccessible(page, place);
      await page.screenshot({ path: shot(`open${nameOf(place)}`), fullPage: true });
    }
    expect(faults).toEqual([]);
    await context.close();
  });

  test.each(Object.entries(PLACES))("every place of %s", async (role, places) => {
    const { context, page, faults } = await visit(browser, { locale, dark });
    const powers = ["audit", "security", "system"];
    const who = powers.includes(role) ? await lab.house.newPerson([], role) : await lab.house.newPerson([role]);
    const api = await new Api(lab.house.http).signIn(who);
    await api.call("PUT", "/me/locale", { locale });
    await signInPage(page, lab.house.http, who, 1);
    for (const place of places) {
      await page.goto(`${lab.house.http}${place}`);
      await page.locator("main h1, h1").first().waitFor();
      await page.waitForLoadState("networkidle");
      await expectAccessible(page, place);
      await page.screenshot({ path: shot(`${role}${nameOf(place)}`), fullPage: true });
    }
    if (role === "audit") {
      await page.goto(`${lab.house.http}/sessions/${sessionId}?t=1`);
      await page.locator(".xterm").waitFor();
      await until(
        "the player's first picture",
        async () =>
          (await page.locator(".xterm-rows, .xterm-screen").first().innerText()).includes("marked-in-the-player"),
        10_000,
      );
      await expectAccessible(page, "player");
      await page.screenshot({ path: shot("player") });
    }
    expect(faults).toEqual([]);
    await context.close();
  });
});

test.each([
  { locale: "zh-CN" as const, dark: false, words: { person: "新增人员", contract: "登记合同", vendor: "登记供应商" } },
  {
    locale: "en" as const,
    dark: true,
    words: { person: "Add a person", contract: "Enter a contract", vendor: "Enter a vendor" },
  },
])("the forms of the register in $locale, dark: $dark", async ({ locale, dark, words }) => {
  const { context, page, faults } = await visit(browser, { locale, dark });
  const who = await lab.house.newPerson([], "security");
  await (await new Api(lab.house.http).signIn(who)).call("PUT", "/me/locale", { locale });
  await signInPage(page, lab.house.http, who, 1);
  const show = async (name: string): Promise<void> => {
    await expectAccessible(page, name);
    await page.screenshot({ path: join(SHOTS, `form-${name}-${locale}.png`), fullPage: true });
  };
  await page.goto(`${lab.house.http}/people`);
  await page.getByRole("button", { name: words.person }).click();
  await page.locator("#person-vendor").selectOption({ label: "蓝桥运维工作室 › 华信集成有限公司" });
  await page.locator("#person-contract").selectOption({ index: 1 });
  await show("person");
  await page.goto(`${lab.house.http}/register?tab=contracts`);
  await page.getByRole("button", { name: words.contract }).click();
  await page.locator("label.el-checkbox", { hasText: "web-01" }).click();
  await page.locator("#contract-to").fill("2026-12-31");
  await page.getByText(locale === "en" ? "2026-12-31 Thu" : "2026-12-31 周四").waitFor();
  await show("contract");
  await page.goto(`${lab.house.http}/register?tab=vendors`);
  await page.getByRole("button", { name: words.vendor }).click();
  await show("vendor");
  expect(faults).toEqual([]);
  await context.close();
});

test("foreign text is text: markup in a reason or name neither runs nor hides", async () => {
  const person = await lab.house.newPerson(["operator"]);
  await (
    await lab.house.as("grace")
  ).call("POST", "/entitlements", { personId: person.id, accountId: lab.account.id, actions: ["ssh.exec"], to: null });
  const api = await new Api(lab.house.http).signIn(person);
  const reason = `<img src=x onerror="window.hit=1"><b>bold</b> {{7*7}}`;
  await api.call("POST", "/requests", {
    items: [{ accountId: lab.account.id, actions: ["ssh.exec"] }],
    reason,
    workOrder: "W",
    durationMs: 600_000,
  });
  const { context, page, faults } = await visit(browser, { locale: "en" });
  const approver = await lab.house.newPerson(["approver"]);
  await signInPage(page, lab.house.http, approver);
  await page.goto(`${lab.house.http}/decisions`);
  await page.getByText(person.login, { exact: false }).first().click();
  await until("the reason", async () => (await page.locator("body").innerText()).includes(reason));
  expect(await page.evaluate(() => (window as { hit?: number }).hit)).toBeUndefined();
  expect(faults).toEqual([]);
  await context.close();
});

test("what a page fetches by itself while nobody is at it says so, and what a hand at it leads to does not", async () => {
  const person = await lab.house.newPerson(["operator"]);
  await (
    await lab.house.as("grace")
  ).call("POST", "/entitlements", { personId: person.id, accountId: lab.account.id, actions: ["ssh.exec"], to: null });
  const api = await new Api(lab.house.http).signIn(person);
  const { context, page } = await visit(browser, { locale: "en" });
  await page.addInitScript(() => {
    const now = performance.now.bind(performance);
    let later = 0;
    performance.now = () => now() + later;
    Object.assign(window, { leave: () => (later += 120_000) });
  });
  await signInPage(page, lab.house.http, await lab.house.newPerson(["approver"]));
  await page.goto(`${lab.house.http}/decisions`);
  await page.locator("main h1").waitFor();
  const marks: (string | undefined)[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/api/v1/requests") marks.push(request.headers()["x-gatehouse-unattended"]);
  });
  await page.evaluate(() => (window as unknown as { leave(): void }).leave());
  const { id } = await api.call("POST", "/requests", {
    items: [{ accountId: lab.account.id, actions: ["ssh.exec"] }],
    reason: "The nightly copy did not come",
    workOrder: "W",
    durationMs: 600_000,
  });
  await until("the page's own fetch", async () => marks.length > 0);
  expect(new Set(marks)).toEqual(new Set(["1"]));
  marks.length = 0;
  await page.mouse.move(40, 40);
  await api.call("DELETE", `/requests/${id}`);
  await until("the fetch of an attended page", async () => marks.length > 0);
  expect(new Set(marks)).toEqual(new Set([undefined]));
  await context.close();
});

test("the page is served under a strict Content-Security-Policy, without inline script", async () => {
  const response = await fetch(`${lab.house.http}/`);
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self'(;|$)/);
  expect(policy).toContain("frame-ancestors 'none'");
  const html = await response.text();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
  expect(html).not.toMatch(/\son\w+=/);
});
