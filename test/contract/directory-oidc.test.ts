/** The directory room's OpenID Connect: against a real provider, and against one that lies. Each lie is refused with a reason for the log. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createOidc, type OidcConfig } from "../../gateway/directory/index.js";
import type { OidcPort } from "../../gateway/domain/index.js";
import { startLyingProvider, type Lies, type LyingProvider } from "../support/lying-provider.js";
import { startOidcProvider, type ProviderClient, type TestOidcProvider } from "../support/oidc-provider.js";

const REDIRECT = "http://localhost:8080/sign-in/oidc";
const clock = { monotonicUs: () => Math.round(performance.now() * 1000) };

let honest: TestOidcProvider;
let client: ProviderClient;
let lying: LyingProvider;
beforeAll(async () => {
  honest = await startOidcProvider();
  client = honest.addClient(REDIRECT);
  lying = await startLyingProvider();
});
afterAll(async () => {
  await honest.stop();
  await lying.stop();
});

function open(more: Partial<OidcConfig> = {}): OidcPort {
  const { clientId, clientSecret } = client;
  const config = {
    name: "Test",
    issuer: honest.issuer,
    clientId,
    clientSecret,
    groupsClaim: "groups",
    secondFactor: [],
  };
  return createOidc({ ...config, ...more }, clock);
}
const openLying = (): OidcPort =>
  open({ issuer: lying.issuer, clientId: lying.clientId, clientSecret: lying.clientSecret });

/** As a browser would: to the provider, and back with what it says. */
async function signIn(oidc: OidcPort, account: string | null) {
  const { url, kept } = await oidc.begin({ redirectUri: REDIRECT });
  const back = await honest.signIn(url, account);
  return { answer: await oidc.complete({ callbackUrl: back.href, kept }), back, kept };
}

async function lie(lies: Lies, claims: Record<string, unknown> = { sub: "s-1" }) {
  lying.be(claims);
  lying.lie(lies);
  const oidc = openLying();
  const { url, kept } = await oidc.begin({ redirectUri: REDIRECT });
  const response = await fetch(url, { redirect: "manual" });
  return oidc.complete({ callbackUrl: response.headers.get("location") ?? "", kept });
}

describe("an honest provider", () => {
  it("says who somebody is, and stands for him until he is gone", async () => {
    honest.addAccount({ account: "wang", sub: "sub-wang", email: "wang@example.org", groups: ["ops"], name: "王" });
    const oidc = open();
    const { answer } = await signIn(oidc, "wang");
    expect(answer).toMatchObject({
      ok: true,
      person: {
        subject: "sub-wang",
        login: "wang",
        displayName: "王",
        email: "wang@example.org",
        groups: ["ops"],
        provedSecondFactor: false,
      },
    });
    let token = (answer.ok && answer.refreshToken) || "";
    honest.changeAccount("wang", { groups: [] });
    const later = await oidc.check(token);
    expect(later).toMatchObject({ state: "stands", person: { subject: "sub-wang", groups: [] } });
    token = later.state === "stands" ? (later.sealed ?? token) : token;
    await honest.goAway();
    expect((await oidc.check(token)).state).toBe("unreachable");
    await honest.comeBack();
    honest.removeAccount("wang");
    expect(await oidc.check(token)).toMatchObject({ state: "gone" });
  });

  it("does not have its e-mail believed unless it says that it verified it", async () => {
    honest.addAccount({ account: "li", sub: "sub-li", email: "li@example.org", emailVerified: false });
    const { answer } = await signIn(open(), "li");
    expect(answer).toMatchObject({ ok: true, person: { email: null } });
  });

  it("proves a second factor only by the values that are configured", async () => {
    honest.addAccount({ account: "sun", sub: "sub-sun", amr: ["pwd", "otp"] });
    expect((await signIn(open(), "sun")).answer).toMatchObject({ person: { provedSecondFactor: false } });
    expect((await signIn(open({ secondFactor: ["otp"] }), "sun")).answer).toMatchObject({
      person: { provedSecondFactor: true },
    });
    expect((await signIn(open({ secondFactor: ["hwk"] }), "sun")).answer).toMatchObject({
      person: { provedSecondFactor: false },
    });
  });

  it("takes a code once, and says when the person pressed cancel", async () => {
    honest.addAccount({ account: "zhou", sub: "sub-zhou" });
    const oidc = open();
    const { answer, back, kept } = await signIn(oidc, "zhou");
    expect(answer.ok).toBe(true);
    expect(await oidc.complete({ callbackUrl: back.href, kept })).toMatchObject({ ok: false });
    expect((await signIn(oidc, null)).answer).toEqual({ ok: false, why: "the provider answered access_denied" });
  });

  it("does not have one browser's answer finish another's sign-in", async () => {
    honest.addAccount({ account: "wu", sub: "sub-wu" });
    const oidc = open();
    const mine = await oidc.begin({ redirectUri: REDIRECT });
    const theirs = await oidc.begin({ redirectUri: REDIRECT });
    const back = await honest.signIn(theirs.url, "wu");
    expect((await oidc.complete({ callbackUrl: back.href, kept: mine.kept })).ok).toBe(false);
  });
});

describe("a provider that lies", () => {
  it("is believed as long as it does not", async () => {
    expect(await lie({})).toMatchObject({ ok: true, person: { subject: "s-1" } });
    expect(lying.redeemed.at(-1)?.pkce).toBe(true);
    expect(lying.asked.at(-1)?.get("code_challenge_method")).toBe("S256");
  });

  it.each<readonly [string, Lies]>([
    ["another nonce", { nonce: "other" }],
    ["no nonce", { nonce: null }],
    ["another state", { state: "other" }],
    ["no state", { state: null }],
    ["another issuer in the token", { issuer: "https://elsewhere.example.org" }],
    ["another issuer beside the code", { answeredIssuer: "https://elsewhere.example.org" }],
    ["another audience", { audience: "somebody-else" }],
    ["several audiences and no authorised party", { audience: ["somebody-else", "third"] }],
    ["a key that is not published", { signature: "other-key" }],
    ["a flipped bit in the signature", { signature: "flipped" }],
    ["no signature", { signature: "none" }],
    ["the public key as a secret", { signature: "public-as-secret" }],
    ["the client's secret as a key", { signature: "client-secret" }],
    ["a token that has expired", { expiresInS: -600 }],
    ["no expiry", { claims: { exp: undefined } }],
    ["a token without a subject", { claims: { sub: undefined } }],
    ["a subject that is a number", { claims: { sub: 7 } }],
    ["another subject in userinfo", { userinfo: { sub: "s-2" } }],
    ["an answer that is no json", { tokenBody: "<html>" }],
    ["an answer without an id token", { tokenBody: '{"access_token":"a","token_type":"Bearer"}' }],
  ])("is refused for %s", async (_name, lies) => {
    const answer = await lie(lies);
    expect(answer.ok).toBe(false);
    expect(answer.ok ? "" : answer.why).not.toBe("");
  });

  it("is not begun with when its description names another issuer", async () => {
    lying.lie({ discoveredIssuer: "https://elsewhere.example.org" });
    await expect(openLying().begin({ redirectUri: REDIRECT })).rejects.toMatchObject({ code: "directory-unavailable" });
  });

  it("is left when it does not answer", async () => {
    const began = performance.now();
    expect(await lie({ hang: true })).toMatchObject({ ok: false });
    expect(performance.now() - began).toBeLessThan(8_000);
  });

  it("has only what fits taken from its claims", async () => {
    const claims = {
      sub: "s-3",
      groups: ["ops", 7, { a: 1 }, "x".repeat(300)],
      name: ["a"],
      email: "a@b",
      email_verified: "true",
    };
    expect(await lie({}, claims)).toMatchObject({
      ok: true,
      person: { groups: ["ops"], displayName: null, email: null },
    });
  });
});

describe("the description of a provider", () => {
  it("is asked for again after a failure, and never in the clear from afar", async () => {
    expect(() => open({ issuer: "http://login.example.org" })).toThrow(/https/);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const issuer = `http://localhost:${String((taken.address() as AddressInfo).port)}`;
    await new Promise((resolve) => taken.close(resolve));
    await expect(open({ issuer }).begin({ redirectUri: REDIRECT })).rejects.toMatchObject({
      code: "directory-unavailable",
    });
    const oidc = open();
    await honest.goAway();
    await expect(oidc.begin({ redirectUri: REDIRECT })).rejects.toMatchObject({ code: "directory-unavailable" });
    await honest.comeBack();
    expect((await oidc.begin({ redirectUri: REDIRECT })).url).toContain("code_challenge=");
  });
});
