import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PASSWORD, must, openIdentityLab, type IdentityLab, type LabPerson } from "../../test/support/identity-lab.js";
import { asId, type DeviceKeyId, type PasskeyId, type PersonId } from "../domain/index.js";
import type { SignIn } from "./index.js";
import { readPublicKey } from "./public-key.js";

describe.each(["sqlite"] as const)("who you are, on %s", (kind) => {
  let lab: IdentityLab;
  let grace: LabPerson;
  beforeEach(async () => {
    lab = await openIdentityLab(kind);
    grace = await lab.bootstrap();
  });
  afterEach(() => lab.close());

  const attempt = (person: Pick<LabPerson, "login">, more: Partial<SignIn> = {}): SignIn => ({
    login: person.login,
    password: PASSWORD,
    code: "000000",
    sourceAddress: "10.0.0.9",
    via: "web",
    ...more,
  });

  describe("signing in", () => {
    test("takes the right password and a code that was not used", async () => {
      const actor = must(await lab.identity.signIn(attempt(grace, { code: lab.freshCode(grace) })));
      expect(actor).toMatchObject({ login: "grace", power: "security", roles: [], sourceAddress: "10.0.0.9" });
      expect(await lab.verbs()).toContain("person.signed-in");
    });

    test("a code is good once, also in another process", async () => {
      const code = lab.freshCode(grace);
      must(await lab.identity.signIn(attempt(grace, { code })));
      expect(await lab.identity.signIn(attempt(grace, { code }))).toEqual({ ok: false, code: "sign-in-refused" });
      const other = lab.restarted().identity;
      expect(await other.signIn(attempt(grace, { code }))).toEqual({ ok: false, code: "sign-in-refused" });
    });

    test("the code that enrolled is used up", async () => {
      expect((await lab.identity.signIn(attempt(grace, { code: lab.code(grace) }))).ok).toBe(false);
    });

    test("of four tries at the same moment with one code, one passes", async () => {
      const code = lab.freshCode(grace);
      const other = lab.restarted().identity;
      lab.together(4);
      const tries = [lab.identity, other, lab.identity, other].map((identity) =>
        identity.signIn(attempt(grace, { code })),
      );
      expect((await Promise.all(tries)).filter((outcome) => outcome.ok)).toHaveLength(1);
    });

    test("an older code after a newer one is refused", async () => {
      lab.pass(60_000);
      const [older, newer] = [lab.code(grace, -1), lab.code(grace)];
      must(await lab.identity.signIn(attempt(grace, { code: newer })));
      expect((await lab.identity.signIn(attempt(grace, { code: older }))).ok).toBe(false);
    });

    test("a wrong password does not use the code up", async () => {
      const code = lab.freshCode(grace);
      expect((await lab.identity.signIn(attempt(grace, { code, password: "wrong" }))).ok).toBe(false);
      expect((await lab.identity.signIn(attempt(grace, { code }))).ok).toBe(true);
    });

    test("whatever is wrong gets the same answer after the same work", async () => {
      const alice = await lab.add(grace, "alice");
      const bob = await lab.add(grace, "bob");
      const actor = await lab.signIn(grace);
      must(await lab.people.change(actor, alice.id, { state: "disabled" }));
      must(
        await lab.people.create(actor, { login: "carol", displayName: "Carol", locale: "en", power: null, roles: [] }),
      );
      const wrongs: readonly Partial<SignIn>[] = [
        { login: "nobody", code: "123456" },
        { login: "Not a login\n\u001b[31m", code: "123456" },
        { login: "x".repeat(10_000), code: "123456" },
        { login: "gr\u0000ce", code: "123456" },
        { login: "\ud800", code: "123456" },
        { login: bob.login, password: "wrong", code: lab.freshCode(bob) },
        { login: bob.login, code: "000000" },
        { login: bob.login, code: "" },
        { login: bob.login, code: "9".repeat(1_000_000) },
        { login: bob.login, password: "", code: lab.freshCode(bob) },
        { login: alice.login, code: lab.freshCode(alice) },
        { login: "carol", code: "123456" },
      ];
      for (const [index, wrong] of wrongs.entries()) {
        lab.checks.passwords = 0;
        lab.checks.codes = 0;
        const before = (await lab.verbs()).length;
        const input = attempt(bob, { ...wrong, sourceAddress: `10.1.0.${String(index)}` });
        expect(await lab.identity.signIn(input), JSON.stringify(wrong).slice(0, 80)).toEqual({
          ok: false,
          code: "sign-in-refused",
        });
        expect(lab.checks).toEqual({ passwords: 1, codes: 1 });
        expect((await lab.verbs()).slice(before)).toEqual(["person.sign-in-failed"]);
      }
    });

    test("a key that was verified by the door stands in the password's place, and only its owner's", async () => {
      const alice = await lab.add(grace, "alice");
      const actor = await lab.signIn(alice);
      const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0YAGRnwEQgbzS4z1dzXqdH2jWmoBIe5nSmzGcqfNfl comment";
      const key = must(await lab.identity.addKey(actor, { name: "laptop", publicKey, code: lab.freshCode(alice) }));
      const byKey = (person: LabPerson, keyFingerprint: string): SignIn => ({
        login: person.login,
        keyFingerprint,
        code: lab.freshCode(person),
        sourceAddress: "10.0.0.9",
        via: "ssh-key",
      });
      must(await lab.identity.signIn(byKey(alice, key.fingerprint)));
      for (const code of ["", "000000", lab.code(alice), alice.password])
        expect((await lab.identity.signIn({ ...byKey(alice, key.fingerprint), code })).ok, code).toBe(false);
      expect(await lab.identity.signIn(byKey(grace, key.fingerprint))).toEqual({ ok: false, code: "sign-in-refused" });
      expect((await lab.identity.signIn(byKey(alice, "SHA256:other"))).ok).toBe(false);
      must(await lab.identity.retireKey(actor, key.id));
      expect((await lab.identity.signIn(byKey(alice, key.fingerprint))).ok).toBe(false);
    });

    test("a recovery code passes once, however it is typed, and only on the page", async () => {
      const [code = "", other = ""] = grace.recoveryCodes;
      expect(grace.recoveryCodes).toHaveLength(10);
      expect((await lab.identity.signIn(attempt(grace, { code, via: "ssh-password" }))).ok).toBe(false);
      lab.together(2);
      const tries = [code, code.toLowerCase().replaceAll("-", " ")].map((typed) =>
        lab.identity.signIn(attempt(grace, { code: typed })),
      );
      expect((await Promise.all(tries)).filter((outcome) => outcome.ok)).toHaveLength(1);
      expect((await lab.identity.signIn(attempt(grace, { code }))).ok).toBe(false);
      expect((await lab.identity.signIn(attempt(grace, { code: other }))).ok).toBe(true);
      expect((await lab.verbs()).filter((verb) => verb === "person.recovery-code-used")).toHaveLength(2);
    });

    test("one person's recovery code is nothing to another", async () => {
      const alice = await lab.add(grace, "alice");
      expect((await lab.identity.signIn(attempt(grace, { code: alice.recoveryCodes[0] ?? "" }))).ok).toBe(false);
    });

    test("a password under weaker parameters is hashed again by the sign-in", async () => {
      const { hash } = await import("argon2");
      const weak = await hash(PASSWORD, { memoryCost: 4096, timeCost: 1, parallelism: 1 });
      await lab.database.write((tx) => tx.people.update(grace.id, { passwordHash: weak }));
      await lab.signIn(grace);
      const row = await lab.database.read.people.get(grace.id);
      expect(row?.passwordHash).not.toBe(weak);
      expect(row?.passwordHash).toContain("m=19456");
      await lab.signIn(grace);
    });
  });

  describe("guessing", () => {
    const guess = (person: Pick<LabPerson, "login">, sourceAddress: string) =>
      lab.identity.signIn(attempt(person, { password: "wrong", sourceAddress }));

    test("from one address is slowed more with each failure, and told once a minute", async () => {
      for (let i = 0; i < 5; i += 1) expect((await guess(grace, "10.0.0.66")).ok).toBe(false);
      const waits: number[] = [];
      for (let i = 0; i < 4; i += 1) {
        const outcome = await guess(grace, "10.0.0.66");
        expect(outcome).toMatchObject({ ok: false, code: "too-many-tries" });
        const waitMs = outcome.ok ? 0 : (outcome.retryAfterMs ?? 0);
        waits.push(waitMs);
        lab.pass(waitMs);
        expect(await guess(grace, "10.0.0.66")).toEqual({ ok: false, code: "sign-in-refused" });
      }
      expect(waits).toEqual([1000, 2000, 4000, 8000]);
      expect((await lab.verbs()).filter((verb) => verb === "person.throttled")).toHaveLength(1);
    });

    test("at an unknown login looks just the same", async () => {
      const codes = async (login: string, address: string): Promise<string[]> => {
        const seen: string[] = [];
        for (let i = 0; i < 8; i += 1) {
          const outcome = await guess({ login }, address);
          seen.push(outcome.ok ? "in" : `${outcome.code} ${String(outcome.retryAfterMs)}`);
        }
        return seen;
      };
      expect(await codes("nobody", "10.0.0.66")).toEqual(await codes(grace.login, "10.0.0.67"));
    });

    test("a hundred tries at the same moment are no way round", async () => {
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => guess(grace, "10.0.0.66")));
      const judged = outcomes.filter((outcome) => !outcome.ok && outcome.code === "sign-in-refused");
      expect(judged.length).toBeLessThanOrEqual(5);
    });

    test("from everywhere does not lock the owner out of an address she came from before", async () => {
      must(await lab.identity.signInWeb({ ...attempt(grace, { code: lab.freshCode(grace) }), userAgent: "x" }));
      lab.pass(30_000);
      for (let i = 0; i < 60; i += 1) await guess(grace, `192.0.2.${String(i)}`);
      const restarted = lab.restarted().identity;
      const code = lab.code(grace);
      const stranger = attempt(grace, { code, sourceAddress: "198.51.100.1" });
      expect(await lab.identity.signIn(stranger)).toMatchObject({ code: "too-many-tries" });
      expect(await restarted.signIn(stranger)).toMatchObject({ code: "too-many-tries" });
      expect(await restarted.signIn(attempt(grace, { code }))).toMatchObject({ ok: true });
    });

    test("slows a stranger's address for a minute at most, so that the owner gets in from anywhere", async () => {
      for (let i = 0; i < 60; i += 1) await guess(grace, `192.0.2.${String(i)}`);
      const stranger = await guess(grace, "198.51.100.1");
      expect(stranger.ok ? 0 : stranger.retryAfterMs).toBeLessThanOrEqual(60_000);
      lab.pass(60_000);
      must(await lab.identity.signIn(attempt(grace, { code: lab.freshCode(grace), sourceAddress: "198.51.100.1" })));
    });

    test("many logins from one address empties its bucket, and one IPv6 subscriber is one address", async () => {
      const outcomes: string[] = [];
      for (let i = 0; i < 40; i += 1) {
        const outcome = await guess({ login: `user${String(i)}` }, `2001:db8:1:2::${i.toString(16)}`);
        outcomes.push(outcome.ok ? "in" : outcome.code);
      }
      expect(outcomes.slice(0, 30)).toEqual(Array(30).fill("sign-in-refused"));
      expect(outcomes.slice(30)).toEqual(Array(10).fill("too-many-tries"));
      expect((await guess({ login: "user1" }, "2001:db8:1:3::1")).ok).toBe(false);
      expect(await lab.database.read.alerts.find({ kind: "login-attack" })).toHaveLength(1);
      must(await lab.identity.signIn(attempt(grace, { code: lab.freshCode(grace) })));
    });

    test("from an office's one address does not keep those out who got in from there before", async () => {
      const office = "203.0.113.7";
      must(
        await lab.identity.signInWeb({
          ...attempt(grace, { code: lab.freshCode(grace), sourceAddress: office }),
          userAgent: "x",
        }),
      );
      const code = lab.freshCode(grace);
      for (let i = 0; i < 40; i += 1) await guess({ login: `user${String(i)}` }, office);
      expect(await guess({ login: "alice" }, office)).toMatchObject({ code: "too-many-tries" });
      must(await lab.identity.signIn(attempt(grace, { code, sourceAddress: office })));
      for (let i = 0; i < 5; i += 1) await guess(grace, office);
      expect(await guess(grace, office)).toMatchObject({ code: "too-many-tries" });
    });

    test("at a login just enrolled does not keep its owner from the first sign-in", async () => {
      const alice = await lab.add(grace, "alice");
      for (let i = 0; i < 60; i += 1) await guess(alice, `192.0.2.${String(i)}`);
      expect(await guess(alice, "198.51.100.1")).toMatchObject({ code: "too-many-tries" });
      const first = attempt(alice, { code: lab.code(alice, 1), sourceAddress: "10.0.0.1" });
      must(await lab.identity.signIn(first));
    });

    test("opens one alert that counts on", async () => {
      for (let i = 0; i < 30; i += 1) {
        await guess(grace, `192.0.2.${String(i)}`);
        lab.pass(61_000);
      }
      const [alert, ...others] = await lab.database.read.alerts.find({ kind: "login-attack" });
      expect(others).toEqual([]);
      expect(alert).toMatchObject({ subject: `person:${grace.id}`, count: 2, state: "open" });
    });

    test("a good sign-in clears what was counted", async () => {
      for (let i = 0; i < 4; i += 1) await guess(grace, "10.0.0.9");
      must(await lab.identity.signIn(attempt(grace, { code: lab.freshCode(grace) })));
      expect(await lab.database.read.people.get(grace.id)).toMatchObject({ failures: 0, lastFailureAt: null });
      for (let i = 0; i < 5; i += 1)
        expect(await guess(grace, "10.0.0.9")).toEqual({ ok: false, code: "sign-in-refused" });
    });

    test("behind a stolen cookie is slowed as well", async () => {
      const actor = await lab.signIn(grace);
      const outcomes: string[] = [];
      for (let i = 0; i < 8; i += 1) {
        const outcome = await lab.identity.changePassword(actor, {
          current: "wrong",
          next: "a new long sentence",
          code: "000000",
        });
        outcomes.push(outcome.ok ? "in" : outcome.code);
      }
      expect(outcomes).toContain("too-many-tries");
    });
  });

  describe("page sessions", () => {
    const webSignIn = async (previous?: string) =>
      must(
        await lab.identity.signInWeb({
          ...attempt(grace, { code: lab.freshCode(grace) }),
          userAgent: "test",
          ...(previous === undefined ? {} : { previous }),
        }),
      );

    test("the cookie is 256 random bits and stands in no row", async () => {
      const { cookie, expiresAt } = await webSignIn();
      expect(cookie).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(expiresAt).toBe(lab.now() + 12 * 3_600_000);
      const rows = await lab.database.read.webSessions.find({});
      expect(JSON.stringify(rows)).not.toContain(cookie);
      expect(must(await lab.identity.resume(cookie, "10.0.0.9")).login).toBe("grace");
    });

    test("a sign-in ends the session it replaces and makes another cookie", async () => {
      const first = await webSignIn();
      const second = await webSignIn(first.cookie);
      expect(second.cookie).not.toBe(first.cookie);
      expect(await lab.identity.resume(first.cookie, "x")).toEqual({ ok: false, code: "unauthenticated" });
      expect((await lab.identity.resume(second.cookie, "x")).ok).toBe(true);
      expect((await lab.verbs()).filter((verb) => verb === "person.signed-out")).toHaveLength(1);
    });

    test("is dead after sign-out, for good", async () => {
      const { cookie } = await webSignIn();
      await lab.identity.signOut(cookie);
      await lab.identity.signOut(cookie);
      await lab.identity.signOut("nonsense");
      expect((await lab.identity.resume(cookie, "x")).ok).toBe(false);
      expect((await lab.verbs()).filter((verb) => verb === "person.signed-out")).toHaveLength(1);
    });

    test("ends after 30 minutes without use, and after 12 hours whatever is done", async () => {
      const idle = await webSignIn();
      lab.pass(30 * 60_000);
      expect((await lab.identity.resume(idle.cookie, "x")).ok).toBe(false);
      const busy = await webSignIn();
      for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
        lab.pass(20 * 60_000);
        expect((await lab.identity.resume(busy.cookie, "x")).ok).toBe(true);
      }
      lab.pass(20 * 60_000);
      expect((await lab.identity.resume(busy.cookie, "x")).ok).toBe(false);
    });

    test("is dead by a clock that was set back, and with it the second factor that it was opened with", async () => {
      const { cookie } = await webSignIn();
      lab.pass(600_000);
      expect((await lab.identity.resume(cookie, "x")).ok).toBe(true);
      lab.pass(-61_000);
      expect((await lab.identity.resume(cookie, "x")).ok).toBe(false);
    });

    test("the gate's own quiet asking does not keep it alive", async () => {
      const { cookie } = await webSignIn();
      lab.pass(20 * 60_000);
      expect((await lab.identity.resume(cookie, "x", { quietly: true })).ok).toBe(true);
      lab.pass(10 * 60_000);
      expect((await lab.identity.resume(cookie, "x", { quietly: true })).ok).toBe(false);
    });

    test("whoever acts through a page session is nobody once it has ended, also where he was known before", async () => {
      const [one, other] = [await webSignIn(), await webSignIn()];
      const acting = must(await lab.identity.resume(one.cookie, "10.0.0.9"));
      const beside = must(await lab.identity.resume(other.cookie, "10.0.0.9"));
      expect(acting.webSessionId).not.toBe(beside.webSessionId);
      expect((await lab.identity.refresh(acting)).ok).toBe(true);
      await lab.identity.signOut(one.cookie);
      expect(await lab.identity.refresh(acting)).toEqual({ ok: false, code: "unauthenticated" });
      expect((await lab.identity.refresh(beside)).ok).toBe(true);
      const { webSessionId: _, ...onSsh } = acting;
      expect((await lab.identity.refresh(onSsh)).ok).toBe(true);
    });

    test("any text that is no cookie resumes nothing", async () => {
      for (const cookie of ["", "x", "a".repeat(43), "a".repeat(1_000_000), "\0".repeat(43)]) {
        expect(await lab.identity.resume(cookie, "x")).toEqual({ ok: false, code: "unauthenticated" });
      }
    });

    test("is dead after a password change, and the new password is the only one", async () => {
      const { cookie, actor } = await webSignIn();
      const next = "eleven loud ravens";
      const changed = await lab.identity.changePassword(actor, { current: PASSWORD, next, code: lab.freshCode(grace) });
      expect(changed).toEqual({ ok: true, value: undefined });
      expect((await lab.identity.resume(cookie, "x")).ok).toBe(false);
      expect((await lab.identity.refresh(actor)).ok).toBe(false);
      expect((await lab.identity.signIn(attempt(grace, { code: lab.freshCode(grace) }))).ok).toBe(false);
      must(await lab.identity.signIn(attempt(grace, { password: next, code: lab.freshCode(grace) })));
    });

    test("is dead at the moment power, role or state changes, and a new one has the new rights", async () => {
      await lab.add(grace, "another-auditor", { power: "audit" });
      const alice = await lab.add(grace, "alice", { roles: ["operator"] });
      const { id } = alice;
      const changes = [
        { roles: ["approver"] as const },
        { power: "audit" as const, roles: [] },
        { state: "disabled" as const },
      ];
      for (const change of changes) {
        const code = lab.freshCode(alice);
        const session = must(await lab.identity.signInWeb({ ...attempt(alice, { code }), userAgent: "x" }));
        const actor = await lab.signIn(grace);
        must(await lab.people.change(actor, id, change));
        expect(await lab.identity.resume(session.cookie, "x")).toEqual({ ok: false, code: "unauthenticated" });
        expect(await lab.identity.refresh(session.actor)).toEqual({ ok: false, code: "unauthenticated" });
      }
    });
  });

  describe("the first steps", () => {
    test("the link is good once, and never again once a person was made", async () => {
      expect(await lab.identity.makeBootstrapToken()).toBeUndefined();
      const input = {
        token: "a".repeat(43),
        login: "eve",
        displayName: "Eve",
        locale: "en",
        sourceAddress: "x",
      } as const;
      expect(await lab.identity.bootstrap(input)).toEqual({ ok: false, code: "enrolment-expired" });
    });

    test("stays in bootstrap until each power has two enrolled, active people", async () => {
      expect(await lab.identity.installation()).toEqual({ hasPeople: true, bootstrap: true, demo: false });
      const seats = ["security", "system", "system", "audit", "audit"] as const;
      const made: LabPerson[] = [];
      for (const [index, power] of seats.entries()) {
        expect((await lab.identity.installation()).bootstrap).toBe(true);
        made.push(await lab.add(grace, `person${String(index)}`, { power }));
      }
      expect((await lab.identity.installation()).bootstrap).toBe(false);
      const actor = await lab.signIn(grace);
      must(await lab.people.change(actor, made[4]?.id as PersonId, { state: "disabled" }));
      expect((await lab.identity.installation()).bootstrap).toBe(true);
    });
  });

  describe("enrolment", () => {
    const invite = async (login: string): Promise<string> => {
      const actor = await lab.signIn(grace);
      const input = { login, displayName: login, locale: "zh-CN", power: null, roles: [] } as const;
      return must(await lab.people.create(actor, input)).enrolmentToken ?? "";
    };

    test("shows the same secret again until it is complete, whatever secret the page sends back", async () => {
      const token = await invite("alice");
      const [first, second] = await Promise.all([
        lab.identity.beginEnrolment({ token, sourceAddress: "x" }),
        lab.identity.beginEnrolment({ token, sourceAddress: "x" }),
      ]);
      expect(must(first)).toEqual(must(second));
      const alice = { ...grace, secret: must(first).secret };
      const input = {
        token,
        secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        password: PASSWORD,
        code: lab.code(alice),
        sourceAddress: "x",
      };
      expect(must(await lab.identity.completeEnrolment(input)).recoveryCodes).toHaveLength(10);
      expect(await lab.identity.completeEnrolment(input)).toEqual({ ok: false, code: "enrolment-expired" });
      expect(await lab.identity.beginEnrolment({ token, sourceAddress: "x" })).toEqual({
        ok: false,
        code: "enrolment-expired",
      });
    });

    test("the link is dead after a day", async () => {
      const token = await invite("alice");
      lab.pass(24 * 3_600_000);
      expect(await lab.identity.beginEnrolment({ token, sourceAddress: "x" })).toEqual({
        ok: false,
        code: "enrolment-expired",
      });
    });

    test("the link of a person who was disabled meanwhile is dead, also when he is active again", async () => {
      const token = await invite("alice");
      const [alice] = await lab.database.read.people.find({ login: "alice" });
      const actor = await lab.signIn(grace);
      must(await lab.people.change(actor, alice?.id as PersonId, { state: "disabled" }));
      must(await lab.people.change(actor, alice?.id as PersonId, { state: "active" }));
      expect((await lab.identity.beginEnrolment({ token, sourceAddress: "x" })).ok).toBe(false);
    });

    test("needs a right code and a good password", async () => {
      const token = await invite("alice");
      const { secret } = must(await lab.identity.beginEnrolment({ token, sourceAddress: "x" }));
      const input = { token, secret, password: PASSWORD, code: "000000", sourceAddress: "x" };
      expect(await lab.identity.completeEnrolment(input)).toEqual({ ok: false, code: "invalid-input", field: "code" });
      const code = lab.code({ ...grace, secret });
      for (const password of [
        "short",
        "alicealice12",
        "password12345",
        "aaaaaaaaaaaaaaaa",
        "abcdefghijklmnop",
        "x".repeat(2000),
      ]) {
        expect(await lab.identity.completeEnrolment({ ...input, code, password })).toEqual({
          ok: false,
          code: "weak-password",
          field: "password",
        });
      }
      expect((await lab.identity.completeEnrolment({ ...input, code })).ok).toBe(true);
    });

    test("tokens cannot be tried without end", async () => {
      const outcomes: string[] = [];
      for (let i = 0; i < 40; i += 1) {
        const outcome = await lab.identity.beginEnrolment({ token: "a".repeat(43), sourceAddress: "203.0.113.5" });
        outcomes.push(outcome.ok ? "in" : outcome.code);
      }
      expect(outcomes.at(0)).toBe("enrolment-expired");
      expect(outcomes.at(-1)).toBe("too-many-tries");
    });
  });

  describe("one's own account", () => {
    test("shows keys and sign-ins, good and bad, and no secret", async () => {
      await lab.identity.signIn(attempt(grace, { password: "wrong", sourceAddress: "192.0.2.1" }));
      const actor = await lab.signIn(grace);
      const me = await lab.identity.me(actor);
      expect(me).toMatchObject({ login: "grace", power: "security", enrolled: true, keys: [] });
      expect(me.signIns.map(({ ok, source }) => [ok, source])).toContainEqual([false, "192.0.2.1"]);
      expect(JSON.stringify(me)).not.toMatch(/argon2|v1\./);
    });

    test("the language is kept", async () => {
      const actor = await lab.signIn(grace);
      must(await lab.identity.setLocale(actor, "zh-CN"));
      expect((await lab.identity.me(actor)).locale).toBe("zh-CN");
    });

    test("a key needs a fresh code and belongs to one person", async () => {
      const alice = await lab.add(grace, "alice");
      const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0YAGRnwEQgbzS4z1dzXqdH2jWmoBIe5nSmzGcqfNfl";
      const actor = await lab.signIn(grace);
      const other = await lab.signIn(alice);
      expect(await lab.identity.addKey(actor, { name: "k", publicKey, code: "000000" })).toEqual({
        ok: false,
        code: "sign-in-refused",
      });
      const code = lab.freshCode(grace);
      must(await lab.identity.addKey(actor, { name: "k", publicKey, code }));
      expect((await lab.identity.addKey(actor, { name: "k2", publicKey, code })).ok).toBe(false);
      const taken = await lab.identity.addKey(other, { name: "k", publicKey, code: lab.freshCode(alice) });
      expect(taken).toEqual({ ok: false, code: "conflict", field: "publicKey" });
      const [key] = (await lab.identity.me(actor)).keys;
      if (key === undefined) throw new Error("no key");
      expect(await lab.identity.retireKey(other, key.id)).toEqual({ ok: false, code: "not-found" });
      must(await lab.identity.retireKey(actor, key.id));
      expect((await lab.identity.me(actor)).keys).toEqual([]);
    });

    test("a key that is or was a device's is enrolled by nobody, for it opened without a code", async () => {
      const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKu2mXkG0cM3M2Jc5m0m0cBqKfDq0Zl1zS1m0m0cBqKf";
      const { line, fingerprint } = readPublicKey(publicKey) ?? { line: "", fingerprint: "" };
      const key = { id: asId<DeviceKeyId>(lab.deps.ids.next()), personId: grace.id, name: "laptop" };
      const times = { createdAt: 1, expiresAt: 2, lastUsedAt: null, retiredAt: 2 };
      const passkeyId = asId<PasskeyId>("key-ring");
      const bound = { publicKey: line, fingerprint, sourceAddress: "10.0.0.1", credentialEpoch: 1, passkeyId };
      const passkey = { id: passkeyId, personId: grace.id, name: "key ring", publicKey: "", counter: 0 };
      const { expiresAt: _at, ...kept } = times;
      await lab.database.write(async (tx) => {
        await tx.passkeys.insert({ ...passkey, transports: [], backedUp: false, ...kept });
        await tx.deviceKeys.insert({ ...key, ...bound, ...times });
      });
      const actor = await lab.signIn(grace);
      const added = await lab.identity.addKey(actor, { name: "k", publicKey, code: lab.freshCode(grace) });
      expect(added).toEqual({ ok: false, code: "conflict", field: "publicKey" });
    });
  });
});
