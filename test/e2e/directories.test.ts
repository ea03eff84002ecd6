/**
 * People who come by a directory, in a real browser and with a real ssh: OpenID Connect and LDAP with just-in-time creation, a second factor
 * of our own, and what ends when the directory lets them go; SCIM closing an account while its shell is open.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, visit } from "../support/browser.js";
import { Api, code, lastCode, until } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { startOidcProvider, type TestOidcProvider } from "../support/oidc-provider.js";
import { startSlapd, type TestSlapd } from "../support/slapd.js";

const CHECK_SECONDS = 5;

let lab: Lab;
let provider: TestOidcProvider;
let slapd: TestSlapd;
let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-directories-"));
  provider = await startOidcProvider();
  slapd = await startSlapd();
  lab = await startLab();
  const { clientId, clientSecret } = provider.addClient(`${lab.house.http}/sign-in/oidc`);
  writeFileSync(join(folder, "oidc"), clientSecret, { mode: 0o600 });
  writeFileSync(join(folder, "ldap"), slapd.bindPassword, { mode: 0o600 });
  await lab.house.kill("SIGTERM");
  await lab.house.restart({
    GATEHOUSE_OIDC_ISSUER: provider.issuer,
    GATEHOUSE_OIDC_CLIENT_ID: clientId,
    GATEHOUSE_OIDC_CLIENT_SECRET_FILE: join(folder, "oidc"),
    GATEHOUSE_OIDC_NAME: "Bureau login",
    GATEHOUSE_LDAP_URL: slapd.ldapsUrl,
    GATEHOUSE_LDAP_CA_FILE: slapd.caFile,
    GATEHOUSE_LDAP_BIND_DN: slapd.bindDn,
    GATEHOUSE_LDAP_BIND_PASSWORD_FILE: join(folder, "ldap"),
    GATEHOUSE_LDAP_BASE_DN: slapd.baseDn,
    GATEHOUSE_OPERATOR_GROUPS: "ops",
    GATEHOUSE_JUST_IN_TIME: "true",
    GATEHOUSE_DIRECTORY_CHECK_SECONDS: String(CHECK_SECONDS),
  });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
  await provider?.stop();
  await slapd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Sets up the second factor on the enrolment page, where no password is asked; answers its secret. */
async function enrol(page: Page): Promise<string> {
  await page.locator("#code").waitFor();
  expect(await page.locator("#password").count()).toBe(0);
  const secret = (await page.locator(".qr .mono, .qr code").first().innerText()).trim();
  await page.locator("#code").fill(await lastCode(secret, "page"));
  await page.getByRole("button", { name: "Finish" }).click();
  await page.locator("label.el-checkbox").first().click();
  await page.getByRole("button", { name: "Go to sign-in" }).click();
  await page.locator("#login").waitFor();
  return secret;
}
/** `account` null: the provider still knows this browser and asks nothing. */
async function throughProvider(page: Page, account: string | null): Promise<void> {
  await page.goto(`${lab.house.http}/sign-in`);
  await page.getByRole("button", { name: "Sign in with Bureau login" }).click();
  if (account === null) return;
  await page.locator("#account").fill(account);
  await page.keyboard.press("Enter");
}
const isSignedIn = (page: Page): Promise<boolean> =>
  page.evaluate(async () => (await fetch("/api/v1/me")).status === 200);

test("a first sign-in by OpenID Connect makes an operator, asks for a factor of our own, and ends when the provider lets him go", async () => {
  provider.addAccount({
    account: "wangfang",
    sub: "s-17",
    username: "wangfang",
    name: "王芳",
    email: "wf@example.org",
    emailVerified: true,
    groups: ["ops"],
  });
  const { context, page, faults } = await visit(browser, { locale: "en" });
  await throughProvider(page, "wangfang");
  const secret = await enrol(page);
  await throughProvider(page, null);
  await page.getByText("a second factor is still needed", { exact: false }).waitFor();
  expect(await isSignedIn(page)).toBe(false);
  await page.locator("#code").fill(await code(secret, 0));
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  const me = await page.evaluate(
    async () => (await fetch("/api/v1/me")).json() as Promise<{ roles: string[]; power: string | null }>,
  );
  expect(me).toMatchObject({ roles: ["operator"], power: null });
  provider.removeAccount("wangfang");
  await until("the end of the sign-in", async () => !(await isSignedIn(page)), (CHECK_SECONDS + 20) * 1_000);
  const auditor = await lab.house.as("ivan");
  const { items } = await auditor.call("GET", "/audit/events?verb=person.directory-gone");
  expect(items).toHaveLength(1);
  expect(faults.filter((fault) => !fault.includes("401"))).toEqual([]);
  await context.close();
});

test("whoever is in no mapped group, or in one that is called like a power, gets nothing", async () => {
  provider.addAccount({
    account: "mallory",
    sub: "s-18",
    username: "mallory",
    name: "Mallory",
    groups: ["security", "audit", "system"],
  });
  const { context, page } = await visit(browser, { locale: "en" });
  await throughProvider(page, "mallory");
  await page.getByText("answer was not accepted", { exact: false }).waitFor();
  const { items } = await (await lab.house.as("ivan")).call("GET", "/audit/events?verb=person.created");
  expect(JSON.stringify(items)).not.toContain("mallory");
  await context.close();
});

test("an LDAP password opens with a code of ours, an empty one opens nothing, and removal there ends it here", async () => {
  await slapd.addPerson({ uid: "zhaolei", cn: "赵磊", mail: "zl@example.org", password: "lake-Stone-77" });
  await slapd.setGroup("ops", ["zhaolei"]);
  const { context, page } = await visit(browser, { locale: "en" });
  await page.goto(`${lab.house.http}/sign-in`);
  await page.locator("#login").fill("zhaolei");
  await page.locator("#password").fill("lake-Stone-77");
  await page.getByRole("button", { name: "First time here", exact: false }).click();
  const secret = await enrol(page);
  const nobody = new Api(lab.house.http);
  const empty = await nobody.raw("POST", "/auth/session", {
    login: "zhaolei",
    password: "",
    code: await code(secret, 0),
  });
  expect(empty.status).toBeGreaterThanOrEqual(400);
  const api = await new Api(lab.house.http).signIn({ login: "zhaolei", password: "lake-Stone-77", totp: secret }, 1);
  expect((await api.call("GET", "/me")).roles).toEqual(["operator"]);
  await slapd.removePerson("zhaolei");
  await until(
    "the end of the sign-in",
    async () => (await api.raw("GET", "/me")).status === 401,
    (CHECK_SECONDS + 20) * 1_000,
  );
  await context.close();
});

test("SCIM closes an account while its shell is open: gone within two seconds", async () => {
  const [grace, heidi] = [await lab.house.as("grace"), await lab.house.as("heidi")];
  const unitId = (await grace.call("GET", "/me")).unitId as string;
  const body = { name: "bureau directory", unitId, reason: "people come and go there" };
  const { proposalId } = await grace.call("POST", "/directory/scim-tokens", body);
  const proposal = await heidi.call("GET", `/proposals/${proposalId}`);
  const confirmed = await heidi.call("POST", `/proposals/${proposalId}/confirmation`, { digest: proposal.digest });
  const token = confirmed.secret as string;
  const operator = await lab.operator(["ssh.shell"]);
  const { items: tokens } = await grace.call("GET", "/directory/scim-tokens");
  const link = { kind: "scim", source: tokens[0].id, subject: "ext-9" };
  await grace.call("POST", `/people/${operator.id}/directory-links`, link);
  const client = await operator.client();
  const child = client.start("ssh", client.arguments(operator.target, ["-tt"]));
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const closed = new Promise<number>((resolve) => child.once("close", () => resolve(Date.now())));
  child.stdin.write("echo still-$((40+2))-here\n");
  await until("the shell", () => said.includes("still-42-here"));
  const sentAt = Date.now();
  const response = await fetch(`${lab.house.http}/scim/v2/Users/${operator.id}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
    body: JSON.stringify({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", path: "active", value: false }],
    }),
  });
  expect(response.status).toBe(200);
  expect((await closed) - sentAt).toBeLessThan(2_000);
  expect((await operator.api.raw("GET", "/me")).status).toBe(401);
});
