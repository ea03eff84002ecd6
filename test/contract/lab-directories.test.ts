/** The directories that tests sign in with are what they say: checked by the libraries the gate itself uses. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, InvalidCredentialsError } from "ldapts";
import * as oidc from "openid-client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser } from "../support/browser.js";
import { startLyingProvider, type Lies, type LyingProvider } from "../support/lying-provider.js";
import { startOidcProvider, type ProviderClient, type TestOidcProvider } from "../support/oidc-provider.js";
import { startSlapd, type TestSlapd } from "../support/slapd.js";

describe("the LDAP directory", () => {
  let directory: TestSlapd;
  const wang = { uid: "wang", cn: "王伟", mail: "wang@example.org", password: "first password" };
  const dn = (uid: string): string => `uid=${uid},${directory.peopleDn}`;

  beforeAll(async () => {
    directory = await startSlapd();
    await directory.addPerson(wang);
    await directory.addPerson({ uid: "li", cn: "李娜", mail: "li@example.org", password: "second password" });
  });
  afterAll(() => directory.stop());

  async function bound<T>(as: string, password: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ url: directory.url, timeout: 1_000 });
    try {
      await client.bind(as, password);
      return await work(client);
    } finally {
      await client.unbind().catch(() => undefined);
    }
  }
  const find = (filter: string, attributes: string[] = []): Promise<Record<string, unknown>[]> =>
    bound(directory.bindDn, directory.bindPassword, async (client) => {
      const found = await client.search(directory.baseDn, { scope: "sub", filter, attributes });
      return found.searchEntries;
    });

  test("shows its reader a person and his groups both ways, but no password", async () => {
    await directory.setGroup("operators", ["wang", "li"]);
    const [person] = await find("(uid=wang)", ["cn", "mail", "entryUUID", "memberOf", "userPassword"]);
    expect(person).toMatchObject({ dn: dn("wang"), cn: "王伟", mail: wang.mail });
    expect(person?.["entryUUID"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(person?.["memberOf"]).toBe(`cn=operators,${directory.groupsDn}`);
    expect(person?.["userPassword"] ?? []).toEqual([]);
    const groups = await find(`(&(objectClass=groupOfNames)(member=${dn("wang")}))`, ["cn"]);
    expect(groups.map(({ cn }) => cn)).toEqual(["operators"]);
    await directory.setGroup("operators", ["li"]);
    expect(await find(`(&(objectClass=groupOfNames)(member=${dn("wang")}))`)).toEqual([]);
    await directory.setGroup("operators", []);
    expect(await find("(objectClass=groupOfNames)")).toEqual([]);
  });

  test("takes the right password, refuses a wrong one, and takes an empty one for nobody", async () => {
    await bound(dn("wang"), wang.password, async () => undefined);
    await expect(bound(dn("wang"), "wrong", async () => undefined)).rejects.toBeInstanceOf(InvalidCredentialsError);
    const search = { scope: "base", filter: "(objectClass=*)" } as const;
    const seen = bound(dn("wang"), "", (client) => client.search(dn("wang"), search));
    await expect(seen, "the empty password was bound, and as nobody").rejects.toThrow(/NoSuchObject|0x20/);
  });

  test("speaks TLS both ways, under an authority that must be named", async () => {
    const ca = readFileSync(directory.caFile);
    for (const [url, startTls] of [
      [directory.ldapsUrl, false],
      [directory.url, true],
    ] as const) {
      const reach = async (tlsOptions: { ca?: Buffer }): Promise<void> => {
        const client = new Client({ url, timeout: 2_000, ...(startTls ? {} : { tlsOptions }) });
        try {
          if (startTls) await client.startTLS(tlsOptions);
          await client.bind(directory.bindDn, directory.bindPassword);
        } finally {
          await client.unbind().catch(() => undefined);
        }
      };
      await reach({ ca });
      await expect(reach({}), url).rejects.toThrow(/self-signed|unable to (get|verify)/);
    }
  });

  test("changes, renames and forgets people; an entry keeps its id under another name", async () => {
    await directory.addPerson({ uid: "zhao", cn: "赵敏", mail: "zhao@example.org", password: "one" });
    const [before] = await find("(uid=zhao)", ["entryUUID"]);
    await directory.changePassword("zhao", "two");
    await expect(bound(dn("zhao"), "one", async () => undefined)).rejects.toBeInstanceOf(InvalidCredentialsError);
    await directory.changePerson("zhao", { mail: "wang@example.org" });
    await directory.renamePerson("zhao", "zhao.min");
    const [after] = await find("(uid=zhao.min)", ["entryUUID", "mail"]);
    expect(after).toMatchObject({ entryUUID: before?.["entryUUID"], mail: "wang@example.org" });
    await bound(dn("zhao.min"), "two", async () => undefined);
    await directory.removePerson("zhao.min");
    expect(await find("(mail=wang@example.org)", ["uid"])).toMatchObject([{ uid: "wang" }]);
  });

  test("is silent while it is paused, gone when it is killed, and has forgotten nothing after", async () => {
    directory.pause();
    const asked = find("(uid=wang)");
    await expect(asked).rejects.toThrow(/timed out/);
    directory.goOn();
    expect(await find("(uid=wang)")).toHaveLength(1);
    await directory.kill();
    await expect(find("(uid=wang)")).rejects.toThrow(/ECONNREFUSED/);
    await directory.restart();
    expect(await find("(uid=wang)")).toHaveLength(1);
  });
});

const RETURN = "http://gate.test/back";

/** A whole sign-in with the gate's own library, signatures checked. */
async function flow(
  provider: { readonly issuer: string },
  client: ProviderClient,
  walk: (url: URL) => Promise<URL>,
  more: Readonly<Record<string, string>> = {},
) {
  const config = await oidc.discovery(
    new URL(provider.issuer),
    client.clientId,
    { client_secret: client.clientSecret },
    oidc.ClientSecretBasic(client.clientSecret),
    // Plain HTTP is this laboratory's; the signature counts because the line does not.
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks], timeout: 3 },
  );
  const [verifier, nonce, state] = [oidc.randomPKCECodeVerifier(), oidc.randomNonce(), oidc.randomState()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: RETURN,
    scope: "openid email profile groups offline_access",
    prompt: "consent",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    nonce,
    state,
    ...more,
  });
  const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state };
  const tokens = await oidc.authorizationCodeGrant(config, await walk(url), checks);
  return { config, tokens, claims: tokens.claims() };
}

describe("the OpenID provider", () => {
  let provider: TestOidcProvider;
  let client: ProviderClient;
  let browser: Browser;
  beforeAll(async () => {
    provider = await startOidcProvider();
    client = provider.addClient(RETURN);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await provider.stop();
  });
  const account = { account: "wang", sub: "s-1", email: "wang@example.org", groups: ["ops"], amr: ["pwd", "otp"] };
  const walkAs = (name: string | null) => (url: URL) => provider.signIn(url, name);

  test("answers a sign-in with everything about the person, and a refresh with what is true by then", async () => {
    provider.addAccount({ ...account, acr: "urn:example:two-factors", name: "王伟" });
    const { config, tokens, claims } = await flow(provider, client, walkAs("wang"));
    const person = { sub: "s-1", email: "wang@example.org", email_verified: true, name: "王伟", groups: ["ops"] };
    expect(claims).toMatchObject({ ...person, preferred_username: "wang", amr: ["pwd", "otp"] });
    expect(claims).toMatchObject({ acr: "urn:example:two-factors", auth_time: expect.any(Number) });
    expect(await oidc.fetchUserInfo(config, tokens.access_token, "s-1")).toMatchObject(person);
    provider.changeAccount("wang", { groups: [], email: "other@example.org" });
    const again = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? "");
    expect(again.claims()).toMatchObject({ sub: "s-1", groups: [], email: "other@example.org" });
    provider.removeAccount("wang");
    await expect(oidc.refreshTokenGrant(config, again.refresh_token ?? "")).rejects.toMatchObject({
      error: "invalid_grant",
    });
  });

  test("gives no refresh token that was not asked for, no code without PKCE, and an error to who cancels", async () => {
    provider.addAccount(account);
    const { tokens } = await flow(provider, client, walkAs("wang"), { scope: "openid", prompt: "login" });
    expect(tokens.refresh_token).toBeUndefined();
    const bare = `${provider.issuer}/auth?client_id=${client.clientId}&response_type=code&scope=openid&redirect_uri=${RETURN}`;
    const refused = await provider.signIn(bare, "wang");
    expect(refused.searchParams.get("error")).toBe("invalid_request");
    await expect(flow(provider, client, walkAs(null))).rejects.toMatchObject({ error: "access_denied" });
    await expect(flow(provider, client, walkAs("nobody"))).rejects.toThrow(/403/);
  });

  test("lets a browser in by its form", async () => {
    provider.addAccount(account);
    const gate = createServer((_, response) => response.end("back"));
    await new Promise<void>((resolve) => gate.listen(0, "127.0.0.1", resolve));
    const back = `http://localhost:${(gate.address() as AddressInfo).port}/back`;
    const walk = async (url: URL): Promise<URL> => {
      const page = await browser.newPage();
      await page.goto(url.href);
      await page.locator("#account").fill("wang");
      await page.keyboard.press("Enter");
      await page.waitForURL(`${back}*`);
      const reached = new URL(page.url());
      await page.close();
      return reached;
    };
    const { claims } = await flow(provider, provider.addClient(back), walk, { redirect_uri: back });
    expect(claims).toMatchObject({ sub: "s-1" });
    gate.closeAllConnections();
    gate.close();
  });

  test("can be away and come back", async () => {
    await provider.goAway();
    await expect(flow(provider, client, walkAs("wang"))).rejects.toThrow();
    await provider.comeBack();
    expect((await flow(provider, client, walkAs("wang"))).claims).toMatchObject({ sub: "s-1" });
  });
});

describe("the lying provider", () => {
  let provider: LyingProvider;
  beforeAll(async () => {
    provider = await startLyingProvider();
    provider.be({ sub: "s-1", email: "wang@example.org", groups: ["ops"] });
  });
  afterAll(() => provider.stop());

  async function walk(url: URL): Promise<URL> {
    const response = await fetch(url, { redirect: "manual" });
    return new URL(response.headers.get("location") ?? "");
  }
  const told = async (lies: Lies) => {
    provider.lie(lies);
    return flow(provider, provider, walk);
  };

  test("is believed while it is honest, and says that PKCE was kept", async () => {
    expect((await told({})).claims).toMatchObject({ sub: "s-1", email: "wang@example.org", groups: ["ops"] });
    expect(provider.redeemed.at(-1)?.pkce).toBe(true);
    const changed = await told({ claims: { sub: "s-2", email: "li@example.org" } });
    expect(changed.claims).toMatchObject({ sub: "s-2", email: "li@example.org" });
  });

  const lies: readonly (readonly [string, Lies])[] = [
    ["issuer", { issuer: "http://localhost:2" }],
    ["issuer of the document", { discoveredIssuer: "http://localhost:2" }],
    ["issuer beside the code", { answeredIssuer: "http://localhost:2" }],
    ["audience", { audience: "another" }],
    ["nonce", { nonce: "another" }],
    ["missing nonce", { nonce: null }],
    ["state", { state: "another" }],
    ["missing state", { state: null }],
    ["key", { signature: "other-key" }],
    ["signature", { signature: "flipped" }],
    ["alg none", { signature: "none" }],
    ["public key as a secret", { signature: "public-as-secret" }],
    ["client secret as key", { signature: "client-secret" }],
    ["time", { expiresInS: -600, issuedInS: -900 }],
    ["missing sub", { claims: { sub: undefined } }],
    ["body", { tokenBody: "{" }],
    ["silence", { hang: true }],
  ];
  test.each(lies)("is caught with a wrong %s", async (_, lie) => {
    await expect(told(lie)).rejects.toThrow();
  });
});
