/** What a page of people costs: statements are counted, whoever is on it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildHouse, must, type House } from "../../test/support/access-house.js";
import { createRows } from "../../test/support/rows.js";
import { countStatements } from "../../test/support/statements.js";
import { listPeople } from "./list-people.js";

let house: House;
beforeEach(async () => {
  house = await buildHouse();
});
afterEach(() => {
  house.close();
});

/** Statements of a page on which so many more people stand, each with a role, a sponsor, and a vendor and contract of his own. */
async function cost(people: number): Promise<number> {
  const { deps } = house;
  const { sec1 } = house.people;
  const rows = createRows(deps.ids);
  for (let at = 0; at < people; at += 1) {
    const vendor = rows.vendor({ unitId: sec1.unitId });
    const contract = rows.contract(vendor.id, { unitId: sec1.unitId });
    const bound = { vendorId: vendor.id, contractId: contract.id, sponsorId: sec1.personId };
    const person = rows.person({ login: `p${String(at)}`, unitId: sec1.unitId, ...bound });
    await deps.database.write(async (tx) => {
      await tx.vendors.insert(vendor);
      await tx.contracts.insert(contract);
      await tx.people.insert(person);
      await tx.roles.insert(rows.role(person, "operator"));
    });
  }
  const statements = countStatements(deps.database.read);
  const { items } = must(await listPeople(deps, sec1, { limit: 100 }));
  const whole = items.filter((one) => one.vendorChain.length === 1 && one.roles.length === 1);
  expect(whole.length).toBeGreaterThanOrEqual(people);
  return statements();
}

test("fifty people more are read in no statement more", async () => {
  const few = await cost(2);
  house.close();
  house = await buildHouse();
  expect(await cost(50)).toBe(few);
});
