/** Whatever ends what a vendor's person holds, nothing that is put right afterwards brings a grant of before back. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { must } from "../../../test/support/access-house.js";
import { buildContractHouse, DAY_MS, type ContractHouse } from "../../../test/support/contract-house.js";
import type { ContractView, PeopleUseCases } from "../broker.js";
import { createPeople } from "../people.js";
import { endPassedContracts } from "./contract-rounds.js";

let house: ContractHouse;
let other: ContractView;
beforeEach(async () => {
  house = await buildContractHouse();
  other = must(await house.broker.registry.createContract(house.people.sec1, house.terms({ number: "HT-2027-002" })));
});
afterEach(() => {
  house.close();
});

const sec = () => house.people.sec1;
const registry = () => house.broker.registry;
const change = (...asked: Parameters<PeopleUseCases["change"]>) => createPeople(house.deps).change(...asked);
const mallory = () => house.people.mallory.personId;
const sponsor = () => house.people.bob.personId;
/** Without one nobody is a vendor's. */
const NUMBER = { identityNumber: "ID0000009" };

const endings: Readonly<Record<string, () => Promise<{ readonly ok: boolean } | void>>> = {
  "his contract is ended": () => registry().endContract(sec(), house.contract.id, "the work is done"),
  "its last day passes": async () => {
    house.clock.advance(house.contract.toAt - house.clock.now());
    await endPassedContracts(house.deps);
  },
  "it becomes narrower": () =>
    registry().changeContract(sec(), house.contract.id, { scope: { ...house.scope, actions: ["ssh.exec"] } }),
  "it begins later": () => registry().changeContract(sec(), house.contract.id, { fromDate: "2027-03-01" }),
  "his sponsor is disabled": () => change(sec(), sponsor(), { state: "disabled" }),
  "his sponsor leaves": () => registry().leave(sec(), sponsor(), "another post"),
  "he is disabled": () => change(sec(), mallory(), { state: "disabled" }),
  "he leaves": () => registry().leave(sec(), mallory(), "another post"),
  "he operates no more": () => change(sec(), mallory(), { roles: [] }),
  "he is put under another contract": () => change(sec(), mallory(), { contractId: other.id, ...NUMBER }),
  "his vendor is retired": () => registry().retireVendor(sec(), house.vendor.id, "bankrupt"),
  "the vendor above is retired": () => registry().retireVendor(sec(), house.top.id, "bankrupt"),
};

/** Each is tried, and refused where it comes too late. */
const remedies = (): readonly (() => Promise<unknown>)[] => [
  () => registry().changeContract(sec(), house.contract.id, { fromDate: "2027-01-15", toDate: "2028-12-31" }),
  () => registry().changeContract(sec(), house.contract.id, { scope: house.scope }),
  () => change(sec(), sponsor(), { state: "active" }),
  () => change(sec(), mallory(), { state: "active" }),
  () => change(sec(), mallory(), { roles: ["operator"] }),
  () => change(sec(), mallory(), { contractId: house.contract.id, ...NUMBER }),
  () => change(sec(), mallory(), { sponsorId: house.people.carol.personId, ...NUMBER }),
  () => registry().changeVendor(sec(), house.vendor.id, { parentId: house.top.id }),
];

it.each(Object.entries(endings))("not after %s, in whichever order it is put right", async (_what, end) => {
  const { read } = house.deps.database;
  const live = () => read.grants.count({ personId: mallory(), state: { in: ["scheduled", "active", "suspended"] } });
  await house.work(3 * DAY_MS).catch(() => house.work());
  expect(await live()).toBe(1);
  expect(await end()).not.toMatchObject({ ok: false });
  expect(await live()).toBe(0);
  for (const put of [...remedies(), ...[...remedies()].reverse()]) {
    await put();
    expect(await live()).toBe(0);
  }
  await expect(house.session()).rejects.toThrow("not opened");
});
