/** How lines of a file name what is here already: units by name or path, vendors and contracts as they are written, people by login. */
import type { Account, Asset, Contract, Person, Stores, Unit, UnitId, Vendor } from "../../domain/index.js";
import { isPlainName, nameKey } from "../../text/index.js";
import { covers } from "../scope.js";
import type { Keeper } from "./register-deps.js";
import { unitsById, unitsUp } from "./unit-tree.js";

export const PATH_MARK = " / ";
/** Of a cell that names a unit. A key of what is much longer takes long to make: a heap of marks is put in order. */
const LONGEST_PATH = 2_000;
const LISTED = /[;；、\n]+/;

/** The parts of a cell that lists several things, each once. */
export function listed(cell: string): readonly string[] {
  const parts = cell.split(LISTED).map((part) => part.trim());
  return [...new Set(parts.filter((part) => part !== ""))];
}

/** Answers units the keeper covers: an empty cell is his own, a name must be the only one of its kind, else its path is needed. */
export async function unitFinder(stores: Stores, keeper: Keeper): Promise<(cell: string) => UnitId | undefined> {
  const units = await unitsById(stores);
  const byName = new Map<string, Unit | null>();
  for (const unit of units.values()) {
    if (unit.state !== "active" || !covers(keeper.scope, unit.id)) continue;
    for (const name of [unit.name, unitPath(units, unit.id)])
      byName.set(nameKey(name), byName.has(nameKey(name)) && byName.get(nameKey(name)) !== unit ? null : unit);
  }
  return (cell) => {
    if (cell === "") return keeper.person.unitId;
    const isPath = cell.length <= LONGEST_PATH && cell.split(PATH_MARK).every(isPlainName);
    return isPath ? byName.get(nameKey(cell))?.id : undefined;
  };
}

/** Names from the top down. */
export function unitPath(units: ReadonlyMap<UnitId, Unit>, id: UnitId): string {
  return [...unitsUp(units, id)]
    .reverse()
    .map((unit) => unit.name)
    .join(PATH_MARK);
}

/** How a file names a role for another unit than the person's own. */
export function roleElsewhere(role: string, path: string): string {
  return `${role}@${path}`;
}

/** The vendor that is written so, or looks so. */
export async function vendorNamed(stores: Pick<Stores, "vendors">, name: string): Promise<Vendor | undefined> {
  if (!isPlainName(name)) return undefined;
  return (await stores.vendors.find({ nameKey: nameKey(name) }, { limit: 1 }))[0];
}

export async function contractNumbered(
  stores: Pick<Stores, "contracts">,
  number: string,
): Promise<Contract | undefined> {
  if (!isPlainName(number)) return undefined;
  return (await stores.contracts.find({ numberKey: nameKey(number) }, { limit: 1 }))[0];
}

export async function personCalled(stores: Pick<Stores, "people">, login: string): Promise<Person | undefined> {
  return (await stores.people.find({ login }, { limit: 1 }))[0];
}

/** An asset of the keeper's units by name. */
export async function assetNamed(
  stores: Pick<Stores, "assets">,
  { scope }: Keeper,
  name: string,
): Promise<Asset | undefined> {
  const [asset] = await stores.assets.find({ name }, { limit: 1 });
  return asset !== undefined && covers(scope, asset.unitId) ? asset : undefined;
}

/** `login@asset`, of the assets named beside it; also one that is retired. */
export async function accountNamed(
  stores: Pick<Stores, "accounts">,
  assets: readonly Asset[],
  text: string,
): Promise<Account | undefined> {
  const at = text.lastIndexOf("@");
  const asset = assets.find((one) => one.name === text.slice(at + 1));
  if (at < 1 || asset === undefined) return undefined;
  const where = { assetId: asset.id, login: text.slice(0, at) };
  return (await stores.accounts.find(where, { limit: 1 }))[0];
}
