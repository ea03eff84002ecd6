/** What an administrator of one unit learns of another, and does there, through a vendor or a sponsor that both have. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { must, type House } from "../../../test/support/access-house.js";
import { createRows } from "../../../test/support/rows.js";
import { buildSisterUnits, type SisterUnits } from "../../../test/support/sister-units.js";
import { ACTIONS, type Actor, type Contract, type Person, type Vendor } from "../../domain/index.js";

let units: SisterUnits;
let house: House;
let admin: Actor;
let sponsor: Person;
let vendor: Vendor;
let contract: Contract;

beforeEach(async () => {
  units = await buildSisterUnits();
  ({ house } = units);
  admin = await units.join("sec-here", units.here, ["security"]);
  const rows = createRows(house.deps.ids);
  sponsor = rows.person({ login: "sponsor", unitId: units.here });
  vendor = rows.vendor({ unitId: units.here });
  const scope = { assetIds: [house.asset.id], accountIds: [], actions: ACTIONS };
  contract = rows.contract(vendor.id, { unitId: units.there, scope });
  const bound = { vendorId: vendor.id, contractId: contract.id, sponsorId: sponsor.id };
  const abroad = rows.person({ login: "abroad", unitId: units.there, ...bound });
  await house.deps.database.write(async (tx) => {
    await tx.people.insert(sponsor);
    await tx.vendors.insert(vendor);
    await tx.contracts.insert(contract);
    await tx.people.insert(abroad);
    const { personId } = house.people.alice;
    await tx.people.update(personId, { unitId: units.here });
    const [grant] = [rows.grant({ unitId: units.there, personId, assetId: house.asset.id })];
    await tx.grants.insert(grant);
  });
});
afterEach(() => {
  house.close();
});

it("counts a vendor's people and contracts within one's own units", async () => {
  const { registry } = house.broker;
  expect(must(await registry.vendor(admin, vendor.id))).toMatchObject({ people: 0, contracts: 0 });
  expect(must(await registry.vendors(admin, {})).items).toMatchObject([{ people: 0, contracts: 0 }]);
  expect(must(await registry.vendor(house.people.sec1, vendor.id))).toMatchObject({ people: 1, contracts: 1 });
});

it("retires no vendor that works for other units too, and names nobody of theirs", async () => {
  const { registry } = house.broker;
  expect(await registry.vendorEnding(admin, vendor.id)).toEqual({ ok: false, code: "forbidden" });
  expect(await registry.retireVendor(admin, vendor.id, "bankrupt")).toEqual({ ok: false, code: "forbidden" });
  const { read } = house.deps.database;
  expect(await read.people.find({ login: "abroad" })).toMatchObject([{ state: "active" }]);
  expect(await read.contracts.get(contract.id)).toMatchObject({ state: "active" });
  must(await registry.retireVendor(house.people.sec1, vendor.id, "bankrupt"));
  expect(await read.people.find({ login: "abroad" })).toMatchObject([{ state: "retired" }]);
});

it("shows of a leaver what ends in one's own units", async () => {
  const { registry } = house.broker;
  expect(must(await registry.personEnding(admin, sponsor.id)).sponsored).toEqual([]);
  expect(must(await registry.personEnding(house.people.sec1, sponsor.id)).sponsored).toMatchObject([
    { login: "abroad" },
  ]);
  const { personId } = house.people.alice;
  expect(must(await registry.personEnding(admin, personId))).toMatchObject({ grants: 0 });
  expect(must(await registry.personEnding(house.people.sec1, personId))).toMatchObject({ grants: 1 });
});
