/** The tree of units, as few statements read it: paths to show, what several have in common, and one queue for who changes it. */
import { GatehouseError, type Stores, type Unit, type UnitId } from "../../domain/index.js";
import { allUnits } from "../scope.js";

type UnitStores = Pick<Stores, "units">;

/** Every unit by id. */
export async function unitsById(stores: UnitStores): Promise<ReadonlyMap<UnitId, Unit>> {
  return new Map((await allUnits(stores)).map((unit) => [unit.id, unit]));
}

/** From the unit up to the top. */
export function unitsUp(units: ReadonlyMap<UnitId, Unit>, id: UnitId): readonly Unit[] {
  const path: Unit[] = [];
  for (let next: UnitId | null = id; next !== null;) {
    const unit = units.get(next);
    if (unit === undefined || path.includes(unit)) break;
    path.push(unit);
    next = unit.parentId;
  }
  return path;
}

/** The lowest unit whose subtree holds them all: the top one where they share nothing else. */
export async function commonUnit(stores: UnitStores, ids: readonly UnitId[]): Promise<UnitId> {
  const [first, ...others] = [...new Set(ids)];
  if (first === undefined) throw new GatehouseError("internal", "nothing has no unit");
  if (others.length === 0) return first;
  const units = await unitsById(stores);
  const shared = others.reduce<readonly Unit[]>(
    (path, id) => {
      const up = unitsUp(units, id);
      return path.filter((unit) => up.includes(unit));
    },
    unitsUp(units, first),
  );
  const [lowest] = shared;
  if (lowest === undefined) throw new GatehouseError("internal", "two units have no top in common");
  return lowest.id;
}

/** Whether the unit stands; nobody retires it before the caller's transaction is over. */
export function holdUnit(tx: UnitStores, id: UnitId): Promise<boolean> {
  return tx.units.update(id, { state: "active" }, { state: "active" });
}

/** The one unit at the top; undefined until the first person is made. */
export async function topUnit(stores: UnitStores): Promise<Unit | undefined> {
  return (await stores.units.find({ parentId: null }, { limit: 1 }))[0];
}

/**
 * Writes the top unit's row as it is, so that two transactions that change the tree of units or of vendors, or take a name,
 * wait for one another: each sees what the other did.
 */
export async function queueOnTop(tx: UnitStores): Promise<void> {
  const top = await topUnit(tx);
  if (top === undefined) throw new GatehouseError("internal", "there is no top unit");
  await tx.units.update(top.id, { state: "active" }, { parentId: null });
}
