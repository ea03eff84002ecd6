/** The tree of units: made, named and retired by security administrators within what they cover. */
import {
  asId,
  done,
  MOST_UNITS,
  refused,
  type Actor,
  type Outcome,
  type Stores,
  type Unit,
  type UnitId,
} from "../../domain/index.js";
import { isPlainName, nameKey } from "../../text/index.js";
import type { RegistryUseCases, UnitView } from "../broker.js";
import { covers, scopeOf } from "../scope.js";
import { standing } from "../standing.js";
import { keeperOf, tellRegister, type RegisterDeps } from "./register-deps.js";
import { holdUnit, queueOnTop, unitsById, unitsUp } from "./unit-tree.js";

/** From the top unit down. */
const DEEPEST = 12;
const BATCH = 500;

/** For the three powers and approvers: the units they cover, in the order of their paths. */
export async function listUnits(
  deps: Pick<RegisterDeps, "database">,
  actor: Actor,
): Promise<Outcome<readonly UnitView[]>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined || (reader.power === null && !reader.roles.includes("approver")))
    return refused("forbidden");
  const scope = await scopeOf(read, reader, ["system", "security", "audit", "approver"]);
  const units = await unitsById(read);
  const seen = [...units.values()].filter((unit) => covers(scope, unit.id)).map((unit) => unitView(units, unit));
  return done(seen.sort((a, b) => a.path.join("\n").localeCompare(b.path.join("\n"), "zh-CN")));
}

function unitView(units: ReadonlyMap<UnitId, Unit>, unit: Unit): UnitView {
  const above = unit.parentId === null ? [] : unitsUp(units, unit.parentId);
  return { ...unit, path: [...above.map((one) => one.name).reverse(), unit.name] };
}

async function viewOf(stores: Pick<Stores, "units">, unit: Unit): Promise<UnitView> {
  return unitView(await unitsById(stores), unit);
}

/** `name-taken` when a sibling has that name or one that looks like it, also a retired one. */
export async function createUnit(
  deps: RegisterDeps,
  actor: Actor,
  { parentId, name }: Parameters<RegistryUseCases["createUnit"]>[1],
): Promise<Outcome<UnitView>> {
  if (!isPlainName(name)) return refused("invalid-input", { field: "name" });
  const outcome = await deps.database.write(async (tx): Promise<Outcome<UnitView>> => {
    await queueOnTop(tx);
    const keeper = await keeperOf(tx, actor);
    if (!keeper.ok) return keeper;
    if (!covers(keeper.value.scope, parentId) || !(await holdUnit(tx, parentId)))
      return refused("invalid-input", { field: "parentId" });
    const units = await unitsById(tx);
    if (units.size >= MOST_UNITS || unitsUp(units, parentId).length >= DEEPEST)
      return refused("invalid-input", { field: "parentId" });
    const key = nameKey(name);
    if ((await siblingNamed(tx, parentId, key)) !== undefined) return refused("name-taken", { field: "name" });
    const id = asId<UnitId>(deps.ids.next());
    const unit: Unit = { id, parentId, name, nameKey: key, state: "active", createdAt: deps.clock.now() };
    await tx.units.insert(unit);
    await append(tx, "unit.created", actor, id, { name, parentId });
    return done(await viewOf(tx, unit));
  });
  if (outcome.ok) tellRegister(deps, outcome.value.id);
  return outcome;
}

async function siblingNamed(tx: Stores, parentId: UnitId | null, key: string): Promise<Unit | undefined> {
  const [sibling] = await tx.units.find({ parentId, nameKey: key }, { limit: 1 });
  return sibling;
}

/** `name-taken` as for a new one. */
export async function renameUnit(
  deps: RegisterDeps,
  actor: Actor,
  id: UnitId,
  name: string,
): Promise<Outcome<UnitView>> {
  if (!isPlainName(name)) return refused("invalid-input", { field: "name" });
  const outcome = await deps.database.write(async (tx): Promise<Outcome<UnitView>> => {
    await queueOnTop(tx);
    const keeper = await keeperOf(tx, actor);
    if (!keeper.ok) return keeper;
    const unit = await tx.units.get(id);
    if (unit?.state !== "active" || !covers(keeper.value.scope, id)) return refused("not-found");
    const key = nameKey(name);
    const sibling = await siblingNamed(tx, unit.parentId, key);
    if (sibling !== undefined && sibling.id !== id) return refused("name-taken", { field: "name" });
    await tx.units.update(id, { name, nameKey: key });
    await append(tx, "unit.changed", actor, id, { from: unit.name, name });
    return done(await viewOf(tx, { ...unit, name, nameKey: key }));
  });
  if (outcome.ok) tellRegister(deps, id);
  return outcome;
}

/** Only an empty one: `conflict` while anything stands in it, and for the top. */
export async function retireUnit(deps: RegisterDeps, actor: Actor, id: UnitId): Promise<Outcome<void>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<void>> => {
    await queueOnTop(tx);
    const keeper = await keeperOf(tx, actor);
    if (!keeper.ok) return keeper;
    const unit = await tx.units.get(id);
    if (unit === undefined || !covers(keeper.value.scope, id) || !(await holdUnit(tx, id))) return refused("not-found");
    if (unit.parentId === null || !(await isEmpty(tx, id))) return refused("conflict");
    await tx.units.update(id, { state: "retired" }, { state: "active" });
    await append(tx, "unit.retired", actor, id, { name: unit.name });
    return done(undefined);
  });
  if (outcome.ok) tellRegister(deps, id);
  return outcome;
}

async function isEmpty(tx: Stores, unitId: UnitId): Promise<boolean> {
  const counts = [
    await tx.units.count({ parentId: unitId, state: "active" }),
    await tx.assets.count({ unitId, state: "active" }),
    await tx.people.count({ unitId, state: { not: "retired" } }),
    await tx.vendors.count({ unitId, state: "active" }),
    await tx.contracts.count({ unitId, state: "active" }),
  ];
  return counts.every((count) => count === 0) && !(await isServed(tx, unitId));
}

/** Whether anybody who is still here holds a role for it; he may be of another unit. */
async function isServed(tx: Stores, unitId: UnitId): Promise<boolean> {
  for (let offset = 0; ; offset += BATCH) {
    const rows = await tx.roles.find({ unitId }, { orderBy: "id", limit: BATCH, offset });
    const ids = rows.map((row) => row.personId);
    if ((await tx.people.count({ id: { in: ids }, state: { not: "retired" } })) > 0) return true;
    if (rows.length < BATCH) return false;
  }
}

async function append(
  tx: Stores,
  verb: "unit.created" | "unit.changed" | "unit.retired",
  by: Actor,
  id: UnitId,
  detail: Readonly<Record<string, string>>,
): Promise<void> {
  const object = { kind: "unit", id };
  await tx.audit.append({ verb, actorId: by.personId, object, sourceAddress: by.sourceAddress, detail });
}
