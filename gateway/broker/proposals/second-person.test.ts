/** Each kind of critical act, one after the other: never by its proposer, nor by who holds another power; by a confirmer as by one of the same power. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDirectoryHouse, type DirectoryHouse } from "../../../test/support/directory-house.js";
import { must, type LabPerson } from "../../../test/support/identity-lab.js";
import { createRows } from "../../../test/support/rows.js";
import { PROPOSAL_KINDS, PROPOSAL_POWER, type Outcome, type Power, type ProposalKind } from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import { bindRetention } from "../retention/bind.js";

const reason = "as the two of us agreed";
const DAY_MS = 86_400_000;

let house: DirectoryHouse;
let olga: LabPerson;
let dan: LabPerson;
let bob: LabPerson;
let holders: Readonly<Record<Power, LabPerson>>;
beforeAll(async () => {
  house = await openDirectoryHouse("memory");
  const { lab, grace } = house;
  olga = await lab.add(grace, "olga", { roles: ["confirmer"] });
  dan = await lab.add(grace, "dan");
  bob = await lab.add(grace, "bob", { roles: ["approver"] });
  const system = await lab.add(grace, "erin", { power: "system" });
  holders = { security: grace, system, audit: await lab.add(grace, "judy", { power: "audit" }) };
  // Whom grace let in confirms nothing of hers for a day.
  lab.pass(DAY_MS);
}, 120_000);
afterAll(() => house.close());

const page = (power: Power) => house.lab.onPage(holders[power]);
async function asProposed(outcome: Promise<Outcome<{ readonly proposal: ProposalView | null }>>) {
  const { proposal } = must(await outcome);
  if (proposal === null) throw new Error("it was done by one alone");
  return proposal;
}

async function held(): Promise<string> {
  const { lab } = house;
  const unitId = (await house.person("judy"))?.unitId as never;
  const placed = { unitId, sessionId: "s", reason, placedBy: holders.audit.id, placedAt: lab.now() };
  const row = { ...placed, id: "hold", releasedBy: null, releaseConfirmedBy: null, releasedAt: null };
  await lab.database.write((tx) => tx.legalHolds.insert(row));
  return row.id;
}

async function filled(): Promise<void> {
  const { database, deps } = house.lab;
  const rows = createRows(deps.ids);
  const unitId = (await house.person("erin"))?.unitId as never;
  const asset = rows.asset({ unitId });
  const account = rows.account(asset.id, { unitId, credentialKind: "password", credentialSealed: "sealed" });
  await database.write(async (tx) => {
    await tx.assets.insert(asset);
    await tx.accounts.insert({ ...account, credentialPin: asset.pin });
  });
}

const propose: Readonly<Record<ProposalKind, () => Promise<ProposalView>>> = {
  "person.rights": async () =>
    asProposed(house.lab.people.change(await page("security"), dan.id, { roles: ["approver"], reason })),
  "person.reset": async () => asProposed(house.lab.people.resetFactors(await page("security"), bob.id, reason)),
  "policy.change": async () => {
    const { lab } = house;
    await appendFile(join(lab.policyFolder, "access.cedar"), "\n// another night\n");
    const { inFolder } = must(await lab.proposals.policy(await page("security")));
    return must(await lab.proposals.proposePolicy(await page("security"), { digest: inFolder ?? "", reason }));
  },
  "vault.export": async () => {
    await filled();
    return must(await house.lab.proposals.proposeVaultExport(await page("system"), { accountIds: [], reason }));
  },
  "retention.change": async () =>
    must(await bindRetention(house.lab.deps).proposeRetention(await page("audit"), { days: 400, reason })),
  "hold.release": async () =>
    must(await bindRetention(house.lab.deps).proposeRelease(await page("audit"), await held(), reason)),
  "break-glass.seal": async () => must(await house.lab.proposals.proposeSeal(await page("security"), { reason })),
  "scim.token": async () => {
    const actor = await page("security");
    return must(await house.directories.proposeScimToken(actor, { name: "hr", unitId: actor.unitId, reason }));
  },
};

test.each(PROPOSAL_KINDS)("%s", async (kind) => {
  const { lab } = house;
  const proposal = await propose[kind]();
  expect(proposal).toMatchObject({ kind, state: "pending" });
  const confirm = async (by: LabPerson) => lab.proposals.confirm(await lab.onPage(by), proposal.id, proposal.digest);
  const own = PROPOSAL_POWER[kind];
  expect(await confirm(holders[own])).toEqual({ ok: false, code: "needs-second-person" });
  for (const power of ["system", "security", "audit"] as const)
    if (power !== own) expect(await confirm(holders[power]), power).toEqual({ ok: false, code: "not-found" });
  expect(await confirm(dan)).toMatchObject({ code: "not-found" });
  expect((await lab.database.read.proposals.get(proposal.id))?.state).toBe("pending");
  if (kind === "policy.change") must(await lab.proposals.text(await lab.onPage(olga), proposal.id));
  must(await confirm(olga));
  const [row] = await lab.database.read.audit.find({ verb: "proposal.confirmed", objectId: proposal.id });
  for (const { id, login } of [holders[own], olga])
    for (const named of [id, login]) expect(row?.leaf).toContain(`"${named}"`);
});
