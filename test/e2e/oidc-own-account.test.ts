/**
 * One's own account and a real OpenID provider, in real Chromiums: linking it on the page, with what is refused there, and signing in by
 * it with a passkey as the second factor. The gateway's clock is moved to where the second factor was shown too long ago.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openBrowser, signInPage, visit, type Visit } from "../support/browser.js";
import { startClockShift, type ClockShift } from "../support/clock-shift.js";
import { ROOT, startGatehouse, until, type Credentials, type Gatehouse } from "../support/gatehouse.js";
import { startOidcProvider, type TestOidcProvider } from "../support/oidc-provider.js";
import { addVirtualAuthenticator, type VirtualAuthenticator } from "../support/virtual-authenticator.js";

const SHOTS = join(ROOT, "test", ".artifacts", "pages");
const STEP_UP_MS = 10 * 60_000;
const PROVIDER = "Bureau login";

interface Seat extends Visit {
  readonly person: Credentials & { readonly id: string };
  readonly device: VirtualAuthenticator;
}

let house: Gatehouse;
let provider: TestOidcProvider;
let clock: ClockShift;
let browser: Browser;
let folder: string;
let alice: Seat;
let bob: Seat;

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "gatehouse-own-account-"));
  provider = await startOidcProvider();
  clock = startClockShift();
  house = await startGatehouse({ env: { ...clock.env } });
  const { clientId, clientSecret } = provider.addClient(`${house.http}/sign-in/oidc`);
  writeFileSync(join(folder, "oidc"), clientSecret, { mode: 0o600 });
  await house.kill("SIGTERM");
  await house.restart({
    GATEHOUSE_OIDC_ISSUER: provider.issuer,
    GATEHOUSE_OIDC_CLIENT_ID: clientId,
    GATEHOUSE_OIDC_CLIENT_SECRET_FILE: join(folder, "oidc"),
    GATEHOUSE_OIDC_NAME: PROVIDER,
  });
  for (const account of ["wangfang", "lilei"]) provider.addAccount({ account, sub: `s-${account}`, groups: [] });
  browser = await openBrowser();
  [alice, bob] = [await seat(), await seat()];
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
  await provider?.stop();
  clock?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  // A browser calls it an error when the gate takes no socket of a page session that is over, and when it says that something is there already.
  const faults = [alice, bob].flatMap((one) => one.faults);
  expect(faults.filter((one) => !/WebSocket.*Authentication failed|status of 409/.test(one))).toEqual([]);
});

/** An operator at a browser of his own, signed in, with a passkey. */
async function seat(): Promise<Seat> {
  const person = await house.newPerson(["operator"]);
  const opened = await visit(browser, { locale: "en" });
  const { page } = opened;
  const device = await addVirtualAuthenticator(page);
  await signInPage(page, house.http, person);
  await page.goto(`${house.http}/me`);
  await page.locator("#passkey-name").fill("laptop");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("rowheader", { name: "laptop" }).waitFor();
  return { ...opened, person, device };
}

async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SHOTS, `oidc-${name}.png`) });
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(
    serious.map(({ id }) => id),
    name,
  ).toEqual([]);
}
const link = (page: Page) => page.getByRole("button", { name: `Link my account at ${PROVIDER}` });
/** The provider's own form; asked once a browser. */
async function atProvider(page: Page, account: string): Promise<void> {
  await page.locator("#account").fill(account);
  await page.keyboard.press("Enter");
}
/** Who the page's session is, or nobody. */
const whoIs = (page: Page): Promise<string | null> =>
  page.evaluate(async () => {
    const answer = await fetch("/api/v1/me");
    return answer.ok ? ((await answer.json()) as { login: string }).login : null;
  });
async function links(seated: Seat): Promise<readonly string[]> {
  const { items } = await (await house.as("grace")).call("GET", `/people/${seated.person.id}/directory-links`);
  return (items as { subject: string }[]).map(({ subject }) => subject);
}
/** The leaves of the log, newest first. */
async function events(verb: string): Promise<readonly string[]> {
  const { items } = await (await house.as("ivan")).call("GET", `/audit/events?verb=${verb}`);
  return (items as { leaf: string }[]).map(({ leaf }) => leaf);
}
async function signOut(page: Page): Promise<void> {
  await page.evaluate(() =>
    fetch("/api/v1/auth/session", { method: "DELETE", headers: { "x-gatehouse": "1" } }).then(() => undefined),
  );
}

test("whoever cancels at the provider has linked nothing", async () => {
  const { page } = alice;
  await page.goto(`${house.http}/me`);
  await link(page).click();
  await page.locator("#cancel").click();
  await page.getByText("answer was not accepted", { exact: false }).waitFor();
  await page.getByRole("link", { name: "My account" }).click();
  await link(page).waitFor();
  expect(await links(alice)).toEqual([]);
});

test("one's own account is linked by signing in at the provider, from the page and back to it", async () => {
  const { page, person } = alice;
  await page.goto(`${house.http}/me`);
  await link(page).click();
  await atProvider(page, "wangfang");
  await page.getByRole("rowheader", { name: "s-wangfang" }).waitFor();
  expect(await link(page).count()).toBe(0);
  await shot(page, "linked");
  expect(await links(alice)).toEqual(["s-wangfang"]);
  expect(await events("person.directory-linked")).toEqual([expect.stringContaining(`"actor":{"id":"${person.id}"`)]);
});

test("an entry that is somebody else's is linked to nobody, and the page says so", async () => {
  const { page, person } = bob;
  await page.goto(`${house.http}/me`);
  await link(page).click();
  await atProvider(page, "wangfang");
  await page.getByText("Nothing was linked", { exact: false }).waitFor();
  await shot(page, "taken");
  expect(await links(bob)).toEqual([]);
  expect(await links(alice)).toEqual(["s-wangfang"]);
  expect(await whoIs(page)).toBe(person.login);
});

test("nobody is linked twice, also past the page", async () => {
  const { page } = alice;
  const url = await page.evaluate(async () => {
    const answer = await fetch("/api/v1/me/directory-link/start", { method: "POST", headers: { "x-gatehouse": "1" } });
    return ((await answer.json()) as { url: string }).url;
  });
  const came = await provider.signIn(url, "lilei");
  await page.goto(`${house.http}${came.pathname}${came.search}`);
  await page.getByText("Nothing was linked", { exact: false }).waitFor();
  expect(await links(alice)).toEqual(["s-wangfang"]);
});

test("signing in by the provider asks for a passkey here: nobody else's, and not without the person", async () => {
  const { page, person, device } = alice;
  await signOut(page);
  await page.goto(`${house.http}/sign-in`);
  await page.getByRole("button", { name: `Sign in with ${PROVIDER}` }).click();
  await page.getByText("a second factor is still needed", { exact: false }).waitFor();
  await shot(page, "half");
  expect(await whoIs(page)).toBeNull();
  const [own] = await device.credentials();
  const [others] = await bob.device.credentials();
  if (own === undefined || others === undefined) throw new Error("somebody has no passkey");
  const use = page.getByRole("button", { name: "Use a passkey" });

  await device.take(others);
  await device.forget(own.credentialId);
  await use.click();
  await page.getByText("Sign-in did not succeed", { exact: false }).waitFor();
  expect(await whoIs(page)).toBeNull();

  await device.forget(others.credentialId);
  await device.take(own);
  await device.verifies(false);
  await use.click();
  await page.getByText("The browser gave no passkey", { exact: false }).waitFor();
  expect(await whoIs(page)).toBeNull();

  await device.verifies(true);
  await use.click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  expect(await whoIs(page)).toBe(person.login);
  expect(await events("person.sign-in-failed")).toContainEqual(expect.stringContaining("wrong-second-factor"));
  await page.goto(`${house.http}/me`);
  await page.getByText("single sign-on", { exact: true }).first().waitFor();
});

test("linking asks for the second factor again when it was shown too long ago", async () => {
  const { page, context } = bob;
  // The provider asks anew who he is.
  await context.clearCookies({ name: /^_/ });
  await clock.move(STEP_UP_MS + 60_000);
  await page.goto(`${house.http}/me`);
  const before = provider.requests.length;
  await link(page).click();
  const question = page.getByRole("dialog").last();
  await question.getByText("Show your second factor again").waitFor();
  await page.keyboard.press("Escape");
  await link(page).waitFor();
  expect(provider.requests.slice(before).filter((one) => one.endsWith("/auth"))).toEqual([]);
  await link(page).click();
  await question.getByRole("button", { name: "Use a passkey" }).click();
  await atProvider(page, "lilei");
  await page.getByRole("rowheader", { name: "s-lilei" }).waitFor();
  await until("both links", async () => (await links(bob)).length === 1);
});
