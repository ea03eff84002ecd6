/** What `gatehouse doctor` says of directories: of a real provider and a real slapd, well and badly set up, away and silent; in both languages. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTls } from "node:tls";
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

/** A provider that answers just so; what it is called. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createHttp(listener);
  listening.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
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

test("a certificate of another name is told, whoever shows it", async () => {
  const [key, cert] = [join(folder, "other.key"), join(folder, "other.pem")];
  const make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=other.example".split(
    " ",
  );
  const names = ["-addext", "subjectAltName=DNS:other.example", "-keyout", key, "-out", cert];
  execFileSync("openssl", [...make, ...names], { stdio: "ignore" });
  const server = createTls({ key: readFileSync(key), cert: readFileSync(cert) });
  listening.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const at = `localhost:${(server.address() as AddressInfo).port}`;
  const other = { ...oidc(`https://${at}`), ...ldap({ ldapUrl: `ldaps://${at}`, ldapCaFile: cert }) };
  expect(await ask(other)).toEqual([
    expect.stringMatching(/^FAIL oidc: .*its certificate does not hold/),
    expect.stringMatching(/^FAIL ldap: .*its certificate does not hold/),
  ]);
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

test("a provider that pours, drips or sends on is given up early, and what it says is not printed", async () => {
  const json = { "content-type": "application/json" };
  const chunk = Buffer.alloc(65_536, "\u001b[2J");
  let sent = 0;
  const pours = await answering((_request, response) => {
    response.writeHead(200, json).write('{"issuer":"');
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    };
    response.on("drain", pour);
    pour();
  });
  const began = performance.now();
  expect(await ask(oidc(pours))).toEqual([
    `FAIL oidc: ${pours} answers, but not as an OpenID provider: correct GATEHOUSE_OIDC_ISSUER`,
  ]);
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(sent).toBeLessThan(32 * 1_048_576);

  const drips = await answering((_request, response) => {
    response.writeHead(200, json).write('{"issuer":"');
    const drip = setInterval(() => response.write("x"), 100);
    response.on("close", () => {
      clearInterval(drip);
    });
  });
  let followed = 0;
  const elsewhere = await answering((_request, response) => {
    followed += 1;
    response.writeHead(200, json).end(JSON.stringify({ issuer: drips }));
  });
  const sendsOn = await answering((_request, response) => void response.writeHead(302, { location: elsewhere }).end());
  const lines = await Promise.all([drips, sendsOn].map((issuer) => ask(oidc(issuer))));
  expect(lines.flat()).toEqual([
    expect.stringMatching(/^FAIL oidc: /),
    expect.stringMatching(/^FAIL oidc: .*not as an/),
  ]);
  expect(followed).toBe(0);
}, 30_000);
