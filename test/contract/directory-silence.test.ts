/** What a directory does not say, or says late: people nobody can be asked after, clocks that were set back, a provider silent past the grace. */
import { generateSync } from "otplib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { WebAuthnJson } from "../../gateway/broker/broker.js";
import { createFactors } from "../../gateway/broker/factors/factors.js";
import { createThrottle } from "../../gateway/broker/throttle.js";
import { createCalendar } from "../../gateway/calendar.js";
import { createOidc } from "../../gateway/directory/index.js";
import {
  asId,
  type Actor,
  type DirectoryPerson,
  type LdapPort,
  type OidcPort,
  type Outcome,
  type PersonKeyId,
} from "../../gateway/domain/index.js";
import { CHECK_MS, GRACE_MS, openDirectoryHouse, type DirectoryHouse } from "../support/directory-house.js";
import { must } from "../support/identity-lab.js";
import { startOidcProvider, type ProviderAccount, type TestOidcProvider } from "../support/oidc-provider.js";
import { makeSoftwareAuthenticator } from "../support/software-authenticator.js";

const FROM = { sourceAddress: "10.0.0.9", userAgent: "test" };
const DAY_MS = 86_400_000;
let provider: TestOidcProvider;
let oidc: OidcPort;
let house: DirectoryHouse;
beforeAll(async () => {
  provider = await startOidcProvider();
  const clock = { monotonicUs: () => Math.round(performance.now() * 1000) };
  const rules = { groupsClaim: "groups", secondFactor: ["otp"], name: "Test", issuer: provider.issuer };
  oidc = createOidc({ ...provider.addClient("http://localhost:8080/sign-in/oidc"), ...rules }, clock);
});
afterAll(() => provider.stop());
afterEach(() => house.close());
async function begin(): Promise<void> {
  house = await openDirectoryHouse("sqlite", { oidc, operatorGroups: ["ops"], justInTime: true });
}

let serial = 0;
function account(amr: readonly string[]): ProviderAccount {
  serial += 1;
  const name = `si${String(serial)}`;
  const one = { account: name, sub: `sub-${name}`, email: `${name}@example.org`, groups: ["ops"], amr };
  provider.addAccount(one);
  return one;
}

async function come(name: string) {
  const { url, handle } = must(await house.directories.beginOidc(FROM));
  const back = await provider.signIn(url, name);
  return must(await house.directories.completeOidc({ ...FROM, handle, callbackUrl: back.href }));
}

/** Adds a passkey to his account; answers how to sign in by it. */
async function withPasskey(actor: Actor): Promise<() => Promise<Outcome<unknown>>> {
  const { deps } = house.lab;
  const given = { oidc, ldap: null, operatorGroups: [], justInTime: false, checkMs: CHECK_MS, graceMs: GRACE_MS };
  const calendar = createCalendar("Asia/Shanghai");
  const factors = createFactors({ ...deps, directories: given, calendar, throttle: createThrottle(deps.clock) });
  const device = makeSoftwareAuthenticator("http://localhost:8080");
  const { handle, options } = must(await factors.beginPasskey(actor));
  const response = device.register(options as never) as unknown as WebAuthnJson;
  must(await factors.addPasskey(actor, { handle, name: "laptop", response }));
  return async () => {
    const asked = must(await factors.beginPasskeySignIn(FROM.sourceAddress));
    const answer = device.signIn(asked.options as never) as unknown as WebAuthnJson;
    return factors.signInByPasskey({ ...FROM, handle: asked.handle, response: answer });
  };
}

describe("people who were linked and never came", () => {
  it("hide nobody who is gone there, and are no outage", async () => {
    await begin();
    const by = await house.lab.onPage(house.grace);
    for (const login of ["ying", "hao", "lin", "mei"]) {
      const input = { login, displayName: login, locale: "en", power: null, roles: [] } as const;
      const { id } = must(await house.lab.people.create(by, input)).person;
      must(await house.directories.link(by, id, { kind: "oidc", subject: `sub-of-${login}` }));
    }
    const leaver = account(["otp"]);
    await come(leaver.account);
    provider.removeAccount(leaver.account);
    await house.round();
    expect(await house.person(leaver.account)).toMatchObject({ state: "disabled" });
    expect(await house.lab.database.read.alerts.find({ kind: "directory-unreachable" })).toEqual([]);
  });
});

describe("a directory that answers slowly", () => {
  it("lets nobody in as the person to whom his entry was linked meanwhile", async () => {
    const entry: DirectoryPerson = {
      subject: "01900000-0000-7000-8000-00000000aaaa",
      login: "wang",
      displayName: "Wang",
      email: null,
      groups: ["ops"],
      provedSecondFactor: false,
      provedAt: null,
    };
    let meanwhile = async (): Promise<void> => undefined;
    const ldap: LdapPort = {
      source: "ldaps://directory.test",
      authenticate: () => meanwhile().then(() => ({ state: "ok", person: entry })),
      check: () => Promise.resolve({ state: "stands", person: entry }),
      find: () => Promise.resolve({ state: "none" }),
    };
    house = await openDirectoryHouse("sqlite", { ldap, operatorGroups: ["ops"], justInTime: true });
    const { sourceAddress } = FROM;
    const proof = { login: "wang", password: "heron-1", sourceAddress };
    const { enrolmentToken: token } = must(await house.directories.enrolByLdap(proof));
    const { secret } = must(await house.identity.beginEnrolment({ token, sourceAddress }));
    const code = (): string => {
      house.lab.pass(30_000);
      return generateSync({ secret, epoch: Math.floor(house.lab.now() / 1000) });
    };
    must(await house.identity.completeEnrolment({ token, secret, code: code(), sourceAddress }));
    const knock = () => house.identity.signIn({ ...proof, code: code(), via: "web" });
    expect(must(await knock()).login).toBe("wang");
    meanwhile = () =>
      house.lab.database.write(async (tx) => {
        const [link] = await tx.externalIdentities.find({ subject: entry.subject, retiredAt: null });
        if (link === undefined) throw new Error("nobody is linked");
        await tx.externalIdentities.update(link.id, { personId: house.heidi.id });
      });
    expect(await knock()).toEqual({ ok: false, code: "sign-in-refused" });
  });
});

describe("a wrong password at a first sign-in", () => {
  it("is written down with the login that was typed", async () => {
    const refuse: LdapPort = {
      source: "ldaps://directory.test",
      authenticate: () => Promise.resolve({ state: "refused" }),
      check: () => Promise.resolve({ state: "gone", why: "nobody" }),
      find: () => Promise.resolve({ state: "none" }),
    };
    house = await openDirectoryHouse("sqlite", { ldap: refuse, operatorGroups: ["ops"], justInTime: true });
    const typed = { login: "Wang", password: "heron-1", sourceAddress: FROM.sourceAddress };
    expect(await house.directories.enrolByLdap(typed)).toEqual({ ok: false, code: "sign-in-refused" });
    const [event] = await house.events("person.sign-in-failed");
    expect(JSON.parse(event?.leaf ?? "{}")).toMatchObject({
      actor: { id: null, name: "wang" },
      decidedBy: "wrong-password",
      source: FROM.sourceAddress,
    });
  });
});

describe("a clock that was set back", () => {
  it("puts no question off", async () => {
    await begin();
    const leaver = account(["otp"]);
    await come(leaver.account);
    provider.removeAccount(leaver.account);
    house.lab.pass(-DAY_MS);
    await house.round();
    expect(await house.person(leaver.account)).toMatchObject({ state: "disabled" });
  });

  it("makes no journey to the provider last longer", async () => {
    await begin();
    const one = account(["otp"]);
    const { url, handle } = must(await house.directories.beginOidc(FROM));
    const callbackUrl = (await provider.signIn(url, one.account)).href;
    house.lab.pass(-CHECK_MS);
    const answer = await house.directories.completeOidc({ ...FROM, handle, callbackUrl });
    expect(answer).toEqual({ ok: false, code: "directory-refused" });
  });
});

describe("a provider that is silent past the grace", () => {
  it("lets nobody come in anew whom it vouched for, by nothing that is kept here, until it speaks again", async () => {
    await begin();
    const one = account(["pwd"]);
    const came = await come(one.account);
    const token = came.kind === "enrol" ? came.enrolmentToken : "";
    const { sourceAddress } = FROM;
    const { secret } = must(await house.identity.beginEnrolment({ token, sourceAddress }));
    const code = (): string => {
      house.lab.pass(30_000);
      return generateSync({ secret, epoch: Math.floor(house.lab.now() / 1000) });
    };
    must(await house.identity.completeEnrolment({ token, secret, code: code(), sourceAddress }));
    const half = await come(one.account);
    const handle = half.kind === "half" ? half.half.handle : "";
    const factor = { kind: "code", code: code() } as const;
    const { actor } = must(await house.directories.finishOidc({ ...FROM, handle, factor }));
    const person = await house.person(one.account);
    const id = asId<PersonKeyId>(house.lab.deps.ids.next());
    const key = { id, personId: person?.id ?? asId(""), name: "key", publicKey: "", fingerprint: "SHA256:mine" };
    await house.lab.database.write((tx) => tx.personKeys.insert({ ...key, createdAt: 0, retiredAt: null }));
    const knock = () =>
      house.identity.signIn({
        login: one.account,
        keyFingerprint: key.fingerprint,
        code: code(),
        sourceAddress,
        via: "ssh-key",
      });
    const showPasskey = await withPasskey(actor);
    await provider.goAway();
    try {
      await house.round();
      expect([(await knock()).ok, (await showPasskey()).ok]).toEqual([true, true]);
      house.lab.pass(GRACE_MS);
      expect(await knock()).toEqual({ ok: false, code: "directory-unavailable" });
      expect(await showPasskey()).toEqual({ ok: false, code: "sign-in-refused" });
      const [, last] = await house.events("person.sign-in-failed");
      expect(JSON.parse(last?.leaf ?? "{}")).toMatchObject({ decidedBy: "directory-unavailable" });
    } finally {
      await provider.comeBack();
    }
    await house.round();
    expect([(await knock()).ok, (await showPasskey()).ok]).toEqual([true, true]);
  });
});
