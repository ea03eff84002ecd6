import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PASSWORD, must, openIdentityLab, type IdentityLab, type LabPerson } from "../../test/support/identity-lab.js";
import type { Actor, AuditEvent, PersonId } from "../domain/index.js";

describe.each(["memory", "sqlite"] as const)("people, on %s", (kind) => {
  let lab: IdentityLab;
  let grace: LabPerson;
  let security: Actor;
  beforeEach(async () => {
    lab = await openIdentityLab(kind);
    grace = await lab.bootstrap();
    security = await lab.signIn(grace);
  });
  afterEach(() => lab.close());

  const input = (login: string) => ({ login, displayName: login, locale: "en", power: null, roles: [] }) as const;

  test("a login is taken for ever, and odd ones cannot be made", async () => {
    must(await lab.people.create(security, input("alice")));
    const again = { ...input("alice"), displayName: "Alice Two" };
    expect(await lab.people.create(security, again)).toEqual({ ok: false, code: "conflict", field: "login" });
    expect(await lab.people.create(security, { ...input("alice2"), displayName: "ALICE" })).toEqual({
      ok: false,
      code: "name-taken",
      field: "displayName",
    });
    for (const login of ["", "Alice", "a@b", "a+b", "a%b", "-a", "a b", "a\n", "é", "x".repeat(33)]) {
      expect(await lab.people.create(security, input(login))).toEqual({
        ok: false,
        code: "invalid-input",
        field: "login",
      });
    }
    for (const displayName of ["", " a", "a\u001b[31m", "a\u202eb", "x".repeat(101)]) {
      const outcome = await lab.people.create(security, { ...input("bob"), displayName });
      expect(outcome).toEqual({ ok: false, code: "invalid-input", field: "displayName" });
    }
    const rows = await lab.database.read.audit.find({ verb: "register.refused" });
    const told = rows.map((row) => (JSON.parse(row.leaf) as AuditEvent).decidedBy);
    const times = { conflict: 1, "name-taken": 1, "invalid-input": 15 };
    for (const [why, count] of Object.entries(times)) expect(told.filter((one) => one === why)).toHaveLength(count);
  });

  test("only the security power makes, changes and resets; audit may look; nobody else", async () => {
    const target = must(await lab.people.create(security, input("target"))).person.id;
    const holders = [
      ["system", { power: "system" }, false],
      ["audit", { power: "audit" }, true],
      ["approver", { roles: ["approver"] }, false],
      ["operator", { roles: ["operator"] }, false],
    ] as const;
    for (const [login, holds, sees] of holders) {
      const actor = await lab.signIn(await lab.add(grace, login, holds));
      expect((await lab.people.list(actor, {})).ok, login).toBe(sees);
      expect(await lab.people.create(actor, input("eve"))).toEqual({ ok: false, code: "forbidden" });
      expect(await lab.people.change(actor, target, { roles: ["operator"] })).toEqual({ ok: false, code: "forbidden" });
      expect(await lab.people.resetFactors(actor, target)).toEqual({ ok: false, code: "forbidden" });
    }
  });

  test("what an actor claims to hold counts for nothing: the rows decide", async () => {
    const alice = await lab.signIn(await lab.add(grace, "alice", { roles: ["operator"] }));
    const forged: Actor = { ...alice, power: "security" };
    expect(await lab.people.create(forged, input("eve"))).toEqual({ ok: false, code: "forbidden" });
    expect(await lab.people.list(forged, {})).toEqual({ ok: false, code: "forbidden" });
  });

  test("nobody changes or resets himself", async () => {
    expect(await lab.people.change(security, grace.id, { roles: ["approver"] })).toEqual({
      ok: false,
      code: "forbidden",
    });
    expect(await lab.people.change(security, grace.id, { power: "audit" })).toEqual({ ok: false, code: "forbidden" });
    expect(await lab.people.resetFactors(security, grace.id)).toEqual({ ok: false, code: "forbidden" });
  });

  test("an auditor holds no role, however it is tried", async () => {
    const both = { power: "audit", roles: ["operator"] } as const;
    expect(await lab.people.create(security, { ...input("eve"), ...both })).toEqual({
      ok: false,
      code: "exclusive-powers",
      field: "power",
    });
    const operator = await lab.add(grace, "operator", { roles: ["operator"] });
    const auditor = await lab.add(grace, "auditor", { power: "audit" });
    const actor = await lab.signIn(grace);
    expect(await lab.people.change(actor, operator.id, { power: "audit" })).toMatchObject({ code: "exclusive-powers" });
    expect(await lab.people.change(actor, auditor.id, { roles: ["approver"] })).toMatchObject({
      code: "exclusive-powers",
    });
    expect(must(await lab.people.change(actor, operator.id, { power: "audit", roles: [] })).person).toMatchObject({
      power: "audit",
      roles: [],
    });
  });

  test("a role given while the audit power is being confirmed does not meet it", async () => {
    const heidi = await lab.add(grace, "heidi", { power: "security" });
    const target = await lab.add(grace, "target");
    const { proposal } = must(
      await lab.people.change(await lab.signIn(grace), target.id, { power: "audit", reason: "to watch" }),
    );
    if (proposal === null) throw new Error("nothing was proposed");
    const [one, two] = [await lab.signIn(grace), await lab.onPage(heidi)];
    const outcomes = await Promise.all([
      lab.people.change(one, target.id, { roles: ["operator"] }),
      lab.proposals.confirm(two, proposal.id, proposal.digest),
    ]);
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    const power = await lab.database.read.powers.get(target.id);
    const roles = await lab.database.read.roles.find({ personId: target.id });
    expect([power === undefined ? 0 : 1, roles.length].reduce((sum, part) => sum + part, 0)).toBe(1);
  });

  test("a second power is impossible by the schema itself", async () => {
    const unitId = security.unitId;
    const again = { id: grace.id, power: "audit", unitId, grantedBy: null, confirmedBy: null, createdAt: 0 } as const;
    await expect(lab.database.write((tx) => tx.powers.insert(again))).rejects.toMatchObject({ code: "conflict" });
  });

  test("of two security administrators who disable each other, one stays", async () => {
    const heidi = await lab.add(grace, "heidi", { power: "security" });
    const [one, two] = [await lab.signIn(grace), await lab.signIn(heidi)];
    const outcomes = await Promise.all([
      lab.people.change(one, heidi.id, { state: "disabled" }),
      lab.people.change(two, grace.id, { state: "disabled" }),
    ]);
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
  });

  test("each change stands in the audit log with who did it, and is told", async () => {
    const alice = await lab.add(grace, "alice", { roles: ["operator"] });
    const actor = await lab.signIn(grace);
    const before = (await lab.verbs()).length;
    must(await lab.people.change(actor, alice.id, { roles: ["approver"], power: "system", displayName: "Alice A." }));
    expect((await lab.verbs()).slice(before).sort()).toEqual([
      "person.changed",
      "power.granted",
      "role.granted",
      "role.withdrawn",
    ]);
    const [event] = await lab.database.read.audit.find({ verb: "power.granted", objectId: alice.id });
    expect(event?.actorId).toBe(grace.id);
    expect(lab.notices.at(-1)).toMatchObject({ topic: "people", id: alice.id });
  });

  test("a retired person stays retired, and the row stays", async () => {
    const alice = await lab.add(grace, "alice");
    const actor = await lab.signIn(grace);
    must(await lab.people.change(actor, alice.id, { state: "retired" }));
    expect(await lab.people.change(actor, alice.id, { state: "active" })).toEqual({
      ok: false,
      code: "conflict",
      field: "state",
    });
    expect(await lab.database.read.people.get(alice.id)).toMatchObject({ state: "retired", login: "alice" });
  });

  test("a reset takes both factors, the SSH keys and the old recovery codes, and the link gives new ones", async () => {
    const alice = await lab.add(grace, "alice");
    const session = await lab.signIn(alice);
    const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0YAGRnwEQgbzS4z1dzXqdH2jWmoBIe5nSmzGcqfNfl";
    const key = must(await lab.identity.addKey(session, { name: "thief", publicKey, code: lab.freshCode(alice) }));
    const actor = await lab.signIn(grace);
    const { enrolmentToken } = must(await lab.people.resetFactors(actor, alice.id));
    expect((await lab.identity.refresh(session)).ok).toBe(false);
    expect((await lab.database.read.personKeys.get(key.id))?.retiredAt).toBe(lab.now());
    expect(await lab.database.read.recoveryCodes.count({ personId: alice.id, usedAt: null })).toBe(0);
    const old = { login: "alice", password: PASSWORD, sourceAddress: "10.0.0.1", via: "web" } as const;
    expect((await lab.identity.signIn({ ...old, code: lab.freshCode(alice) })).ok).toBe(false);
    const again = await lab.enrol(enrolmentToken ?? "");
    expect(again.secret).not.toBe(alice.secret);
    expect((await lab.identity.signIn({ ...old, code: alice.recoveryCodes[0] ?? "" })).ok).toBe(false);
    await lab.signIn(again);
  });

  test("a person who is not there is not found, by whoever may ask", async () => {
    const id = "00000000-0000-7000-8000-000000000001" as PersonId;
    expect(await lab.people.change(security, id, { roles: [] })).toEqual({ ok: false, code: "not-found" });
    expect(await lab.people.resetFactors(security, id)).toEqual({ ok: false, code: "not-found" });
  });

  test("lists by page, newest first, without a hash or secret", async () => {
    for (const login of ["a1", "a2", "a3"]) must(await lab.people.create(security, input(login)));
    const first = must(await lab.people.list(security, { limit: 2 }));
    expect(first.items.map((person) => person.login)).toEqual(["a3", "a2"]);
    const second = must(await lab.people.list(security, { limit: 2, cursor: first.next ?? "" }));
    expect(second.items.map((person) => person.login)).toEqual(["a1", "grace"]);
    expect(second.next).toBeNull();
    expect(JSON.stringify([first, second])).not.toMatch(/argon2|v1\.|Hash|sealed/i);
    expect(await lab.people.list(security, { cursor: "nonsense" })).toMatchObject({ code: "invalid-input" });
  });
});
