/** What `gatehouse doctor` says of directories: of a real provider and a real slapd, well and badly set up, away and silent; in both languages. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { directoryQuestions } from "../../gateway/cli/doctor-directories.js";
import { doctorTexts } from "../../gateway/cli/doctor-texts.js";
import type { DirectoriesConfig } from "../../gateway/directory/index.js";
import { startOidcProvider, type TestOidcProvider } from "../support/oidc-provider.js";
import { startSlapd, type TestSlapd } from "../support/slapd.js";

const SECRET = "never-printed-7";
let provider: TestOidcProvider;
let slapd: TestSlapd;
let folder: string;
const listening: Server[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-doctor-"));
  [provider, slapd] = await Promise.all([startOidcProvider(), startSlapd()]);
  writeFileSync(join(folder, "right"), slapd.bindPassword);
  writeFileSync(join(folder, "wrong"), SECRET);
});
afterEach(() => {
  for (const server of listening.splice(0)) server.close();
});
afterAll(async () => {
  await provider?.stop();
  await slapd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const BASIC: DirectoriesConfig = {
  oidcName: "Bureau",
  oidcGroupsClaim: "groups",
  oidcSecondFactor: [],
  ldapStartTls: true,
  ldapLoginAttribute: "uid",
  operatorGroups: [],
  justInTime: false,
  directoryCheckSeconds: 240,
  directoryGraceMinutes: 60,
};
const oidc = (issuer = provider.issuer): Partial<DirectoriesConfig> => ({
  oidcIssuer: issuer,
  oidcClientId: "gate",
  oidcClientSecretFile: join(folder, "wrong"),
});
const ldap = (more: Partial<DirectoriesConfig> = {}): Partial<DirectoriesConfig> => ({
  ldapUrl: slapd.ldapsUrl,
  ldapCaFile: slapd.caFile,
  ldapBindDn: slapd.bindDn,
  ldapBindPasswordFile: join(folder, "right"),
  ldapBaseDn: slapd.baseDn,
  ...more,
});

/** `ok` or `FAIL`, what, and the line. */
async function ask(config: Partial<DirectoriesConfig>, language = "C.UTF-8"): Promise<readonly string[]> {
  const given = { ...BASIC, ...config, publicUrl: "http://localhost:8080" };
  const clock = { monotonicUs: () => Math.round(performance.now() * 1000) };
  const questions = directoryQuestions(given, clock, doctorTexts({ LC_ALL: language }));
  const lines = await Promise.all(
    questions.map(({ what, look }) =>
      look().then(
        (line) => `ok ${what}: ${line}`,
        (fault: unknown) => `FAIL ${what}: ${(fault as Error).message}`,
      ),
    ),
  );
  for (const line of lines) for (const secret of [SECRET, slapd.bindPassword]) expect(line).not.toContain(secret);
  return lines;
}

/** Takes connections and says nothing. */
async function silent(): Promise<number> {
  const server = createServer();
  listening.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

test("what is set up well is said to stand, and nothing set up is no fault", async () => {
  expect(await ask({})).toEqual(["ok directories: none is set up"]);
  const [first = "", second = ""] = await ask({ ...oidc(), ...ldap() });
  expect(first).toMatch(/^ok oidc: .*answers and names itself so/);
  expect(second).toMatch(/^ok ldap: .*lets the reader in/);
  expect(await ask({ ...oidc(), ...ldap() }, "zh_CN.UTF-8")).toEqual([
    expect.stringContaining("名称相符"),
    expect.stringContaining("接受读取账号"),
  ]);
});

test("a provider of another name, one that is none, and one that is away are told apart", async () => {
  const other = provider.issuer.replace("localhost", "127.0.0.1");
  expect(await ask(oidc(other))).toEqual([expect.stringMatching(/^FAIL oidc: .*calls itself otherwise/)]);
  expect(await ask(oidc(`${provider.issuer}/elsewhere`))).toEqual([expect.stringMatching(/^FAIL oidc: .*not as an/)]);
  await provider.goAway();
  try {
    expect(await ask(oidc())).toEqual([expect.stringMatching(/^FAIL oidc: .*does not answer/)]);
    expect(await ask(oidc(), "zh_CN.UTF-8")).toEqual([expect.stringContaining("无响应")]);
  } finally {
    await provider.comeBack();
  }
});

test("a reader that is refused, a base that is not there, a certificate that does not hold, and a directory that is away are told apart", async () => {
  expect(await ask(ldap({ ldapBindPasswordFile: join(folder, "wrong") }))).toEqual([
    expect.stringMatching(/^FAIL ldap: .*refuses the reader/),
  ]);
  expect(await ask(ldap({ ldapBaseDn: "dc=nowhere,dc=org" }))).toEqual([
    expect.stringMatching(/^FAIL ldap: .*does not know the base/),
  ]);
  expect(await ask(ldap({ ldapCaFile: undefined }))).toEqual([expect.stringMatching(/^FAIL ldap: .*certificate/)]);
  await slapd.kill();
  try {
    expect(await ask(ldap())).toEqual([expect.stringMatching(/^FAIL ldap: .*does not answer/)]);
  } finally {
    await slapd.restart();
  }
});

test("what is silent is given up in time, and what a start refuses is said as it says it", async () => {
  const port = await silent();
  const began = performance.now();
  const lines = await ask({ ...oidc(`http://localhost:${port}`), ...ldap({ ldapUrl: `ldaps://localhost:${port}` }) });
  expect(lines).toEqual([expect.stringContaining("does not answer"), expect.stringContaining("does not answer")]);
  expect(performance.now() - began).toBeLessThan(15_000);
  expect(await ask(ldap({ ldapUrl: "ldap://ldap.example.org", ldapStartTls: false }))).toEqual([
    expect.stringMatching(/^FAIL directories: .*over tls/),
  ]);
}, 30_000);
