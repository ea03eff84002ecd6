/** What a thief with one factor, an administrator alone, or one directory against another try at signing in from outside. */
import { generateSync } from "otplib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { endAccessNow } from "../../gateway/broker/directories/end-access.js";
import { insertLink } from "../../gateway/broker/directories/find-link.js";
import { createOidc } from "../../gateway/directory/index.js";
import {
  asId,
  type AuditEvent,
  type OidcPort,
  type PasskeyId,
  type PersonId,
  type PersonKeyId,
} from "../../gateway/domain/index.js";
import { openDirectoryHouse, type DirectoryHouse } from "../support/directory-house.js";
import { must } from "../support/identity-lab.js";
import { startOidcProvider, type ProviderAccount, type TestOidcProvider } from "../support/oidc-provider.js";

const REDIRECT = "http://localhost:8080/sign-in/oidc";
const FROM = { sourceAddress: "10.0.0.9", userAgent: "test" };
const REFUSED = { ok: false, code: "directory-refused" };
let provider: TestOidcProvider;
let oidc: OidcPort;
beforeAll(async () => {
  provider = await startOidcProvider();
  const clock = { monotonicUs: () => Math.round(performance.now() * 1000) };
  const rules = { groupsClaim: "groups", secondFactor: ["otp"], name: "Test", issuer: provider.issuer };
  oidc = createOidc({ ...provider.addClient(REDIRECT), ...rules }, clock);
});
afterAll(() => provider.stop());

const open: DirectoryHouse[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});
async function houseWith(more: object = {}): Promise<DirectoryHouse> {
  const house = await openDirectoryHouse("sqlite", { oidc, operatorGroups: ["ops"], justInTime: true, ...more });
  open.push(house);
  return house;
}

let serial = 0;
function account(amr?: readonly string[]): ProviderAccount {
  serial += 1;
  const name = `at${String(serial)}`;
  const one = { account: name, sub: `sub-${name}`, email: `${name}@example.org`, groups: ["ops"] };
  const whole = amr === undefined ? one : { ...one, amr };
  provider.addAccount(whole);
  return whole;
}

async function come(house: DirectoryHouse, name: string) {
  const { url, handle } = must(await house.directories.beginOidc(FROM));
  const back = await provider.signIn(url, name);
  return house.directories.completeOidc({ ...FROM, handle, callbackUrl: back.href });
}

/** Made at a first sign-in of his own. */
async function comesHimself(house: DirectoryHouse, { account: name }: ProviderAccount): Promise<PersonId> {
  must(await come(house, name));
  const person = await house.person(name);
  if (person === undefined) throw new Error("nobody was made");
  return person.id;
}

/** As his page would, once he is in. */
function addPasskey({ lab }: DirectoryHouse, personId: PersonId): Promise<void> {
  const id = asId<PasskeyId>(lab.deps.ids.next());
  const row = { id, personId, name: "laptop", publicKey: "", counter: 0, transports: [], backedUp: false } as const;
  const since = { createdAt: lab.now(), lastUsedAt: null, retiredAt: null };
  return lab.database.write((tx) => tx.passkeys.insert({ ...row, ...since }));
}

/** The token of the enrolment that a sign-in led to. */
async function enrolment(house: DirectoryHouse, name: string): Promise<string> {
  const came = must(await come(house, name));
  if (came.kind !== "enrol") throw new Error(`it led to ${came.kind}`);
  return came.enrolmentToken;
}

const offer = async (house: DirectoryHouse, token: string) =>
  must(await house.identity.beginEnrolment({ token, sourceAddress: FROM.sourceAddress }));

describe("a thief with one factor", () => {
  it("sets up no second one for who always came in with two", async () => {
    const house = await houseWith();
    const one = account(["pwd", "otp"]);
    expect(must(await come(house, one.account)).kind).toBe("signed-in");
    provider.changeAccount(one.account, { amr: ["pwd"] });
    expect(await come(house, one.account)).toEqual(REFUSED);
    provider.changeAccount(one.account, { amr: ["pwd", "otp"] });
    expect(must(await come(house, one.account)).kind).toBe("signed-in");
  });

  it("knows no secret that its owner will enrol with later", async () => {
    const house = await houseWith();
    const one = account();
    const stolen = await offer(house, await enrolment(house, one.account));
    const mine = await offer(house, await enrolment(house, one.account));
    expect(mine.secret).not.toBe(stolen.secret);
  });

  it("makes no code count by opening an enrolment and leaving it", async () => {
    const house = await houseWith();
    const one = account();
    const { secret } = await offer(house, await enrolment(house, one.account));
    const person = await house.person(one.account);
    if (person === undefined) throw new Error("nobody was made");
    const fingerprint = "SHA256:stolen";
    const id = asId<PersonKeyId>(house.lab.deps.ids.next());
    const key = { id, personId: person.id, name: "key", publicKey: "", fingerprint, createdAt: 0, retiredAt: null };
    await house.lab.database.write((tx) => tx.personKeys.insert(key));
    const code = generateSync({ secret, epoch: Math.floor(house.lab.now() / 1000) });
    const proof = { login: one.account, keyFingerprint: fingerprint, code, sourceAddress: "10.0.0.9" } as const;
    expect(await house.identity.signIn({ ...proof, via: "ssh-key" })).toEqual({ ok: false, code: "sign-in-refused" });
  });

  it("has no step-up by a session that the provider kept from before", async () => {
    const house = await houseWith();
    const one = account(["otp"]);
    const began = Math.floor(Date.now() / 1000) * 1000;
    const came = must(await come(house, one.account));
    if (came.kind !== "signed-in") throw new Error(`it led to ${came.kind}`);
    const [page] = await house.lab.database.read.webSessions.find({ personId: came.signIn.actor.personId });
    expect(page?.steppedUpAt).toBeGreaterThanOrEqual(began);
    expect(page?.steppedUpAt).toBeLessThanOrEqual(Date.now());
    // By the house's clock that was long ago.
    const { actor } = came.signIn;
    expect(await house.directories.beginOidc({ ...FROM, actor })).toEqual({ ok: false, code: "step-up-needed" });
  });
});

describe("an administrator alone", () => {
  it("is nobody who holds a power by an entry of his own that he named as theirs before they held it", async () => {
    const house = await houseWith({ operatorGroups: [] });
    const own = account(["pwd", "otp"]);
    const { deps, database } = house.lab;
    const named = { kind: "oidc", source: provider.issuer, subject: own.sub, email: null, sealed: null } as const;
    const by = { personId: house.grace.id, sourceAddress: "10.0.0.1" };
    await database.write((tx) => insertLink(deps, tx, { ...named, personId: house.heidi.id }, by));
    expect(must(await come(house, own.account))).toMatchObject({ kind: "half" });
  });
});

describe("who came in by one person's hand before two gave weight", () => {
  const REASON = "the third of the night watch";
  const OUT = { sourceAddress: "10.0.0.1" };

  it("keeps no entry that was linked from inside, and a reset takes such an entry with the rest", async () => {
    const house = await houseWith({ operatorGroups: [] });
    const { lab, grace } = house;
    const own = account(["pwd", "otp"]);
    const mallory = await lab.add(grace, "mallory");
    const actor = await lab.onPage(mallory);
    const { url, handle } = must(await house.directories.beginOidc({ ...FROM, actor }));
    const back = await provider.signIn(url, own.account);
    // A page lasts by the house's clock, a token by the provider's.
    expect(must(await house.directories.completeOidc({ ...FROM, handle, callbackUrl: back.href })).kind).toBe("linked");
    const by = await lab.signIn(grace);
    const { proposal } = must(await lab.people.change(by, mallory.id, { power: "audit", reason: REASON }));
    const parts = await lab.agree(proposal!);
    expect(await come(house, own.account)).toEqual(REFUSED);
    await lab.enrol(parts);
    expect(await come(house, own.account)).toEqual(REFUSED);
    expect((await house.events("person.directory-unlinked")).map((row) => row.objectId)).toEqual([mallory.id]);
  });

  it("keeps no passkey that an administrator added by an entry of his own", async () => {
    const house = await houseWith();
    const { lab, grace } = house;
    for (const isMade of [true, false]) {
      const [own, theirs] = [account(["pwd", "otp"]), account(["pwd", "otp"])];
      const made = isMade
        ? must(
            await lab.people.create(await lab.signIn(grace), {
              login: "minted",
              displayName: "minted",
              locale: "en",
              power: null,
              roles: [],
            }),
          ).person.id
        : await comesHimself(house, theirs);
      const page = await lab.onPage(grace);
      for (const { id, kind } of must(await house.directories.links(page, made)))
        if (kind === "oidc") must(await house.directories.unlink(page, id));
      must(await house.directories.link(page, made, { kind: "oidc", subject: own.sub }));
      expect(must(await come(house, own.account)).kind).toBe("signed-in");
      await addPasskey(house, made);
      const by = await lab.signIn(grace);
      const { proposal } = must(await lab.people.change(by, made, { power: "system", reason: REASON }));
      const parts = await lab.agree(proposal!);
      expect(await lab.database.read.passkeys.count({ personId: made, retiredAt: null }), own.account).toBe(0);
      expect(await come(house, own.account)).toEqual(REFUSED);
      must(await house.identity.beginEnrolment({ ...parts, ...OUT }));
    }
  });

  it("is told from who came by his own directory and nobody's hand", async () => {
    const house = await houseWith();
    const { lab, grace } = house;
    const one = account(["pwd", "otp"]);
    const id = await comesHimself(house, one);
    await addPasskey(house, id);
    const by = await lab.signIn(grace);
    const { proposal } = must(await lab.people.change(by, id, { roles: ["approver"], reason: REASON }));
    expect(await lab.confirm(proposal!)).toBeNull();
    expect(await lab.database.read.passkeys.count({ personId: id, retiredAt: null })).toBe(1);
    expect(must(await come(house, one.account)).kind).toBe("signed-in");
  });
});

describe("a link that is taken away", () => {
  it("takes with it what it let in", async () => {
    const house = await houseWith({ operatorGroups: [] });
    const one = account(["otp"]);
    const olga = await house.lab.add(house.grace, "olga", { roles: ["operator"] });
    const grace = await house.lab.onPage(house.grace);
    const link = must(await house.directories.link(grace, olga.id, { kind: "oidc", subject: one.sub }));
    const came = must(await come(house, one.account));
    const cookie = came.kind === "signed-in" ? came.signIn.cookie : "";
    expect((await house.identity.resume(cookie, "10.0.0.9")).ok).toBe(true);
    must(await house.directories.unlink(grace, link.id));
    expect(await house.identity.resume(cookie, "10.0.0.9")).toEqual({ ok: false, code: "unauthenticated" });
  });
});

describe("a link that is taken away before anybody enrolled", () => {
  it("takes along the enrolment that its entry began, opened or not", async () => {
    const house = await houseWith();
    for (const opened of [false, true]) {
      const one = account();
      const token = await enrolment(house, one.account);
      const offered = opened ? await offer(house, token) : undefined;
      const person = await house.person(one.account);
      if (person === undefined) throw new Error("nobody was made");
      const grace = await house.lab.onPage(house.grace);
      const [link] = must(await house.directories.links(grace, person.id));
      must(await house.directories.unlink(grace, link?.id ?? asId("")));
      const over = { ok: false, code: "enrolment-expired" };
      const { sourceAddress } = FROM;
      expect(await house.identity.beginEnrolment({ token, sourceAddress })).toEqual(over);
      const secret = offered?.secret ?? "A".repeat(32);
      const code = generateSync({ secret, epoch: Math.floor(house.lab.now() / 1000) });
      const input = { token, secret, password: "nine slow herons", code, sourceAddress };
      expect(await house.identity.completeEnrolment(input)).toEqual(over);
      expect(await house.person(one.account)).toMatchObject({ totpSealed: null, totpEnrolledAt: null });
    }
  });
});

describe("what is refused on the way back from the provider", () => {
  it("is written down: an answer shown twice, an entry with another's e-mail, one that is somebody's", async () => {
    const house = await houseWith({ justInTime: false });
    const [mine, theirs] = [account(["otp"]), account(["otp"])];
    const journey = async (name: string, actor?: Parameters<typeof house.directories.beginOidc>[0]["actor"]) => {
      const { url, handle } = must(await house.directories.beginOidc({ ...FROM, ...(actor ? { actor } : {}) }));
      return { ...FROM, handle, callbackUrl: (await provider.signIn(url, name)).href };
    };
    const whys = async () =>
      (await house.events("person.sign-in-failed")).map(({ leaf }) => (JSON.parse(leaf) as AuditEvent).decidedBy);
    const heidi = await house.lab.onPage(house.heidi);
    must(await house.directories.completeOidc(await journey(theirs.account, heidi)));
    const grace = await house.lab.onPage(house.grace);
    provider.changeAccount(mine.account, { email: theirs.email });
    expect(await house.directories.completeOidc(await journey(mine.account, grace))).toEqual(REFUSED);
    provider.changeAccount(theirs.account, { email: "another@example.org" });
    expect(await house.directories.completeOidc(await journey(theirs.account, grace))).toMatchObject({
      code: "conflict",
    });
    const once = await journey(theirs.account);
    must(await house.directories.completeOidc(once));
    expect(await house.directories.completeOidc(once)).toEqual(REFUSED);
    expect(await whys()).toEqual(["email-of-another", "linked-already", "no-journey"]);
    expect(await house.lab.database.read.externalIdentities.count({ retiredAt: null })).toBe(1);
  });
});

describe("who was closed by one directory", () => {
  it("comes back by no other's word", async () => {
    const house = await houseWith();
    const one = account(["otp"]);
    must(await come(house, one.account));
    const person = await house.person(one.account);
    if (person === undefined) throw new Error("nobody was made");
    // The provider had gone away and keeps nothing to ask by; then another directory closed him.
    const { database, deps } = house.lab;
    const [link] = await database.read.externalIdentities.find({ personId: person.id });
    const away = { sealed: null, failingSince: house.lab.now() };
    await database.write((tx) => tx.externalIdentities.update(link?.id ?? asId(""), away));
    await endAccessNow(deps, person, { why: "closed-upstream", by: "scim:other", state: "disabled" });
    expect(await come(house, one.account)).toEqual(REFUSED);
    expect((await house.person(one.account))?.state).toBe("disabled");
  });
});
