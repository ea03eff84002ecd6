/** The policy in force and the one that lies in the folder: who changes it, and what meanwhile. */
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../../../test/support/identity-lab.js";
import { openPolicy, POLICY_SETTING } from "../../policy/index.js";
import type { ProposalView } from "../broker.js";
import { watchPolicy } from "./watch-policy.js";

const REASON = "two yeses for long grants";

let lab: IdentityLab;
let grace: LabPerson;
let heidi: LabPerson;
beforeEach(async () => {
  lab = await openIdentityLab("sqlite");
  grace = await lab.bootstrap();
  heidi = await lab.add(grace, "heidi", { power: "security" });
});
afterEach(() => lab.close());

const touch = (name = "access.cedar") => appendFile(join(lab.policyFolder, name), "\n// another night\n");
const state = async () => must(await lab.proposals.policy(await lab.signIn(grace)));
const proposeIt = async () => {
  const { inFolder } = await state();
  return lab.proposals.proposePolicy(await lab.signIn(grace), { digest: inFolder ?? "", reason: REASON });
};
const confirmRead = async ({ id, digest }: ProposalView) => {
  const page = await lab.onPage(heidi);
  must(await lab.proposals.text(page, id));
  return lab.proposals.confirm(page, id, digest);
};

test("nobody confirms one whose text he did not fetch, whoever else did and whatever he fetched before", async () => {
  await touch();
  const first = must(await proposeIt());
  must(await lab.proposals.text(await lab.signIn(heidi), first.id));
  must(await lab.proposals.withdraw(await lab.signIn(grace), first.id));
  const before = lab.policy.digest;
  const { id, digest } = must(await proposeIt());
  expect(digest).toBe(first.digest);
  must(await lab.proposals.text(await lab.signIn(grace), id));
  const page = await lab.onPage(heidi);
  const unread = { ok: false, code: "stale", field: "text" };
  expect(await lab.proposals.confirm(page, id, digest)).toEqual(unread);
  expect(lab.policy.digest).toBe(before);
  expect((await lab.database.read.proposals.get(id))?.state).toBe("pending");
  must(await lab.proposals.text(page, id));
  must(await lab.proposals.confirm(page, id, digest));
  expect(lab.policy.digest).not.toBe(before);
});

test("what lies in the folder takes effect by two, in one step, with both digests and names in the log", async () => {
  const before = lab.policy.digest;
  expect(await state()).toEqual({ inForce: before, inFolder: before, fault: null, changedFiles: [] });
  expect(await proposeIt()).toMatchObject({ code: "conflict" });
  await touch();
  const waiting = await state();
  expect(waiting).toMatchObject({ inForce: before, fault: null, changedFiles: ["access.cedar"] });
  const held = lab.policy;
  const proposal = must(await proposeIt());
  expect(held.digest).toBe(before);
  must(await confirmRead(proposal));
  expect(held.digest).toBe(waiting.inFolder);
  expect((await state()).changedFiles).toEqual([]);
  const [event] = await lab.database.read.audit.find({ verb: "policy.changed" });
  for (const part of [before, waiting.inFolder ?? "", grace.id, heidi.id]) expect(event?.leaf).toContain(part);
});

test("a folder that changed again after the proposal is not what was confirmed", async () => {
  await touch();
  const proposal = must(await proposeIt());
  await touch();
  const before = lab.policy.digest;
  const page = await lab.onPage(heidi);
  expect(await lab.proposals.confirm(page, proposal.id, proposal.digest)).toMatchObject({ code: "stale" });
  expect(lab.policy.digest).toBe(before);
  expect((await lab.database.read.proposals.get(proposal.id))?.state).toBe("pending");
});

test("a bundle that does not load is refused with its fault, at the proposal and at the confirmation", async () => {
  await touch();
  const proposal = must(await proposeIt());
  const path = join(lab.policyFolder, "approvals.yaml");
  const good = await readFile(path, "utf8");
  await writeFile(path, `${good}\nnonsense: [`);
  expect((await state()).fault).toContain("approvals.yaml");
  expect(await proposeIt()).toMatchObject({ code: "invalid-input", field: "digest" });
  const page = await lab.onPage(heidi);
  expect(await lab.proposals.confirm(page, proposal.id, proposal.digest)).toMatchObject({ code: "stale" });
  await writeFile(join(lab.policyFolder, "notes.txt"), "");
  expect((await state()).fault).toContain("notes.txt");
});

test("a digest that is not the folder's, and people without the power, propose nothing", async () => {
  await touch();
  const other = { digest: "0".repeat(64), reason: REASON };
  expect(await lab.proposals.proposePolicy(await lab.signIn(grace), other)).toMatchObject({ code: "stale" });
  const alice = await lab.signIn(await lab.add(grace, "alice", { roles: ["operator"] }));
  const { inFolder } = await state();
  expect(await lab.proposals.proposePolicy(alice, { digest: inFolder ?? "", reason: REASON })).toMatchObject({
    code: "forbidden",
  });
  const judy = await lab.signIn(await lab.add(grace, "judy", { power: "audit" }));
  must(await lab.proposals.policy(judy));
  expect(await lab.proposals.proposePolicy(judy, { digest: inFolder ?? "", reason: REASON })).toMatchObject({
    code: "forbidden",
  });
});

test("a start takes the bundle in force, not the folder's; another one there raises one alert", async () => {
  const before = lab.policy.digest;
  await touch();
  await watchPolicy(lab.deps);
  await watchPolicy(lab.deps);
  const alerts = await lab.database.read.alerts.find({ kind: "policy-changed" });
  expect(alerts).toHaveLength(1);
  expect(alerts[0]?.count).toBe(1);
  const opened = await openPolicy(lab.database, lab.policyFolder, () => undefined);
  expect(opened.policy.digest).toBe(before);
  expect((await opened.bundles.readFolder()).digest).not.toBe(before);
});

test("a node takes over what another one put in force; kept files that were tampered with do not load", async () => {
  const other = await openPolicy(lab.database, lab.policyFolder, () => undefined);
  await touch();
  const proposal = must(await proposeIt());
  must(await confirmRead(proposal));
  expect(other.policy.digest).not.toBe(lab.policy.digest);
  await watchPolicy({ ...lab.deps, ...other });
  expect(other.policy.digest).toBe(lab.policy.digest);
  const kept = (await lab.database.read.settings.get(POLICY_SETTING))?.value ?? "";
  await lab.database.write((tx) =>
    tx.settings.update(POLICY_SETTING, { value: kept.replace("another night", "another knight") }),
  );
  await expect(openPolicy(lab.database, lab.policyFolder, () => undefined)).rejects.toThrow("not what their digest");
});
