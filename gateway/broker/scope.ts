/**
 * Where a power or a role counts: the subtree of each unit it is held for. Every list, count, search, watch and export is
 * cut to it; an object outside is answered as one that does not exist (promise 8).
 */
import { MOST_UNITS, type Actor, type Power, type Role, type Stores, type Unit, type UnitId } from "../domain/index.js";

/** Everything, or these units. */
export type UnitScope = { readonly all: true } | { readonly all: false; readonly ids: ReadonlySet<UnitId> };

const NOTHING: UnitScope = { all: false, ids: new Set() };
export const EVERYTHING: UnitScope = { all: true };

/** Whether an object of this unit lies within. What belongs to no unit (null) is seen from the top alone. */
export function covers(scope: UnitScope, unitId: UnitId | null): boolean {
  return scope.all || (unitId !== null && scope.ids.has(unitId));
}

/** The condition on `unitId` that cuts a list; empty for everything. */
export function withinUnits(scope: UnitScope): { readonly unitId?: { readonly in: readonly UnitId[] } } {
  return scope.all ? {} : { unitId: { in: [...scope.ids] } };
}

/** So many units are asked for one by one. */
const APART_MOST = 50;

/**
 * The same as conditions of one unit each, for `pageOfEither`: an index leads to the newest rows of one unit, while those of several at once
 * are sorted out of all they have, which of a log is too much. Of very many units it is one condition.
 */
export function withinEach(
  scope: UnitScope,
): readonly { readonly unitId?: UnitId | { readonly in: readonly UnitId[] } }[] {
  if (scope.all || scope.ids.size === 0 || scope.ids.size > APART_MOST) return [withinUnits(scope)];
  return [...scope.ids].map((unitId) => ({ unitId }));
}

/** The units over which the actor holds any of `marks` now, from rows. */
export async function scopeOf(
  stores: Pick<Stores, "powers" | "roles" | "units">,
  actor: Pick<Actor, "personId">,
  marks: readonly (Power | Role)[],
): Promise<UnitScope> {
  const power = await stores.powers.get(actor.personId);
  const roles = await stores.roles.find({ personId: actor.personId }, { limit: 1000 });
  const held = [
    ...(power !== undefined && marks.includes(power.power) ? [power.unitId] : []),
    ...roles.filter((row) => marks.includes(row.role)).map((row) => row.unitId),
  ];
  return held.length === 0 ? NOTHING : subtreeOf(stores, held);
}

/** The units named and all below them. */
export async function subtreeOf(stores: Pick<Stores, "units">, roots: readonly UnitId[]): Promise<UnitScope> {
  for (const id of roots) if ((await stores.units.get(id))?.parentId === null) return EVERYTHING;
  const children = childrenByParent(await allUnits(stores));
  const ids = new Set<UnitId>();
  const waiting = [...roots];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (ids.has(id)) continue;
    ids.add(id);
    waiting.push(...(children.get(id) ?? []));
  }
  return { all: false, ids };
}

/** Every unit; there are at most `MOST_UNITS`. */
export async function allUnits(stores: Pick<Stores, "units">): Promise<readonly Unit[]> {
  const units: Unit[] = [];
  for (let offset = 0; offset < MOST_UNITS; offset += 1000)
    units.push(...(await stores.units.find({}, { limit: 1000, offset, orderBy: "id" })));
  return units;
}

function childrenByParent(units: readonly Unit[]): ReadonlyMap<UnitId, readonly UnitId[]> {
  const children = new Map<UnitId, UnitId[]>();
  for (const { id, parentId } of units) {
    if (parentId === null) continue;
    const siblings = children.get(parentId);
    if (siblings === undefined) children.set(parentId, [id]);
    else siblings.push(id);
  }
  return children;
}
