/** What the second person reads of a proposed policy: who may, which bytes, and that it is written down. */
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../../../test/support/identity-lab.js";
import type { ProposalView } from "../broker.js";

const REASON = "device keys for a whole shift";
const DUTY = "declarations/recording.en.md";

let lab: IdentityLab;
let grace: LabPerson;
let heidi: LabPerson;
beforeEach(async () => {
  lab = await openIdentityLab("sqlite");
  grace = await lab.bootstrap();
  heidi = await lab.add(grace, "heidi", { power: "security" });
});
afterEach(() => lab.close());

const path = (name: string): string => join(lab.policyFolder, name);
const text = (name: string): Promise<string> => readFile(path(name), "utf8");
async function proposeIt(): Promise<ProposalView> {
  const actor = await lab.signIn(grace);
  const { inFolder } = must(await lab.proposals.policy(actor));
  return must(await lab.proposals.proposePolicy(actor, { digest: inFolder ?? "", reason: REASON }));
}
const read = async (who: LabPerson, id: ProposalView["id"]) => lab.proposals.text(await lab.signIn(who), id);

test("every changed file is read whole, duties too, as it was proposed and not as the folder holds it by then", async () => {
  const before = { signIn: await text("sign-in.yaml"), duty: await text(DUTY) };
  await writeFile(path("sign-in.yaml"), before.signIn.replace("longest: 12h, until", "longest: 6h, until"));
  await appendFile(path(DUTY), "\nAnd nobody is told.\n");
  const after = { signIn: await text("sign-in.yaml"), duty: await text(DUTY) };
  expect(after.signIn).not.toBe(before.signIn);
  const { id, digest } = await proposeIt();
  await writeFile(path("sign-in.yaml"), before.signIn);
  await appendFile(path(DUTY), "\nHarmless words.\n");
  const found = must(await read(heidi, id));
  expect(found.digest).toBe(digest);
  expect(found.files).toEqual([
    { name: DUTY, before: before.duty, after: after.duty },
    { name: "sign-in.yaml", before: before.signIn, after: after.signIn },
  ]);
  expect(found.settings).toEqual([{ file: "sign-in.yaml", name: "deviceKeys.longest", before: "12h", after: "6h" }]);
});

test("it is the same after the proposal took effect and another one followed", async () => {
  await appendFile(path("access.cedar"), "\n// the first\n");
  const first = await proposeIt();
  const atFirst = must(await read(heidi, first.id));
  must(await lab.proposals.confirm(await lab.onPage(heidi), first.id, first.digest));
  await appendFile(path("access.cedar"), "// the second\n");
  const second = await proposeIt();
  expect(must(await read(heidi, first.id))).toEqual(atFirst);
  const [file] = must(await read(heidi, second.id)).files;
  expect(file?.before).toBe(atFirst.files[0]?.after);
  expect(file?.after).toBe(`${file?.before ?? ""}// the second\n`);
});

test("who may see the proposal may read it, and each reading is in the log; to others there is none", async () => {
  await appendFile(path("access.cedar"), "\n// another night\n");
  const { id, digest } = await proposeIt();
  const judy = await lab.add(grace, "judy", { power: "audit" });
  const erin = await lab.add(grace, "erin", { power: "system" });
  const alice = await lab.add(grace, "alice", { roles: ["operator"] });
  for (const who of [judy, erin, alice]) {
    expect(await read(who, id)).toMatchObject({ code: "not-found" });
    expect(await lab.proposals.get(await lab.signIn(who), id)).toMatchObject({ code: "not-found" });
  }
  expect(await lab.database.read.audit.find({ verb: "proposal.read" })).toEqual([]);
  must(await read(grace, id));
  must(await read(heidi, id));
  const events = await lab.database.read.audit.find({ verb: "proposal.read", objectId: id });
  expect(events.map(({ actorId }) => actorId)).toEqual([grace.id, heidi.id]);
  for (const { leaf } of events) expect(leaf).toContain(digest);
});

test("a kept text that was tampered with is not shown", async () => {
  await appendFile(path("access.cedar"), "\n// another night\n");
  const { id } = await proposeIt();
  const { inFolder } = must(await lab.proposals.policy(await lab.signIn(grace)));
  const setting = `policy-bundle:${inFolder ?? ""}`;
  const kept = (await lab.database.read.settings.get(setting))?.value ?? "";
  const other = await lab.database.read.settings.get("policy-bundle");
  for (const value of [kept.replace("another night", "another knight"), other?.value ?? ""]) {
    await lab.database.write((tx) => tx.settings.update(setting, { value }));
    await expect(read(heidi, id)).rejects.toThrow("not what their digest says");
  }
});

test("a proposal of another kind has no text", async () => {
  const asked = must(await lab.proposals.proposeSeal(await lab.signIn(grace), { reason: "the first of the year" }));
  expect(await read(heidi, asked.id)).toMatchObject({ code: "not-found" });
});
