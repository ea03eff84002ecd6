/** Who is told that no sealed envelope would open, and when. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { must, openIdentityLab, type IdentityLab, type LabPerson } from "../../../test/support/identity-lab.js";
import { envelopesOf, watchSeals } from "./watch-seals.js";

let lab: IdentityLab;
let grace: LabPerson;
beforeEach(async () => {
  lab = await openIdentityLab("memory");
  grace = await lab.bootstrap();
});
afterEach(() => lab.close());

const alerts = () => lab.database.read.alerts.find({ kind: "envelopes-missing" }, { orderBy: "id" });
async function seal(): Promise<void> {
  await lab.confirm(must(await lab.proposals.proposeSeal(await lab.onPage(grace), { reason: "the yearly sealing" })));
}

test("nothing is said before two can seal; then once, and nothing more once they did", async () => {
  await watchSeals(lab.deps);
  expect(await envelopesOf(lab.database.read)).toBeUndefined();
  expect(await alerts()).toEqual([]);
  await lab.add(grace, "heidi", { power: "security" });
  await watchSeals(lab.deps);
  await watchSeals(lab.deps);
  expect(await alerts()).toMatchObject([
    { state: "open", count: 1, detail: { powers: "system security audit", sealedAt: null } },
  ]);
  await seal();
  await watchSeals(lab.deps);
  expect(await alerts()).toHaveLength(1);
  expect((await envelopesOf(lab.database.read))?.missing).toEqual([]);
});

test("an envelope that was used or is void is missed, each time anew", async () => {
  await lab.add(grace, "heidi", { power: "security" });
  await seal();
  const gone = async (
    power: "audit" | "security" | "system",
    patch: { usedAt: number } | { voidAt: number },
  ): Promise<void> => {
    const [one] = await lab.database.read.breakGlassSeals.find({ power, usedAt: null, voidAt: null });
    await lab.database.write((tx) => tx.breakGlassSeals.update(one?.id ?? "", patch));
    await watchSeals(lab.deps);
  };
  await gone("audit", { usedAt: lab.now() });
  await gone("system", { voidAt: lab.now() });
  lab.pass(1_000);
  await seal();
  await gone("audit", { usedAt: lab.now() });
  // Of security's two one is not enough.
  await gone("security", { usedAt: lab.now() });
  const powers = ["audit", "system audit", "audit", "security audit"];
  expect((await alerts()).map(({ detail }) => detail["powers"])).toEqual(powers);
});

test("a demo is not told", async () => {
  await lab.add(grace, "heidi", { power: "security" });
  await watchSeals({ ...lab.deps, config: { ...lab.deps.config, demo: true } });
  expect(await alerts()).toEqual([]);
});
