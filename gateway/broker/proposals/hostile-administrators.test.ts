/** What a security administrator alone, or the second person he asked, tries in order to be two: each is refused, and nothing of it stays. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../../../test/support/identity-lab.js";
import { asId, type Actor, type AuditVerb, type PersonId, type UnitId } from "../../domain/index.js";
import { digestOf, openPolicy, POLICY_SETTING, readBundle, writeKept } from "../../policy/index.js";
import type { ProposalView } from "../broker.js";
import { watchPolicy } from "./watch-policy.js";

const REASON = "the third of the night watch";
const DAY_MS = 86_400_000;

describe.each(["memory", "sqlite"] as const)("one who would be two, on %s", (kind) => {
  let lab: IdentityLab;
  let grace: LabPerson;
  let heidi: LabPerson;
  beforeEach(async () => {
    lab = await openIdentityLab(kind);
    grace = await lab.bootstrap();
    heidi = await lab.add(grace, "heidi", { power: "security" });
  });
  afterEach(() => lab.close());

  const give = async (by: Actor, to: PersonId, change: object = { roles: ["approver"] }): Promise<ProposalView> => {
    const { proposal } = must(await lab.people.change(by, to, { ...change, reason: REASON }));
    if (proposal === null) throw new Error("nothing was proposed");
    return proposal;
  };
  const confirm = (by: Actor, { id, digest }: ProposalView) => lab.proposals.confirm(by, id, digest);
  const rolesOf = async (id: PersonId): Promise<readonly string[]> =>
    (await lab.database.read.roles.find({ personId: id })).map((row) => row.role);
  const eventsOf = (verb: AuditVerb) => lab.database.read.audit.find({ verb }, { orderBy: "id", limit: 1000 });

  test("a power is taken from who is disabled without waking him", async () => {
    const carol = await lab.add(grace, "carol", { power: "audit" });
    await lab.add(grace, "ivan", { power: "audit" });
    must(await lab.people.change(await lab.signIn(grace), carol.id, { state: "disabled" }));
    const proposal = await give(await lab.signIn(grace), carol.id, { power: null });
    expect(proposal.lines.map((line) => line.label)).not.toContain("state");
    must(await confirm(await lab.onPage(heidi), proposal));
    expect(await lab.database.read.people.get(carol.id)).toMatchObject({ state: "disabled" });
    expect(await lab.database.read.powers.get(carol.id)).toBeUndefined();
  });

  test("who got hold of both parts of a reset's link cannot propose as the one it was for, and confirm as himself", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    const alice = await lab.add(grace, "alice");
    const { proposal } = must(await lab.people.resetFactors(await lab.signIn(grace), carol.id, REASON));
    const taken = await lab.enrol(await lab.agree(proposal as ProposalView));
    const asked = () =>
      lab.signIn(taken).then((by) => lab.people.change(by, alice.id, { roles: ["approver"], reason: REASON }));
    expect(await asked()).toEqual({ ok: false, code: "approves-later" });
    expect(await rolesOf(alice.id)).toEqual([]);
    lab.pass(DAY_MS);
    expect((await asked()).ok).toBe(true);
  });

  test("who was made by the proposer confirms nothing of his for a day: a part of the link was in his hand", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    const alice = await lab.add(grace, "alice");
    const proposal = await give(await lab.signIn(grace), alice.id);
    const page = await lab.onPage(carol);
    expect(must(await lab.proposals.get(page, proposal.id)).confirmable).toEqual({ ok: false, code: "approves-later" });
    expect(await confirm(page, proposal)).toEqual({ ok: false, code: "approves-later" });
    must(await lab.proposals.withdraw(await lab.signIn(grace), proposal.id));
    const ofHeidi = await give(await lab.signIn(heidi), alice.id);
    must(await confirm(await lab.onPage(carol), ofHeidi));
    expect(await rolesOf(alice.id)).toEqual(["approver"]);
    lab.pass(DAY_MS);
    must(await confirm(await lab.onPage(carol), await give(await lab.signIn(grace), alice.id, { roles: [] })));
  });

  test("who enrols in a proposer's place finds nothing of what waited for him", async () => {
    const carol = await lab.add(grace, "carol", { power: "security" });
    lab.pass(DAY_MS);
    const seal = must(await lab.proposals.proposeSeal(await lab.signIn(grace), { reason: REASON }));
    must(await confirm(await lab.onPage(heidi), seal));
    const { proposal } = must(await lab.people.resetFactors(await lab.signIn(carol), grace.id, REASON));
    const reset = proposal as ProposalView;
    const secondPart = must(await confirm(await lab.onPage(heidi), reset)).secret ?? "";
    const { secret: token } = must(await lab.proposals.collect(await lab.onPage(carol), reset.id));
    const thief = await lab.enrol({ token, secondPart });
    expect(await lab.proposals.collect(await lab.onPage(thief), seal.id)).toEqual({ ok: false, code: "not-found" });
  });

  test("another policy in the setting is not taken over when nobody confirmed it", async () => {
    const before = lab.policy.digest;
    const files = new Map(await readBundle(lab.policyFolder));
    const [name = "", text = ""] = [...files].find(([file]) => file.endsWith(".cedar")) ?? [];
    files.set(name, `${text}\n// not what two persons read\n`);
    const value = writeKept(files);
    await lab.database.write((tx) => tx.settings.update(POLICY_SETTING, { value }));
    for (let round = 0; round < 2; round += 1) await watchPolicy(lab.deps);
    expect(lab.policy.digest).toBe(before);
    expect(await lab.database.read.alerts.find({ kind: "policy-changed" })).toMatchObject([
      { state: "open", detail: { inForce: before, unconfirmed: expect.any(String) as string } },
    ]);
    expect(await eventsOf("alert.opened")).toHaveLength(1);
  });

  test("another policy in the setting that a start took is told all the same", async () => {
    const start = async () => openPolicy(lab.database, lab.policyFolder, () => undefined);
    const watch = async () => {
      for (let round = 0; round < 2; round += 1) await watchPolicy({ ...lab.deps, ...(await start()) });
      return (await lab.database.read.alerts.find({ kind: "policy-changed" })).map(({ subject }) => subject);
    };
    expect(await watch()).toEqual([]);
    await appendFile(join(lab.policyFolder, "access.cedar"), "\n// what two persons read\n");
    const { inFolder } = must(await lab.proposals.policy(await lab.signIn(grace)));
    const asked = { digest: inFolder ?? "", reason: REASON };
    const proposal = must(await lab.proposals.proposePolicy(await lab.signIn(grace), asked));
    const page = await lab.onPage(heidi);
    must(await lab.proposals.text(page, proposal.id));
    must(await confirm(page, proposal));
    expect(await watch()).toEqual([]);
    await appendFile(join(lab.policyFolder, "access.cedar"), "// and this\n");
    const files = await readBundle(lab.policyFolder);
    await lab.database.write((tx) => tx.settings.update(POLICY_SETTING, { value: writeKept(files) }));
    expect(await watch()).toEqual([`policy:unconfirmed:${digestOf(files)}`]);
  });

  test("until the second person is there, no asset opens, whoever else is", async () => {
    const alone = await openIdentityLab(kind);
    try {
      const first = await alone.bootstrap();
      for (const power of ["system", "audit"] as const)
        for (const nth of [1, 2]) await alone.add(first, `${power}${String(nth)}`, { power });
      expect(await alone.identity.installation()).toMatchObject({ bootstrap: true });
      const second = await alone.add(first, "second", { power: "security" });
      expect(await alone.identity.installation()).toMatchObject({ bootstrap: false });
      must(await alone.people.change(await alone.signIn(first), second.id, { state: "disabled" }));
      expect(await alone.identity.installation()).toMatchObject({ bootstrap: true });
      const given = must(
        await alone.people.create(await alone.signIn(first), {
          login: "mine",
          displayName: "Mine",
          locale: "en",
          power: "security",
          roles: [],
        }),
      );
      expect(given.proposal).not.toBeNull();
      expect(await alone.database.read.powers.get(given.person.id)).toBeUndefined();
    } finally {
      await alone.close();
    }
  });

  test("an administrator of a unit below is not the second: the first could never be confirmed", async () => {
    const alone = await openIdentityLab(kind);
    try {
      const first = await alone.bootstrap();
      const parentId = (await alone.database.read.people.get(first.id))?.unitId as UnitId;
      const below = asId<UnitId>(alone.deps.ids.next());
      const unit = { id: below, parentId, name: "b", nameKey: "b", state: "active", createdAt: 0 } as const;
      await alone.database.write((tx) => tx.units.insert(unit));
      const someone = { locale: "en", power: "security", roles: [] } as const;
      const local = { ...someone, login: "local", displayName: "Local", unitId: below };
      const { enrolmentToken } = must(await alone.people.create(await alone.signIn(first), local));
      await alone.enrol(enrolmentToken ?? "");
      const second = { ...someone, login: "second", displayName: "Second" };
      const made = must(await alone.people.create(await alone.signIn(first), second));
      expect(made.proposal).toBeNull();
      await alone.enrol(made.enrolmentToken ?? "");
      const third = { ...someone, login: "third", displayName: "Third" };
      expect(must(await alone.people.create(await alone.signIn(first), third)).proposal).not.toBeNull();
    } finally {
      await alone.close();
    }
  });
});
