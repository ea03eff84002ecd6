import { afterEach, beforeEach, expect, it } from "vitest";
import { must } from "../../../test/support/access-house.js";
import { buildSisterUnits, type SisterUnits } from "../../../test/support/sister-units.js";
import { asId, type UnitId } from "../../domain/index.js";
import { renewNameKeys } from "./name-keys.js";

let units: SisterUnits;
beforeEach(async () => {
  units = await buildSisterUnits();
});
afterEach(() => units.house.close());

/** As the third schema fills the column: the name in small letters. */
async function insertOld(id: string, name: string): Promise<UnitId> {
  const { database } = units.house.deps;
  const unit = { id: asId<UnitId>(id), parentId: units.top, name, nameKey: name.toLowerCase() } as const;
  await database.write((tx) => tx.units.insert({ ...unit, state: "active", createdAt: 0 }));
  return unit.id;
}

const named = (name: string) =>
  units.house.broker.registry.createUnit(units.house.people.sec1, { parentId: units.top, name });
const keyOf = async (id: UnitId) => (await units.house.deps.database.read.units.get(id))?.nameKey;

it("takes a look-alike of a unit that is older than keys, until they are made anew", async () => {
  const old = await insertOld("old", "Liaison Office");
  await renewNameKeys(units.house.deps);
  expect(await named("LIAISON 0FFICE")).toMatchObject({ code: "name-taken", field: "name" });
  const key = await keyOf(old);
  await renewNameKeys(units.house.deps);
  expect(await keyOf(old)).toBe(key);
});

it("leaves the later of two that look alike as it was, says so, and goes on", async () => {
  const [one, two, three] = [await insertOld("1", "Oil"), await insertOld("2", "OiI"), await insertOld("3", "Ilo")];
  const lines: unknown[] = [];
  await renewNameKeys({ ...units.house.deps, log: (...line) => lines.push(line) });
  expect(await keyOf(one)).not.toBe("oil");
  expect([await keyOf(two)]).not.toEqual([await keyOf(one)]);
  expect(await keyOf(three)).not.toBe("ilo");
  expect(lines).toEqual([["warn", expect.stringContaining("look alike"), { unit: two }]]);
});

it("does not touch a name that was changed since it was read", async () => {
  const old = await insertOld("old", "Liaison");
  const { deps, people, broker } = units.house;
  const write: typeof deps.database.write = async (work) => {
    must(await broker.registry.renameUnit(people.sec1, old, "Registry"));
    return deps.database.write(work);
  };
  const before = await keyOf(units.here);
  await renewNameKeys({ ...deps, database: { ...deps.database, read: deps.database.read, write } });
  expect(await keyOf(old)).toBe("reglstry");
  expect(await keyOf(units.here)).toBe(before);
});
