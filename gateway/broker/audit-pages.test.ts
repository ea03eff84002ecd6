/** Pages of the audit log for an auditor of several units: each is asked for apart, and together they are one list. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildHouse, must, type House } from "../../test/support/access-house.js";
import { createRows } from "../../test/support/rows.js";
import type { UnitId } from "../domain/index.js";
import { withinEach } from "./scope.js";

let house: House;
beforeEach(async () => {
  house = await buildHouse();
});
afterEach(() => {
  house.close();
});

test("hold the events of all of them newest first, each once, and none of another unit", async () => {
  const { deps, people, broker } = house;
  const rows = createRows(deps.ids);
  const own = rows.unit({ parentId: people.aud2.unitId });
  const below = rows.unit({ parentId: own.id });
  const sister = rows.unit({ parentId: people.aud2.unitId });
  await deps.database.write(async (tx) => {
    for (const unit of [own, below, sister]) await tx.units.insert(unit);
    await tx.powers.update(people.aud2.personId, { unitId: own.id });
    for (let at = 0; at < 14; at += 1)
      for (const { id: unitId } of at % 3 === 0 ? [own, sister] : [below])
        await tx.audit.append({
          verb: "asset.changed",
          actorId: people.sys1.personId,
          object: { kind: "asset", id: `${unitId}:${String(at)}` },
          sourceAddress: "::1",
          unitId,
        });
  });
  const seen: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = { verb: "asset.changed", limit: 4, ...(cursor === undefined ? {} : { cursor }) };
    const listing = must(await broker.audit.list(people.aud2, page));
    seen.push(...listing.items.map((one) => one.objectId));
    cursor = listing.next;
  }
  const made = Array.from({ length: 14 }, (_none, at) => `${at % 3 === 0 ? own.id : below.id}:${String(at)}`);
  expect(seen).toEqual(made.reverse());
});

test("are one condition for who sees everything or nothing, and for very many units", () => {
  const units = (count: number): ReadonlySet<UnitId> =>
    new Set(Array.from({ length: count }, (_none, at) => String(at) as UnitId));
  expect(withinEach({ all: true })).toEqual([{}]);
  expect(withinEach({ all: false, ids: units(0) })).toEqual([{ unitId: { in: [] } }]);
  expect(withinEach({ all: false, ids: units(2) })).toEqual([{ unitId: "0" }, { unitId: "1" }]);
  expect(withinEach({ all: false, ids: units(51) })).toHaveLength(1);
});
