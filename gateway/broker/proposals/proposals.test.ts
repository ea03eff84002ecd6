/** Critical acts between the hands of two persons: what one alone cannot, what two cannot twice, and what changes meanwhile. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../../../test/support/identity-lab.js";
import { createRows } from "../../../test/support/rows.js";
import { asId, type Actor, type PersonId, type ProposalId, type UnitId } from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import { PROPOSAL_TTL_MS } from "./propose.js";

const REASON = "the third of the night watch";

describe.each(["memory", "sqlite"] as const)("proposals, on %s", (kind) => {
  let lab: IdentityLab;
  let grace: LabPerson;
  let heidi: LabPerson;
  let alice: LabPerson;
  beforeEach(async () => {
    lab = await openIdentityLab(kind);
    grace = await lab.bootstrap();
    heidi = await lab.add(grace, "heidi", { power: "security" });
    alice = await lab.add(grace, "alice");
  });
  afterEach(() => lab.close());

  const give = async (by: Actor, to: LabPerson, change: object = { roles: ["approver"] }): Promise<ProposalView> => {
    const { proposal } = must(await lab.people.change(by, to.id, { ...change, reason: REASON }));
    if (proposal === null) throw new Error("nothing was proposed");
    return proposal;
  };
  const confirm = (by: Actor, proposal: ProposalView, digest = proposal.digest) =>
    lab.proposals.confirm(by, proposal.id, digest);
  const rolesOf = async (person: LabPerson): Promise<readonly string[]> =>
    (await lab.database.read.roles.find({ personId: person.id })).map((row) => row.role);
  const eventOf = async (verb: "power.granted" | "role.granted" | "proposal.confirmed") => {
    const [row] = await lab.database.read.audit.find({ verb }, { orderBy: "id", descending: true, limit: 1 });
    return JSON.parse(row?.leaf ?? "{}") as { actor: { id: string }; detail: Record<string, unknown> };
  };

  test("two security administrators settle the installation, once, and from then on one alone gives nothing of weight", async () => {
    expect((await lab.verbs()).filter((verb) => verb === "installation.settled")).toHaveLength(1);
    const by = await lab.signIn(grace);
    for (const change of [{ roles: ["approver"] }, { roles: ["confirmer"] }, { power: "audit" }, { power: "system" }]) {
      const proposal = await give(by, alice, change);
      expect(await rolesOf(alice)).toEqual([]);
      expect(await lab.database.read.powers.get(alice.id)).toBeUndefined();
      must(await lab.proposals.withdraw(by, proposal.id));
    }
  });

  test("what two give names both, in the row and in the log", async () => {
    const proposal = await give(await lab.signIn(grace), alice);
    expect(proposal.lines).toContainEqual({ label: "roles", before: "", after: "approver" });
    // Whoever confirms sees by whose hand the person came: the proposer's own may be his second face.
    expect(proposal.lines.find((line) => line.label === "madeBy")?.after).toContain("grace");
    expect(proposal.confirmable).toEqual({ ok: false, code: "needs-second-person" });
    must(await confirm(await lab.onPage(heidi), proposal));
    const [row] = await lab.database.read.roles.find({ personId: alice.id });
    expect(row).toMatchObject({ grantedBy: grace.id, confirmedBy: heidi.id });
    const both = { proposedBy: grace.id, confirmedBy: heidi.id };
    expect((await eventOf("role.granted")).detail).toMatchObject(both);
    expect((await eventOf("proposal.confirmed")).detail).toMatchObject(both);
    expect((await eventOf("proposal.confirmed")).actor.id).toBe(heidi.id);
  });

  test("nobody is his own second person, through whatever session", async () => {
    const proposal = await give(await lab.signIn(grace), alice);
    for (const from of ["10.0.0.1", "10.9.9.9"])
      expect(await confirm(await lab.onPage(grace, from), proposal)).toEqual({
        ok: false,
        code: "needs-second-person",
      });
    expect(await lab.proposals.reject(await lab.onPage(grace), proposal.id, REASON)).toMatchObject({ ok: false });
    expect(await rolesOf(alice)).toEqual([]);
  });

  test("nobody confirms what is about himself, nor proposes it", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    const proposal = await give(await lab.signIn(grace), carol, { roles: ["approver"] });
    expect(await confirm(await lab.onPage(carol), proposal)).toEqual({ ok: false, code: "own-request" });
    expect(await lab.people.change(await lab.signIn(carol), carol.id, { power: null })).toMatchObject({
      code: "forbidden",
    });
  });

  test("the digest that was read is the one that is done, and a second factor must be fresh", async () => {
    const proposal = await give(await lab.signIn(grace), alice);
    const page = await lab.onPage(heidi);
    expect(await confirm(page, proposal, "0".repeat(64))).toEqual({ ok: false, code: "stale" });
    expect(await confirm(await lab.signIn(heidi), proposal)).toEqual({ ok: false, code: "step-up-needed" });
    const later = await lab.onPage(heidi);
    lab.pass(11 * 60_000);
    expect(await confirm(later, proposal)).toEqual({ ok: false, code: "step-up-needed" });
    expect(await rolesOf(alice)).toEqual([]);
  });

  test("of two who confirm at the same moment one does it; the same proposal is done once", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    lab.pass(86_400_000);
    const proposal = await give(await lab.signIn(grace), alice);
    const pages = [await lab.onPage(heidi), await lab.onPage(carol)];
    const outcomes = await Promise.all(pages.map((page) => confirm(page, proposal)));
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(outcomes.find((outcome) => !outcome.ok)).toEqual({ ok: false, code: "already-decided" });
    expect((await lab.verbs()).filter((verb) => verb === "role.granted")).toHaveLength(1);
    expect(await confirm(pages[0] as Actor, proposal)).toEqual({ ok: false, code: "already-decided" });
  });

  test("after it lapsed, was withdrawn or rejected nothing confirms it", async () => {
    const page = async () => lab.onPage(heidi);
    const withdrawn = await give(await lab.signIn(grace), alice);
    must(await lab.proposals.withdraw(await lab.signIn(grace), withdrawn.id));
    expect(await confirm(await page(), withdrawn)).toEqual({ ok: false, code: "already-decided" });
    const rejected = await give(await lab.signIn(grace), alice);
    must(await lab.proposals.reject(await page(), rejected.id, "who is this?"));
    expect(await confirm(await page(), rejected)).toEqual({ ok: false, code: "already-decided" });
    const lapsed = await give(await lab.signIn(grace), alice);
    lab.pass(PROPOSAL_TTL_MS);
    expect(await confirm(await page(), lapsed)).toEqual({ ok: false, code: "already-decided" });
    expect(must(await lab.proposals.list(await page(), { state: "pending" })).items).toEqual([]);
    expect(await rolesOf(alice)).toEqual([]);
    await give(await lab.signIn(grace), alice);
    expect((await lab.verbs()).filter((verb) => verb === "proposal.lapsed")).toHaveLength(1);
  });

  test("one of a kind and subject is open at a time", async () => {
    await give(await lab.signIn(grace), alice);
    expect(await lab.people.change(await lab.signIn(heidi), alice.id, { power: "audit", reason: REASON })).toEqual({
      ok: false,
      code: "conflict",
      field: "proposal",
    });
  });

  test("a proposer who lost his power meanwhile proposed nothing", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    const proposal = await give(await lab.signIn(carol), alice);
    await lab.confirm(await give(await lab.signIn(grace), carol, { power: null }));
    expect(await confirm(await lab.onPage(heidi), proposal)).toEqual({ ok: false, code: "stale" });
    const disabled = await lab.add(grace, "dora", { power: "security" });
    const other = await give(await lab.signIn(disabled), alice, { power: "audit" }).catch(() => undefined);
    expect(other).toBeUndefined();
    expect(await rolesOf(alice)).toEqual([]);
  });

  test("what changed meanwhile is not what was proposed: disabled, given otherwise, made a vendor's", async () => {
    const page = () => lab.onPage(heidi);
    const proposal = await give(await lab.signIn(grace), alice);
    must(await lab.people.change(await lab.signIn(grace), alice.id, { state: "disabled" }));
    expect(await confirm(await page(), proposal)).toEqual({ ok: false, code: "stale" });
    must(await lab.people.change(await lab.signIn(grace), alice.id, { state: "active" }));
    must(await lab.people.change(await lab.signIn(grace), alice.id, { roles: ["operator"] }));
    expect(await confirm(await page(), proposal)).toEqual({ ok: false, code: "stale" });
    must(await lab.people.change(await lab.signIn(grace), alice.id, { roles: [] }));
    must(await confirm(await page(), proposal));
    expect(await rolesOf(alice)).toEqual(["approver"]);
    const state = (await lab.database.read.proposals.get(proposal.id))?.state;
    expect(state).toBe("confirmed");
  });

  test("what a vendor's person may not hold is not even proposed", async () => {
    const { unitId } = (await lab.database.read.people.get(alice.id)) ?? {};
    const vendor = createRows(lab.deps.ids).vendor({ unitId: unitId as UnitId });
    await lab.database.write(async (tx) => {
      await tx.vendors.insert(vendor);
      await tx.people.update(alice.id, { vendorId: vendor.id });
    });
    for (const change of [{ power: "system" }, { roles: ["approver"] }, { roles: ["confirmer"] }] as const)
      expect(await lab.people.change(await lab.signIn(grace), alice.id, { ...change, reason: REASON })).toMatchObject({
        code: "vendor-person",
      });
    expect(await lab.database.read.proposals.count({ subject: `person:${alice.id}` })).toBe(0);
  });

  test("a refused confirmation changes nothing, and the proposal waits on", async () => {
    const proposal = await give(await lab.signIn(grace), alice, { power: "audit" });
    const unitId = (await lab.database.read.people.get(alice.id))?.unitId as UnitId;
    // A role for another unit, past the use cases: what the content names did not change.
    const below = asId<UnitId>("01900000-0000-7000-8000-0000000000aa");
    await lab.database.write(async (tx) => {
      await tx.units.insert({ id: below, parentId: unitId, name: "b", nameKey: "b", state: "active", createdAt: 0 });
      await tx.roles.insert({
        id: `${alice.id}:operator:${below}`,
        personId: alice.id,
        role: "operator",
        unitId: below,
        grantedBy: grace.id,
        confirmedBy: null,
        createdAt: 0,
      });
    });
    const before = (await lab.verbs()).length;
    expect(await confirm(await lab.onPage(heidi), proposal)).toMatchObject({ code: "exclusive-powers" });
    expect((await lab.verbs()).slice(before)).toEqual(["person.signed-in", "power.refused"]);
    expect((await lab.database.read.proposals.get(proposal.id))?.state).toBe("pending");
  });

  test("disabling is one person's act, waking a holder is two's, and the last of a power stays", async () => {
    const erin = await lab.add(grace, "erin", { power: "system" });
    const by = await lab.signIn(grace);
    expect(await lab.people.change(by, erin.id, { state: "disabled" })).toEqual({ ok: false, code: "last-of-power" });
    expect(await lab.people.change(by, erin.id, { state: "retired" })).toEqual({ ok: false, code: "last-of-power" });
    const taking = await give(by, erin, { power: null });
    expect(await confirm(await lab.onPage(heidi), taking)).toEqual({ ok: false, code: "last-of-power" });
    must(await lab.proposals.withdraw(await lab.signIn(grace), taking.id));
    const frank = await lab.add(grace, "frank", { power: "system" });
    must(await lab.people.change(await lab.signIn(grace), erin.id, { state: "disabled" }));
    expect(await lab.people.change(await lab.signIn(grace), frank.id, { state: "disabled" })).toMatchObject({
      code: "last-of-power",
    });
    const waking = await give(await lab.signIn(grace), erin, { state: "active" });
    expect((await lab.database.read.people.get(erin.id))?.state).toBe("disabled");
    must(await confirm(await lab.onPage(heidi), waking));
    expect((await lab.database.read.people.get(erin.id))?.state).toBe("active");
  });

  test("two who take each other's power at the same moment leave one", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    const one = await give(await lab.signIn(carol), grace, { power: null });
    const two = await give(await lab.signIn(carol), heidi, { power: null });
    const [graces, heidis] = [await lab.onPage(grace), await lab.onPage(heidi)];
    await Promise.all([confirm(heidis, one), confirm(graces, two)]);
    expect(await lab.database.read.powers.count({ power: "security" })).toBeGreaterThanOrEqual(2);
  });

  test("a confirmer of the top unit is a second person for each power and holds none; one of another unit is not", async () => {
    const top = (await lab.database.read.people.get(grace.id))?.unitId as UnitId;
    const below = asId<UnitId>("01900000-0000-7000-8000-0000000000bb");
    await lab.database.write((tx) =>
      tx.units.insert({ id: below, parentId: top, name: "below", nameKey: "below", state: "active", createdAt: 0 }),
    );
    const olga = await lab.add(grace, "olga", { roles: ["confirmer"] });
    const pia = must(
      await lab.people.create(await lab.signIn(grace), {
        login: "pia",
        displayName: "pia",
        locale: "en",
        power: null,
        roles: ["confirmer"],
        unitId: below,
      }),
    );
    const local = await lab.enrol(await lab.agree(pia.proposal as ProposalView));
    lab.pass(86_400_000);
    const proposal = await give(await lab.signIn(grace), alice);
    expect(await confirm(await lab.onPage(local), proposal)).toEqual({ ok: false, code: "not-found" });
    expect(must(await lab.proposals.list(await lab.onPage(local), { state: "pending" })).items).toEqual([]);
    expect(must(await lab.proposals.list(await lab.onPage(olga), { state: "pending" })).items).toHaveLength(1);
    must(await confirm(await lab.onPage(olga), proposal));
    expect(await rolesOf(alice)).toEqual(["approver"]);
    for (const change of [{ power: "audit" }, { roles: ["confirmer", "operator"] }] as const)
      expect(await lab.people.change(await lab.signIn(grace), olga.id, { ...change, reason: REASON })).toMatchObject({
        code: "exclusive-powers",
      });
  });

  test("an administrator below sees and changes nobody above", async () => {
    const top = (await lab.database.read.people.get(grace.id))?.unitId as UnitId;
    const below = asId<UnitId>("01900000-0000-7000-8000-0000000000cc");
    await lab.database.write((tx) =>
      tx.units.insert({ id: below, parentId: top, name: "below", nameKey: "below", state: "active", createdAt: 0 }),
    );
    const input = {
      login: "sub",
      displayName: "sub",
      locale: "en",
      power: "security",
      roles: [],
      unitId: below,
    } as const;
    const made = must(await lab.people.create(await lab.signIn(grace), input));
    const sub = await lab.enrol(await lab.agree(made.proposal as ProposalView));
    const actor = await lab.signIn(sub);
    expect(await lab.people.change(actor, alice.id, { roles: ["operator"] })).toEqual({ ok: false, code: "not-found" });
    expect(await lab.people.resetFactors(actor, alice.id)).toEqual({ ok: false, code: "not-found" });
    expect(
      await lab.people.create(actor, { ...input, login: "up", displayName: "up", power: null, unitId: top }),
    ).toEqual({
      ok: false,
      code: "not-found",
      field: "unitId",
    });
    const proposal = await give(await lab.signIn(grace), alice);
    expect(await confirm(await lab.onPage(sub), proposal)).toEqual({ ok: false, code: "not-found" });
    expect(await lab.proposals.get(actor, proposal.id)).toEqual({ ok: false, code: "not-found" });
    expect(await lab.proposals.proposeSeal(actor, { reason: REASON })).toEqual({ ok: false, code: "not-found" });
    expect(await lab.proposals.policy(actor)).toEqual({ ok: false, code: "forbidden" });
  });

  test("an approver's reset is two persons' work, and each of them is shown one part of the link, once", async () => {
    const bob = await lab.add(grace, "bob", { roles: ["approver"] });
    const reset = must(await lab.people.resetFactors(await lab.signIn(grace), bob.id, "lost his phone"));
    expect(reset.enrolmentToken).toBeNull();
    await lab.signIn(bob);
    const before = lab.notices.length;
    const parts = await lab.agree(reset.proposal as ProposalView);
    expect(lab.notices.slice(before)).toContainEqual(expect.objectContaining({ topic: "people", id: bob.id }));
    for (const who of [grace, heidi])
      expect(await lab.proposals.collect(await lab.onPage(who), reset.proposal?.id as ProposalId)).toMatchObject({
        code: "not-found",
      });
    const again = await lab.enrol(parts);
    expect((await lab.database.read.people.get(bob.id))?.approvesFrom).toBeGreaterThan(lab.now() + 23 * 3_600_000);
    const me = await lab.identity.me(await lab.signIn(again));
    expect(me.notices.map((one) => one.verb)).toContain("person.factor-reset");
  });

  test("a security administrator whose factors were reset confirms nothing for a day, and what he proposed is gone", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    const hers = await give(await lab.signIn(carol), alice, { power: "audit" });
    const reset = must(await lab.people.resetFactors(await lab.signIn(grace), carol.id, "stolen laptop"));
    const again = await lab.enrol(await lab.agree(reset.proposal as ProposalView));
    expect(await confirm(await lab.onPage(heidi), hers)).toEqual({ ok: false, code: "already-decided" });
    const proposal = await give(await lab.signIn(grace), alice);
    expect(await confirm(await lab.onPage(again), proposal)).toEqual({ ok: false, code: "approves-later" });
    lab.pass(24 * 3_600_000);
    must(await confirm(await lab.onPage(again), proposal));
  });

  test("an operator's reset is one person's", async () => {
    const reset = must(await lab.people.resetFactors(await lab.signIn(grace), alice.id));
    expect(reset.proposal).toBeNull();
    expect((await lab.database.read.people.get(alice.id))?.approvesFrom).toBeNull();
    await lab.enrol(reset.enrolmentToken ?? "");
  });

  test("a person is not made when his rights cannot be proposed", async () => {
    const by = await lab.signIn(grace);
    const input = { login: "eve", displayName: "eve", locale: "en", power: "audit", roles: ["operator"] } as const;
    expect(await lab.people.create(by, input)).toMatchObject({ code: "exclusive-powers" });
    expect(
      await lab.people.create(by, { ...input, power: null, roles: ["approver"], vendorId: asId("v") }),
    ).toMatchObject({
      code: "vendor-person",
    });
    expect(await lab.database.read.people.count({ login: "eve" })).toBe(0);
  });

  test("what is forged in an actor counts for nothing", async () => {
    const proposal = await give(await lab.signIn(grace), alice);
    const page = await lab.onPage(alice);
    const forged: Actor = { ...page, power: "security", roles: ["confirmer"] };
    expect(await confirm(forged, proposal)).toEqual({ ok: false, code: "not-found" });
    expect(await lab.proposals.list(forged, {})).toEqual({ ok: false, code: "forbidden" });
    const nobody = asId<PersonId>("01900000-0000-7000-8000-0000000000ff");
    expect(await confirm({ ...forged, personId: nobody }, proposal)).toEqual({ ok: false, code: "not-found" });
  });
});

test("the schema itself takes no weighty right from one person alone, once the installation is settled", async () => {
  const lab = await openIdentityLab("sqlite");
  try {
    const grace = await lab.bootstrap();
    await lab.add(grace, "heidi", { power: "security" });
    const alice = await lab.add(grace, "alice");
    const by = await lab.signIn(grace);
    const alone = { id: alice.id, power: "audit", unitId: by.unitId, grantedBy: grace.id, createdAt: 0 } as const;
    await expect(lab.database.write((tx) => tx.powers.insert({ ...alone, confirmedBy: null }))).rejects.toMatchObject({
      code: "needs-second-person",
    });
    const settled = { id: "second-person" } as const;
    await expect(lab.database.write((tx) => tx.settings.update(settled.id, { value: "never" }))).rejects.toMatchObject({
      code: "needs-second-person",
    });
  } finally {
    await lab.close();
  }
});
