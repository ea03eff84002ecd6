/** People who come by a real OpenID provider or a real LDAP directory, and what becomes of them here when they change there. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { createLdap, createOidc } from "../../gateway/directory/index.js";
import { generateSync } from "otplib";
import type { LdapPort, OidcPort } from "../../gateway/domain/index.js";
import { GRACE_MS, openDirectoryHouse, type DirectoryHouse } from "../support/directory-house.js";
import { must } from "../support/identity-lab.js";
import { startOidcProvider, type ProviderAccount, type TestOidcProvider } from "../support/oidc-provider.js";
import { startSlapd, type TestSlapd } from "../support/slapd.js";

const REDIRECT = "http://localhost:8080/sign-in/oidc";
const FROM = { sourceAddress: "10.0.0.9", userAgent: "test" };
let provider: TestOidcProvider;
let oidc: OidcPort;
let slapd: TestSlapd;
let ldap: LdapPort;
beforeAll(async () => {
  provider = await startOidcProvider();
  const client = provider.addClient(REDIRECT);
  const clock = { monotonicUs: () => Math.round(performance.now() * 1000) };
  const rules = { groupsClaim: "groups", secondFactor: ["otp"] };
  oidc = createOidc({ ...client, ...rules, name: "Test", issuer: provider.issuer }, clock);
  slapd = await startSlapd();
  const { ldapsUrl: url, bindDn, bindPassword, baseDn } = slapd;
  const ca = readFileSync(slapd.caFile, "utf8");
  const where = { url, bindDn, bindPassword, baseDn, ca };
  ldap = createLdap({ ...where, startTls: false, loginAttribute: "uid", groupBaseDn: undefined });
});
afterAll(async () => {
  await provider.stop();
  await slapd.stop();
});

const open: DirectoryHouse[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});
async function houseWith(given: Parameters<typeof openDirectoryHouse>[1]): Promise<DirectoryHouse> {
  const house = await openDirectoryHouse("sqlite", given);
  open.push(house);
  return house;
}
const forOidc = (more: object = {}) => houseWith({ oidc, operatorGroups: ["ops"], justInTime: true, ...more });
const forLdap = (more: object = {}) => houseWith({ ldap, operatorGroups: ["ops"], justInTime: true, ...more });

let serial = 0;
function account(more: Partial<ProviderAccount> = {}): ProviderAccount {
  serial += 1;
  const name = `op${String(serial)}`;
  const one = { account: name, sub: `sub-${name}`, email: `${name}@example.org`, groups: ["ops"], ...more };
  provider.addAccount(one);
  return one;
}

/** Through the provider as a browser goes. */
async function come(house: DirectoryHouse, name: string) {
  const { url, handle } = must(await house.directories.beginOidc(FROM));
  const back = await provider.signIn(url, name);
  return house.directories.completeOidc({ ...FROM, handle, callbackUrl: back.href });
}

async function enrol(house: DirectoryHouse, token: string): Promise<string> {
  const offer = must(await house.identity.beginEnrolment({ token, sourceAddress: "10.0.0.9" }));
  const code = generateSync({ secret: offer.secret, epoch: Math.floor(house.lab.now() / 1000) });
  const input = { token, secret: offer.secret, code, sourceAddress: "10.0.0.9" };
  must(await house.identity.completeEnrolment(input as never));
  return offer.secret;
}
function codeOf(house: DirectoryHouse, secret: string): string {
  house.lab.pass(30_000);
  return generateSync({ secret, epoch: Math.floor(house.lab.now() / 1000) });
}

describe("a first sign-in at the provider", () => {
  it("makes nobody where that is off, nor who is in no mapped group", async () => {
    const off = await forOidc({ justInTime: false });
    const one = account();
    expect(await come(off, one.account)).toMatchObject({ ok: false, code: "directory-refused" });
    const on = await forOidc();
    const stranger = account({ groups: ["others", "security", "auditor"] });
    expect(await come(on, stranger.account)).toMatchObject({ ok: false, code: "directory-refused" });
    expect(await on.person(stranger.account)).toBeUndefined();
    expect(await on.events("person.sign-in-failed")).toMatchObject([
      { leaf: expect.stringContaining("not-in-groups") },
    ]);
  });

  it("makes an operator and nothing more, who enrols a second factor and then signs in by both", async () => {
    const house = await forOidc();
    const one = account({ groups: ["ops", "security", "audit", "system", "approver"] });
    const first = must(await come(house, one.account));
    expect(first.kind).toBe("enrol");
    const person = await house.person(one.account);
    expect(person).toMatchObject({ passwordAt: "oidc", passwordHash: null, vendorId: null });
    expect(await house.roles(one.account)).toEqual(["operator"]);
    expect(await house.lab.database.read.powers.get(person?.id as never)).toBeUndefined();
    const secret = await enrol(house, first.kind === "enrol" ? first.enrolmentToken : "");
    const half = must(await come(house, one.account));
    const handle = half.kind === "half" ? half.half.handle : "";
    const wrong = { kind: "code", code: "000000" } as const;
    expect(await house.directories.finishOidc({ ...FROM, handle, factor: wrong })).toMatchObject({
      code: "sign-in-refused",
    });
    const factor = { kind: "code", code: codeOf(house, secret) } as const;
    const signIn = must(await house.directories.finishOidc({ ...FROM, handle, factor }));
    expect(must(await house.identity.resume(signIn.cookie, "10.0.0.9"))).toMatchObject({ roles: ["operator"] });
    const again = await house.directories.finishOidc({ ...FROM, handle, factor });
    expect(again).toMatchObject({ code: "directory-refused" });
    // He has no password here, empty or not.
    for (const password of ["", "password"]) {
      const code = codeOf(house, secret);
      expect(
        await house.identity.signIn({ login: one.account, password, code, sourceAddress: "10.0.0.9", via: "web" }),
      ).toMatchObject({ ok: false });
    }
  });

  it("needs no factor here where the provider proved one", async () => {
    const house = await forOidc();
    const one = account({ amr: ["pwd", "otp"] });
    const came = must(await come(house, one.account));
    expect(came).toMatchObject({ kind: "signed-in", signIn: { actor: { login: one.account, roles: ["operator"] } } });
    const cookie = came.kind === "signed-in" ? came.signIn.cookie : "";
    expect((await house.identity.resume(cookie, "10.0.0.9")).ok).toBe(true);
  });

  it("attaches to nobody by login or e-mail", async () => {
    const house = await forOidc();
    const alice = await house.lab.add(house.grace, "alice", { roles: ["operator"] });
    await house.lab.database.write((tx) => tx.people.update(alice.id, { email: "Alice@example.org" }));
    const byLogin = account({ username: "alice" });
    expect(await come(house, byLogin.account)).toMatchObject({ code: "directory-refused" });
    const byMail = account({ email: "alice@EXAMPLE.org" });
    expect(await come(house, byMail.account)).toMatchObject({ code: "directory-refused" });
    const odd = account({ username: "root@web-01" });
    expect(await come(house, odd.account)).toMatchObject({ code: "directory-refused" });
    const whys = (await house.events("person.sign-in-failed")).map((row) => JSON.parse(row.leaf).decidedBy);
    expect(whys).toEqual(["login-taken", "email-of-another", "login-not-well-formed"]);
    expect(await house.lab.database.read.externalIdentities.count({})).toBe(0);
  });
});

describe("who is linked to the provider", () => {
  it("is refused when his entry takes another's e-mail, and nothing moves", async () => {
    const house = await forOidc();
    const [one, two] = [account({ amr: ["otp"] }), account({ amr: ["otp"] })];
    must(await come(house, one.account));
    must(await come(house, two.account));
    const before = await house.lab.database.read.externalIdentities.find({}, { orderBy: "id" });
    provider.changeAccount(two.account, { email: one.email });
    expect(await come(house, two.account)).toMatchObject({ code: "directory-refused" });
    const after = await house.lab.database.read.externalIdentities.find({}, { orderBy: "id" });
    expect(after.map((row) => [row.personId, row.subject, row.email])).toEqual(
      before.map((row) => [row.personId, row.subject, row.email]),
    );
  });

  it("is nobody under another subject", async () => {
    const house = await forOidc();
    const one = account({ amr: ["otp"] });
    must(await come(house, one.account));
    provider.changeAccount(one.account, { sub: "sub-of-a-successor" });
    expect(await come(house, one.account)).toMatchObject({ code: "directory-refused" });
  });

  it("loses the role when he leaves the group: at the next check, and at sign-in", async () => {
    const house = await forOidc();
    const one = account({ amr: ["otp"] });
    const came = must(await come(house, one.account));
    provider.changeAccount(one.account, { groups: [] });
    await house.round();
    expect(await house.roles(one.account)).toEqual([]);
    const cookie = came.kind === "signed-in" ? came.signIn.cookie : "";
    expect(await house.identity.resume(cookie, "10.0.0.9")).toMatchObject({ code: "unauthenticated" });
    provider.changeAccount(one.account, { groups: ["ops"] });
    expect(must(await come(house, one.account)).kind).toBe("signed-in");
    expect(await house.roles(one.account)).toEqual(["operator"]);
    provider.changeAccount(one.account, { groups: ["others"] });
    expect(must(await come(house, one.account))).toMatchObject({ signIn: { actor: { roles: [] } } });
  });

  it("is out at the next check once he is gone there, and comes back only by the provider's word", async () => {
    const house = await forOidc();
    const one = account({ amr: ["otp"] });
    const came = must(await come(house, one.account));
    const cookie = came.kind === "signed-in" ? came.signIn.cookie : "";
    await house.round();
    expect((await house.identity.resume(cookie, "10.0.0.9")).ok).toBe(true);
    provider.removeAccount(one.account);
    await house.round();
    expect((await house.identity.resume(cookie, "10.0.0.9")).ok).toBe(false);
    expect((await house.person(one.account))?.state).toBe("disabled");
    expect(await house.events("person.directory-gone")).toHaveLength(1);
    provider.addAccount(one);
    expect(must(await come(house, one.account)).kind).toBe("signed-in");
    const actor = await house.lab.onPage(house.grace);
    const person = await house.person(one.account);
    must(await house.lab.people.change(actor, person?.id as never, { state: "disabled" }));
    expect(await come(house, one.account)).toMatchObject({ code: "directory-refused" });
  });

  it("stays while the provider is away, with an alert, and is let go after the grace", async () => {
    const house = await forOidc();
    const one = account({ amr: ["otp"] });
    const came = must(await come(house, one.account));
    const cookie = came.kind === "signed-in" ? came.signIn.cookie : "";
    await provider.goAway();
    try {
      await house.round();
      expect((await house.identity.resume(cookie, "10.0.0.9", { quietly: true })).ok).toBe(true);
      const alerts = await house.lab.database.read.alerts.find({ kind: "directory-unreachable" });
      expect(alerts).toHaveLength(1);
      // Kept in use, so that it is not idleness that ends it.
      for (let passed = 0; passed < GRACE_MS; passed += 600_000) {
        house.lab.pass(600_000);
        await house.identity.resume(cookie, "10.0.0.9");
      }
      expect((await house.identity.resume(cookie, "10.0.0.9")).ok).toBe(true);
      await house.round();
      expect((await house.identity.resume(cookie, "10.0.0.9")).ok).toBe(false);
      expect((await house.person(one.account))?.state).toBe("active");
    } finally {
      await provider.comeBack();
    }
  });
});

describe("a journey to the provider", () => {
  it("is good once, for ten minutes, and only with its own handle", async () => {
    const house = await forOidc();
    const one = account({ amr: ["otp"] });
    const begun = must(await house.directories.beginOidc(FROM));
    const other = must(await house.directories.beginOidc(FROM));
    const callbackUrl = (await provider.signIn(begun.url, one.account)).href;
    for (const handle of ["", "x".repeat(43), other.handle])
      expect((await house.directories.completeOidc({ ...FROM, handle, callbackUrl })).ok).toBe(false);
    must(await house.directories.completeOidc({ ...FROM, handle: begun.handle, callbackUrl }));
    expect((await house.directories.completeOidc({ ...FROM, handle: begun.handle, callbackUrl })).ok).toBe(false);
    const late = must(await house.directories.beginOidc(FROM));
    const lateUrl = (await provider.signIn(late.url, one.account)).href;
    house.lab.pass(600_000);
    const answer = await house.directories.completeOidc({ ...FROM, handle: late.handle, callbackUrl: lateUrl });
    expect(answer.ok).toBe(false);
  });

  it("links one's own account after a second factor, and no account that is linked", async () => {
    const house = await forOidc({ justInTime: false });
    const [mine, theirs] = [account({ amr: ["otp"] }), account()];
    const page = await house.lab.onPage(house.grace);
    const link = async (name: string) => {
      const begun = must(await house.directories.beginOidc({ ...FROM, actor: page }));
      const callbackUrl = (await provider.signIn(begun.url, name)).href;
      return house.directories.completeOidc({ ...FROM, handle: begun.handle, callbackUrl });
    };
    expect(must(await link(mine.account))).toEqual({ kind: "linked" });
    expect(await link(theirs.account)).toMatchObject({ code: "conflict" });
    expect(must(await come(house, mine.account))).toMatchObject({
      signIn: { actor: { login: "grace", power: "security" } },
    });
    house.lab.pass(900_000);
    expect(await house.directories.beginOidc({ ...FROM, actor: page })).toMatchObject({ code: "step-up-needed" });
  });
});

describe("an auditor in a mapped group", () => {
  it("comes in as what she is, and becomes no operator", async () => {
    const house = await forOidc({ justInTime: false });
    await house.lab.add(house.grace, "judy", { power: "audit" });
    const judy = await house.person("judy");
    const one = account();
    must(
      await house.directories.link(await house.lab.onPage(house.grace), judy?.id as never, {
        kind: "oidc",
        subject: one.sub,
      }),
    );
    expect(must(await come(house, one.account)).kind).toBe("half");
    await house.round();
    expect(await house.roles("judy")).toEqual([]);
    expect((await house.person("judy"))?.state).toBe("active");
  });
});

describe("the last of a power", () => {
  it("is not closed by a directory; an alert says what it wanted", async () => {
    const house = await forOidc({ operatorGroups: [] });
    const [one, two] = [account({ amr: ["otp"] }), account({ amr: ["otp"] })];
    for (const [by, whose, entry] of [
      [house.grace, house.heidi, one],
      [house.heidi, house.grace, two],
    ] as const) {
      const actor = await house.lab.onPage(by);
      must(await house.directories.link(actor, whose.id, { kind: "oidc", subject: entry.sub }));
    }
    must(await come(house, one.account));
    must(await come(house, two.account));
    provider.removeAccount(one.account);
    provider.removeAccount(two.account);
    await house.round();
    await house.round();
    const states = [(await house.person("grace"))?.state, (await house.person("heidi"))?.state].sort();
    expect(states).toEqual(["active", "disabled"]);
    const { people, alerts } = house.lab.database.read;
    const [kept] = await people.find({ login: { in: ["grace", "heidi"] }, state: "active" });
    expect(await alerts.find({ kind: "last-of-power" })).toMatchObject([
      { subject: `person:${kept?.id}`, detail: { login: kept?.login, by: "oidc" } },
    ]);
    expect(await alerts.find({ kind: "directory-unreachable" })).toEqual([]);
  });
});

describe("people whose password lies in the LDAP directory", () => {
  const sign = (house: DirectoryHouse, login: string, password: string, code: string) =>
    house.identity.signIn({ login, password, code, sourceAddress: "10.0.0.9", via: "web" });

  it("come by a first sign-in, a second factor here, and the directory's password ever after", async () => {
    await slapd.addPerson({ uid: "qian", cn: "Qian", mail: "qian@example.org", password: "heron-1" });
    const house = await forLdap();
    const first = { login: "qian", password: "heron-1", sourceAddress: "10.0.0.9" };
    expect(await house.directories.enrolByLdap(first)).toMatchObject({ code: "sign-in-refused" });
    await slapd.setGroup("ops", ["qian"]);
    expect(await house.directories.enrolByLdap({ ...first, password: "" })).toMatchObject({ ok: false });
    const { enrolmentToken } = must(await house.directories.enrolByLdap(first));
    const secret = await enrol(house, enrolmentToken);
    expect(await house.directories.enrolByLdap(first)).toMatchObject({ code: "sign-in-refused" });
    expect(must(await sign(house, "qian", "heron-1", codeOf(house, secret))).roles).toEqual(["operator"]);
    for (const password of ["", "heron-2"])
      expect(await sign(house, "qian", password, codeOf(house, secret))).toMatchObject({ code: "sign-in-refused" });
    expect(await sign(house, "qian", "heron-1", "000000")).toMatchObject({ code: "sign-in-refused" });
    house.lab.pass(600_000);
    await slapd.changePassword("qian", "heron-3");
    expect(await sign(house, "qian", "heron-1", codeOf(house, secret))).toMatchObject({ ok: false });
    house.lab.pass(600_000);
    must(await sign(house, "qian", "heron-3", codeOf(house, secret)));
    await slapd.setGroup("ops", []);
    expect(must(await sign(house, "qian", "heron-3", codeOf(house, secret))).roles).toEqual([]);
    await slapd.removePerson("qian");
    await house.round();
    expect((await house.person("qian"))?.state).toBe("disabled");
  });

  it("hear that the directory is away only with their second factor; administrators come in without it", async () => {
    await slapd.addPerson({ uid: "zhou", cn: "Zhou", mail: "zhou@example.org", password: "heron-4" });
    await slapd.setGroup("ops", ["zhou"]);
    const house = await forLdap();
    const first = { login: "zhou", password: "heron-4", sourceAddress: "10.0.0.9" };
    const { enrolmentToken } = must(await house.directories.enrolByLdap(first));
    const secret = await enrol(house, enrolmentToken);
    const admin = await house.lab.onPage(house.heidi);
    must(
      await house.directories.link(admin, house.grace.id, { kind: "ldap", subject: "zhou" }).then((refused) => {
        expect(refused).toMatchObject({ code: "conflict" });
        return { ok: true, value: undefined } as const;
      }),
    );
    await slapd.addPerson({ uid: "grace", cn: "Grace", mail: "grace@example.org", password: "upstream" });
    must(await house.directories.link(admin, house.grace.id, { kind: "ldap", subject: "grace" }));
    expect((await house.person("grace"))?.passwordAt).toBe("here");
    await slapd.kill();
    try {
      expect(await sign(house, "zhou", "heron-4", "000000")).toMatchObject({ code: "sign-in-refused" });
      expect(await sign(house, "zhou", "heron-4", codeOf(house, secret))).toMatchObject({
        code: "directory-unavailable",
      });
      const code = house.lab.freshCode(house.grace);
      must(await sign(house, "grace", house.grace.password, code));
      expect(await sign(house, "grace", "upstream", house.lab.freshCode(house.grace))).toMatchObject({ ok: false });
    } finally {
      await slapd.restart();
    }
  });

  it("are looked up by their entry: another who takes their login there is not them", async () => {
    await slapd.addPerson({ uid: "sun", cn: "Sun", mail: "sun@example.org", password: "heron-5" });
    await slapd.setGroup("ops", ["sun"]);
    const house = await forLdap();
    const { enrolmentToken } = must(
      await house.directories.enrolByLdap({ login: "sun", password: "heron-5", sourceAddress: "10.0.0.9" }),
    );
    const secret = await enrol(house, enrolmentToken);
    await slapd.renamePerson("sun", "sun-old");
    await slapd.addPerson({ uid: "sun", cn: "Impostor", mail: "impostor@example.org", password: "heron-6" });
    expect(await sign(house, "sun", "heron-6", codeOf(house, secret))).toMatchObject({ code: "sign-in-refused" });
    house.lab.pass(600_000);
    must(await sign(house, "sun", "heron-5", codeOf(house, secret)));
  });
});

describe("links", () => {
  it("are kept by security administrators over others, with a second factor shown lately", async () => {
    const house = await forOidc();
    const actor = await house.lab.onPage(house.grace);
    const input = { kind: "oidc", subject: "somebody" } as const;
    expect(await house.directories.link(actor, house.grace.id, input)).toMatchObject({ code: "forbidden" });
    const made = must(await house.directories.link(actor, house.heidi.id, input));
    expect(await house.directories.link(actor, house.heidi.id, { ...input, subject: "other" })).toMatchObject({
      code: "conflict",
    });
    const operator = await house.lab.add(house.grace, "olga", { roles: ["operator"] });
    const olga = await house.lab.onPage(operator);
    expect(await house.directories.link(olga, house.heidi.id, input)).toMatchObject({ code: "not-found" });
    expect(await house.directories.links(olga, house.heidi.id)).toMatchObject({ code: "not-found" });
    expect(await house.directories.unlink(olga, made.id)).toMatchObject({ code: "not-found" });
    house.lab.pass(660_000);
    expect(await house.directories.unlink(actor, made.id)).toMatchObject({ code: "step-up-needed" });
    must(await house.directories.unlink(await house.lab.onPage(house.grace), made.id));
    expect(must(await house.directories.links(await house.lab.onPage(house.heidi), house.heidi.id))).toEqual([]);
  });
});
