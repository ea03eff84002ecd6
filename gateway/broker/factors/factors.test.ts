import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createCalendar } from "../../calendar.js";
import { asId, type Actor, type PasskeyId, type WebSessionId } from "../../domain/index.js";
import {
  must,
  openIdentityLab,
  PASSWORD,
  type IdentityLab,
  type LabPerson,
} from "../../../test/support/identity-lab.js";
import {
  makeSoftwareAuthenticator,
  type Deviation,
  type SoftwareAuthenticator,
} from "../../../test/support/software-authenticator.js";
import type { Ceremony, FactorUseCases, WebAuthnJson } from "../broker.js";
import { standing } from "../standing.js";
import { requireStepUp } from "../step-up.js";
import { createThrottle } from "../throttle.js";
import { createFactors } from "./factors.js";
import { passkeySite } from "./passkey-proof.js";

const ORIGIN = "http://localhost:8080";
const MINUTE_MS = 60_000;
const FROM = { sourceAddress: "10.0.0.1", userAgent: "lab" };
const NOT_IN = { ok: false, code: "sign-in-refused" };
const NOT_GOOD = { ok: false, code: "passkey-refused" };
const STEP_UP = { ok: false, code: "step-up-needed" };

let lab: IdentityLab;
let factors: FactorUseCases;
let grace: LabPerson;
let page: Actor;
let device: SoftwareAuthenticator;

const json = (value: unknown): WebAuthnJson => value as WebAuthnJson;
const bind = (publicUrl = ORIGIN): FactorUseCases =>
  createFactors({
    ...lab.deps,
    config: { ...lab.deps.config, publicUrl },
    calendar: createCalendar("Asia/Shanghai"),
    throttle: createThrottle(lab.deps.clock),
  });

beforeAll(async () => {
  lab = await openIdentityLab("sqlite");
  grace = await lab.bootstrap();
});
afterAll(() => lab.close());
beforeEach(async () => {
  lab.pass(60 * MINUTE_MS);
  factors = bind();
  page = await lab.onPage(grace);
  device = makeSoftwareAuthenticator(ORIGIN);
});

async function add(actor: Actor = page, by = device, deviation: Deviation = {}) {
  const ceremony = must(await factors.beginPasskey(actor));
  const response = json(by.register(ceremony.options as never, deviation));
  return factors.addPasskey(actor, { handle: ceremony.handle, name: "laptop", response });
}

async function begin(): Promise<Ceremony> {
  return must(await factors.beginPasskeySignIn("10.0.0.1"));
}

async function signIn(by = device, deviation: Deviation = {}) {
  const { handle, options } = await begin();
  return factors.signInByPasskey({ ...FROM, handle, response: json(by.signIn(options as never, deviation)) });
}

async function lastRefusal(): Promise<{ readonly decidedBy: string; readonly detail: Record<string, unknown> }> {
  const [row] = await lab.database.read.audit.find(
    { verb: "person.sign-in-failed" },
    { orderBy: "id", descending: true, limit: 1 },
  );
  return JSON.parse(row?.leaf ?? "{}") as never;
}

describe("adding a passkey", () => {
  test("is told with its name and nothing of its key", async () => {
    const added = must(await add());
    expect(added).toMatchObject({ name: "laptop", personId: grace.id, lastUsedAt: null, retiredAt: null });
    expect(Object.keys(added)).not.toContain("publicKey");
    const { notices, passkeys } = await lab.identity.me(page);
    expect(notices[0]?.verb).toBe("person.passkey-added");
    expect(passkeys).toBeGreaterThan(0);
  });

  test("asks for a recent second factor and a page", async () => {
    const { webSessionId: _page, ...terminal } = page;
    expect(await factors.beginPasskey(terminal)).toEqual({ ok: false, code: "forbidden" });
    lab.pass(11 * MINUTE_MS);
    expect(await factors.beginPasskey(page)).toEqual(STEP_UP);
  });

  test("takes each ceremony once, for two minutes, in the page it was begun in", async () => {
    const ceremony = must(await factors.beginPasskey(page));
    const response = json(device.register(ceremony.options as never));
    const input = { handle: ceremony.handle, name: "laptop", response };
    const other = await lab.onPage(grace);
    expect(await factors.addPasskey(other, input)).toEqual(NOT_GOOD);
    must(await factors.addPasskey(page, input));
    expect(await factors.addPasskey(page, input)).toEqual(NOT_GOOD);
    expect((await lastRefusal()).detail).toEqual({ via: "passkey-registration", why: "challenge" });
    const late = must(await factors.beginPasskey(page));
    lab.pass(2 * MINUTE_MS);
    const answer = json(device.register(late.options as never));
    expect(await factors.addPasskey(page, { ...input, handle: late.handle, response: answer })).toEqual(NOT_GOOD);
  });

  test("refuses an authenticator's credential that is registered already, also with another person", async () => {
    const alice = await lab.add(grace, `a${String(lab.now())}`);
    const alices = await lab.onPage(alice);
    page = await lab.onPage(grace);
    const first = must(await factors.beginPasskey(page));
    const answer = device.register(first.options as never);
    must(await factors.addPasskey(page, { handle: first.handle, name: "laptop", response: json(answer) }));
    const second = must(await factors.beginPasskey(alices));
    // The same attested credential under the other challenge: nothing of it is signed with attestation "none".
    const client = Buffer.from(answer.response.clientDataJSON, "base64url").toString();
    const swapped = client.replace(
      (first.options as { challenge: string }).challenge,
      (second.options as { challenge: string }).challenge,
    );
    const response = json({
      ...answer,
      response: { ...answer.response, clientDataJSON: Buffer.from(swapped).toString("base64url") },
    });
    const taken = await factors.addPasskey(alices, { handle: second.handle, name: "mine", response });
    expect(taken).toEqual({ ok: false, code: "conflict", field: "response" });
    expect((await lastRefusal()).detail["why"]).toBe("known-passkey");
  });

  test("excludes one's own and stops at twenty", async () => {
    const bob = await lab.onPage(await lab.add(grace, `b${String(lab.now())}`));
    for (let count = 0; count < 20; count += 1) must(await add(bob));
    expect(await factors.beginPasskey(bob)).toEqual({ ok: false, code: "conflict", field: "name" });
    const [{ id } = { id: "" as PasskeyId }] = must(await factors.listPasskeys(bob));
    must(await factors.retirePasskey(bob, id));
    expect((await lab.identity.me(bob)).notices[0]?.verb).toBe("person.passkey-retired");
    const { options } = must(await factors.beginPasskey(bob));
    expect((options["excludeCredentials"] as readonly unknown[]).length).toBe(19);
  });

  test("refuses another origin, and writes down why", async () => {
    expect(await add(page, device, { origin: "https://evil.test" })).toEqual(NOT_GOOD);
    expect((await lastRefusal()).detail["why"]).toContain("https://evil.test");
  });

  test("is off where the page is reached by an address, or without TLS from elsewhere", async () => {
    for (const url of ["http://10.0.0.7:8080", "https://10.0.0.7", "https://[2001:db8::1]", "http://gate.example"]) {
      expect(passkeySite(url), url).toBeUndefined();
      const there = bind(url);
      expect((await there.offers()).passkeys).toBe(false);
      expect(await there.beginPasskey(page)).toEqual({ ...NOT_GOOD, field: "publicUrl" });
      expect(await there.beginPasskeySignIn("10.0.0.1")).toEqual({ ...NOT_GOOD, field: "publicUrl" });
    }
    expect(passkeySite("https://gate.example:8443/x")).toEqual({
      origin: "https://gate.example:8443",
      rpId: "gate.example",
    });
  });
});

describe("signing in with a passkey", () => {
  test("opens a page session by the passkey alone, with the second factor just shown", async () => {
    must(await add());
    const { actor, cookie } = must(await signIn());
    expect(actor).toMatchObject({ login: "grace", power: "security" });
    const resumed = must(await lab.identity.resume(cookie, "10.0.0.1"));
    expect(await requireStepUp(lab.database.read, lab.deps.clock, lab.policy, resumed)).toMatchObject({ ok: true });
    const { items } = must(await factors.sessions(resumed, {}));
    expect(items.find(({ current }) => current)).toMatchObject({ via: "passkey", personLogin: "grace" });
    expect((await lab.database.read.people.get(grace.id))?.lastSignInAt).toBe(lab.now());
  });

  test.each<[string, Deviation]>([
    ["another origin", { origin: "https://evil.test" }],
    ["another relying party", { rpId: "evil.test" }],
    ["no user verification", { userVerified: false }],
    ["a bit of the signature", { flipSignature: true }],
    ["no user handle", { userHandle: null }],
    ["somebody else's user handle", { userHandle: Buffer.from("x").toString("base64url") }],
  ])("is refused with %s", async (_what, deviation) => {
    must(await add());
    expect(await signIn(device, deviation)).toEqual(NOT_IN);
    expect(await lastRefusal()).toMatchObject({ decidedBy: "passkey" });
    must(await signIn());
  });

  test("is refused when the answer is replayed, late, or meant for something else", async () => {
    must(await add());
    const { handle, options } = await begin();
    const response = json(device.signIn(options as never));
    must(await factors.signInByPasskey({ ...FROM, handle, response }));
    expect(await factors.signInByPasskey({ ...FROM, handle, response })).toEqual(NOT_IN);
    const other = await begin();
    expect(await factors.signInByPasskey({ ...FROM, handle: other.handle, response })).toEqual(NOT_IN);
    const late = await begin();
    const tooLate = json(device.signIn(late.options as never));
    lab.pass(2 * MINUTE_MS);
    expect(await factors.signInByPasskey({ ...FROM, handle: late.handle, response: tooLate })).toEqual(NOT_IN);
    page = await lab.onPage(grace);
    const stepUp = must(await factors.beginStepUp(page));
    const forStepUp = json(device.signIn(stepUp.options as never));
    expect(await factors.signInByPasskey({ ...FROM, handle: stepUp.handle, response: forStepUp })).toEqual(NOT_IN);
  });

  test("of two with one answer at the same time lets one in", async () => {
    must(await add());
    const { handle, options } = await begin();
    const response = json(device.signIn(options as never));
    const both = await Promise.all([1, 2].map(() => factors.signInByPasskey({ ...FROM, handle, response })));
    expect(both.filter(({ ok }) => ok).length).toBe(1);
  });

  test("answers an unknown passkey, a retired one and a disabled person's alike", async () => {
    const alice = await lab.add(grace, `c${String(lab.now())}`);
    const alices = await lab.onPage(alice);
    const hers = makeSoftwareAuthenticator(ORIGIN);
    must(await add(alices, hers));
    const { id } = must(await add());
    must(await signIn(hers));
    must(await factors.retirePasskey(page, id));
    await lab.database.write((tx) => tx.people.update(alice.id, { state: "disabled" }));
    const unknown = makeSoftwareAuthenticator(ORIGIN);
    unknown.register({ challenge: "AAAA", rp: { id: "localhost" }, user: { id: "AAAA" } });
    for (const one of [unknown, device, hers]) expect(await signIn(one)).toEqual(NOT_IN);
    await lab.database.write((tx) => tx.people.update(alice.id, { state: "active", totpEnrolledAt: null }));
    expect(await signIn(hers)).toEqual(NOT_IN);
  });

  test("finds a clone by its counter, refuses both from then on, and tells everybody", async () => {
    must(await add());
    const clone = device.copy();
    must(await signIn());
    must(await signIn());
    expect(await signIn(clone)).toEqual(NOT_IN);
    expect(await signIn()).toEqual(NOT_IN);
    const [alert] = await lab.database.read.alerts.find({ kind: "passkey-cloned" });
    expect(alert).toMatchObject({ subject: `person:${grace.id}`, state: "open" });
    expect((await lab.identity.me(await lab.onPage(grace))).notices[0]?.verb).toBe("person.passkey-cloned");
  });

  test("ends what a clone opened before it was found", async () => {
    must(await add());
    const clone = device.copy();
    must(await signIn());
    const thief = must(await signIn(clone, { counter: 7 }));
    expect((await lab.identity.resume(thief.cookie, "10.0.0.1")).ok).toBe(true);
    expect(await signIn()).toEqual(NOT_IN);
    expect(await lab.identity.resume(thief.cookie, "10.0.0.1")).toEqual({ ok: false, code: "unauthenticated" });
    expect(await standing(lab.database.read, page)).toBeUndefined();
  });

  test("is kept from nobody by what others behind his address try, once he came in from there", async () => {
    must(await add());
    const nobody = { ...FROM, handle: "x".repeat(43), response: json({ id: "none", response: {} }) };
    for (let i = 0; i < 40; i += 1) await factors.signInByPasskey(nobody);
    expect(await factors.signInByPasskey(nobody)).toMatchObject({ code: "too-many-tries" });
    must(await signIn());
    const tries = [await factors.signInByPasskey(nobody), await factors.signInByPasskey(nobody)];
    expect(tries).toMatchObject([NOT_IN, { code: "too-many-tries" }]);
  });

  test("does not retire a passkey for an old counter that nobody signed", async () => {
    const { id } = must(await add());
    must(await signIn());
    must(await signIn());
    expect(await signIn(device, { counter: 1, flipSignature: true })).toEqual(NOT_IN);
    expect((await lab.database.read.passkeys.get(id))?.retiredAt).toBeNull();
  });
});

describe("showing the second factor again", () => {
  const recent = (actor: Actor) => requireStepUp(lab.database.read, lab.deps.clock, lab.policy, actor);

  test("counts ten minutes from the sign-in, and again from each code or passkey", async () => {
    must(await add());
    lab.pass(9 * MINUTE_MS);
    expect((await recent(page)).ok).toBe(true);
    lab.pass(MINUTE_MS);
    expect(await recent(page)).toEqual(STEP_UP);
    must(await factors.stepUp(page, { kind: "code", code: lab.freshCode(grace) }));
    expect((await recent(page)).ok).toBe(true);
    lab.pass(11 * MINUTE_MS);
    const { handle, options } = must(await factors.beginStepUp(page));
    must(await factors.stepUp(page, { kind: "passkey", handle, response: json(device.signIn(options as never)) }));
    expect((await recent(page)).ok).toBe(true);
  });

  test("is never recent for an actor without a page, nor through another person's", async () => {
    const { webSessionId: _page, ...terminal } = page;
    expect(await recent(terminal)).toEqual(STEP_UP);
    expect(await recent({ ...page, personId: asId("somebody") })).toEqual(STEP_UP);
  });

  test("takes a code once, and counts wrong ones as a sign-in does", async () => {
    const code = lab.freshCode(grace);
    must(await factors.stepUp(page, { kind: "code", code }));
    expect(await factors.stepUp(page, { kind: "code", code })).toEqual(NOT_IN);
    for (let tries = 0; tries < 5; tries += 1) await factors.stepUp(page, { kind: "code", code: "000000" });
    const more = await factors.stepUp(page, { kind: "code", code: lab.code(grace, 1) });
    expect(more).toMatchObject({ ok: false, code: "too-many-tries" });
  });

  test("takes no other person's passkey, and no answer of another page", async () => {
    must(await add());
    const alices = await lab.onPage(await lab.add(grace, `d${String(lab.now())}`));
    const hers = makeSoftwareAuthenticator(ORIGIN);
    must(await add(alices, hers));
    page = await lab.onPage(grace);
    const mine = must(await factors.beginStepUp(page));
    const question = { challenge: (mine.options as { challenge: string }).challenge, rpId: "localhost" };
    const response = json(hers.signIn(question));
    expect(await factors.stepUp(page, { kind: "passkey", handle: mine.handle, response })).toEqual(NOT_GOOD);
    const elsewhere = must(await factors.beginStepUp(await lab.onPage(grace)));
    const answer = json(device.signIn(elsewhere.options as never));
    const input = { kind: "passkey", handle: elsewhere.handle, response: answer } as const;
    expect(await factors.stepUp(page, input)).toEqual(NOT_GOOD);
  });

  test("takes no answer to a ceremony of the same page that was for something else", async () => {
    must(await add());
    const { handle, options } = must(await factors.beginPasskey(page));
    const question = { challenge: (options as { challenge: string }).challenge, rpId: "localhost" };
    const input = { kind: "passkey", handle, response: json(device.signIn(question)) } as const;
    expect(await factors.stepUp(page, input)).toEqual(NOT_GOOD);
  });

  test("does nothing for a session that has ended", async () => {
    must(await factors.endSession(page, page.webSessionId as WebSessionId));
    const late = { kind: "code", code: lab.freshCode(grace) } as const;
    expect(await factors.stepUp(page, late)).toEqual({ ok: false, code: "unauthenticated" });
    expect(await recent(page)).toEqual(STEP_UP);
  });
});

describe("page sessions", () => {
  test("are listed to their owner, and to a security administrator for everybody", async () => {
    const alice = await lab.add(grace, `e${String(lab.now())}`);
    const alices = await lab.onPage(alice);
    page = await lab.onPage(grace);
    const own = must(await factors.sessions(alices, {})).items;
    expect(own.map(({ personLogin, current }) => [personLogin, current])).toEqual([[alice.login, true]]);
    expect(await factors.sessions(alices, { everybody: true })).toEqual({ ok: false, code: "forbidden" });
    expect(await factors.sessions(alices, { personId: grace.id })).toEqual({ ok: false, code: "forbidden" });
    const all = must(await factors.sessions(page, { everybody: true })).items.map(({ personId }) => personId);
    expect(all).toEqual(expect.arrayContaining([alice.id, grace.id]));
  });

  test("end by their owner or a security administrator; to others they do not exist", async () => {
    const alice = await lab.add(grace, `f${String(lab.now())}`);
    const alices = await lab.onPage(alice);
    page = await lab.onPage(grace);
    const graces = page.webSessionId as WebSessionId;
    expect(await factors.endSession(alices, graces)).toEqual({ ok: false, code: "not-found" });
    must(await factors.endSession(page, alices.webSessionId as WebSessionId));
    expect((await lab.identity.refresh(alices)).ok).toBe(false);
    expect(must(await factors.sessions(page, { personId: alice.id })).items).toEqual([]);
  });

  test("end all at once with the epoch, so that terminals and device keys end with them", async () => {
    const alice = await lab.add(grace, `g${String(lab.now())}`);
    const [one, two] = [await lab.onPage(alice), await lab.onPage(alice)];
    const { webSessionId: _page, ...terminal } = one;
    must(await factors.signOutEverywhere(two, alice.id));
    for (const actor of [one, two, terminal]) expect((await lab.identity.refresh(actor)).ok).toBe(false);
    page = await lab.onPage(grace);
    expect(await factors.signOutEverywhere(await lab.onPage(alice), grace.id)).toEqual({
      ok: false,
      code: "not-found",
    });
  });

  test("end unused after half an hour and in any case after twelve, as policy says", async () => {
    const sign = async () =>
      must(
        await lab.identity.signInWeb({
          ...FROM,
          login: "grace",
          password: PASSWORD,
          code: lab.freshCode(grace),
          via: "web",
        }),
      ).cookie;
    const idle = await sign();
    lab.pass(30 * MINUTE_MS);
    expect(await lab.identity.resume(idle, "x")).toEqual({ ok: false, code: "unauthenticated" });
    const busy = await sign();
    const began = lab.now();
    while (lab.now() + 20 * MINUTE_MS < began + 12 * 60 * MINUTE_MS) {
      lab.pass(20 * MINUTE_MS);
      must(await lab.identity.resume(busy, "x"));
    }
    lab.pass(20 * MINUTE_MS);
    expect(await lab.identity.resume(busy, "x")).toEqual({ ok: false, code: "unauthenticated" });
  });
});
