import { afterEach, beforeEach, expect, it } from "vitest";
import { must } from "../../../test/support/access-house.js";
import { buildContractHouse, DAY_MS, personRow, type ContractHouse } from "../../../test/support/contract-house.js";
import type { Person, Role } from "../../domain/index.js";
import { endAccessNow } from "../directories/end-access.js";
import { createPeople } from "../people.js";
import { endAfterChange } from "./after-change.js";
import { lapse } from "./review-endings.js";

let house: ContractHouse;
beforeEach(async () => {
  house = await buildContractHouse();
});
afterEach(() => {
  house.close();
});

/** Writes the change as the use case does, in one transaction with what it ends. */
const change = async (login: "mallory" | "bob", patch: Partial<Person>): Promise<void> => {
  const before = await personRow(house, house.people[login].personId);
  await house.deps.database.write(async (tx) => {
    await tx.people.update(before.id, patch);
    await endAfterChange(house.deps, tx, house.people.sec1, before, { ...before, ...patch });
  });
};
const standing = async () => {
  const { read } = house.deps.database;
  const { personId } = house.people.mallory;
  return [
    await read.entitlements.count({ personId, endedAt: null }),
    await read.grants.count({ personId, state: { in: ["scheduled", "active"] } }),
  ];
};

it("ends all he held under a contract when he is put under another", async () => {
  await house.work();
  await change("mallory", { displayName: "Another name" });
  expect(await standing()).toEqual([1, 1]);
  await change("mallory", { contractId: null, vendorId: null });
  expect(await standing()).toEqual([0, 0]);
});

it("ends the grants of who is disabled, and of those he sponsors; active again, he brings none back", async () => {
  await house.work();
  await change("bob", { state: "disabled" });
  expect(await standing()).toEqual([1, 0]);
  await change("bob", { state: "active" });
  expect(await standing()).toEqual([1, 0]);
  await house.work();
  await change("mallory", { state: "disabled" });
  expect(await standing()).toEqual([1, 0]);
  expect(await house.audit("grant.revoked")).toHaveLength(2);
});

it("ends the grants of who operates there no more; given the role again, he brings none back", async () => {
  const members = createPeople(house.deps);
  const { people, unitId } = house;
  const branch = must(await house.broker.registry.createUnit(people.sec1, { parentId: unitId, name: "Branch" }));
  const roles = async (...held: Role[]) =>
    must(await members.change(people.sec1, people.mallory.personId, { roles: held }));
  const there = async (...held: Role[]) =>
    must(
      await members.change(people.sec1, people.mallory.personId, { elsewhere: [{ unitId: branch.id, roles: held }] }),
    );
  await house.work();
  await there("operator");
  await there();
  expect(await standing()).toEqual([1, 1]);
  await roles();
  expect(await standing()).toEqual([1, 0]);
  await roles("operator");
  expect(await standing()).toEqual([1, 0]);
  expect(await house.deps.database.read.grants.find({})).toMatchObject([{ endReason: "role-withdrawn" }]);
});

it("ends what he held and works on when a file puts him under another contract", async () => {
  const { people, broker, top, terms, accountId } = house;
  await house.work();
  const ends: string[] = [];
  await house.session((because) => ends.push(because));
  must(await broker.registry.createContract(people.sec1, terms({ number: "HT-2027-002", vendorId: top.id })));
  const { login, displayName } = await personRow(house, people.mallory.personId);
  const bytes = Buffer.from(`login,name,contract,identity number\n${login},${displayName},HT-2027-002,A1234567\n`);
  const trial = must(await broker.registry.importCsv(people.sec1, { kind: "people", bytes, dryRun: true }));
  expect([trial.changed, trial.faults]).toEqual([1, []]);
  expect(await standing()).toEqual([1, 1]);
  must(await broker.registry.importCsv(people.sec1, { kind: "people", bytes, dryRun: false }));
  await broker.live.changed();
  expect(ends).toEqual(["revoked"]);
  expect(await standing()).toEqual([0, 0]);
  await expect(house.ask("mallory")).rejects.toThrow("outside-entitlement");
  const right = { personId: people.mallory.personId, accountId, actions: ["ssh.shell"], to: null } as const;
  must(await broker.assets.createEntitlement(people.sec1, right));
});

it.each([
  [
    "his directory closes him",
    (bob: Person) => endAccessNow(house.deps, bob, { why: "gone", by: "ldap", state: "disabled" }),
  ],
  [
    "nobody confirms him",
    (bob: Person) =>
      house.deps.database.write(async (tx) => {
        const { id, unitId } = bob;
        const line = { unitId, sponsorId: house.people.sec1.personId, personId: id, entitlementId: null } as const;
        const open = { openedAt: 0, dueAt: DAY_MS, state: "open", decidedBy: null, decidedAt: null } as const;
        const item = { id: "line" as never, ...line, ...open };
        await tx.reviewItems.insert(item);
        await lapse(house.deps, tx, item, { person: bob, entitlement: null }, { personId: null, sourceAddress: null });
      }),
  ],
] as const)("ends the grants of those he sponsors when %s; active again, he brings none back", async (_name, close) => {
  await house.work();
  await close(await personRow(house, house.people.bob.personId));
  expect((await personRow(house, house.people.bob.personId)).state).toBe("disabled");
  expect(await standing()).toEqual([1, 0]);
  expect(await house.deps.database.read.grants.find({})).toMatchObject([{ endReason: "sponsor-disabled" }]);
});
