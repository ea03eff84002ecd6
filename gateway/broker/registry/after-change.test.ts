import { afterEach, beforeEach, expect, it } from "vitest";
import { buildContractHouse, personRow, type ContractHouse } from "../../../test/support/contract-house.js";
import type { Person } from "../../domain/index.js";
import { endAfterChange } from "./after-change.js";

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
