/**
 * Exporting vendors, contracts and people of one's units, in the columns that the import reads. Identity numbers do not leave:
 * only their last four characters do. What went out is an event, with its digest.
 */
import { createHash } from "node:crypto";
import {
  done,
  refused,
  type Actor,
  type Contract,
  type Outcome,
  type Person,
  type Stores,
  type Vendor,
} from "../../domain/index.js";
import { writeCsv } from "../../text/index.js";
import type { ImportKind } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { covers, withinUnits, type UnitScope } from "../scope.js";
import { requireStepUp } from "../step-up.js";
import { IMPORT_COLUMNS } from "./import-columns.js";
import { roleElsewhere, unitPath } from "./import-lookup.js";
import { readerOf, type Keeper } from "./register-deps.js";
import { unitsById } from "./unit-tree.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "calendar" | "policy">;
type Cells = Readonly<Record<string, string>>;
type Exported = Outcome<{ readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }>;

const BATCH = 500;
const LIST_MARK = "; ";

/** For who may list them: the three powers, people for security and audit alone; of the units they cover, after a second factor. The whole is made before it is given: its digest stands in the event. */
export async function exportCsv(deps: Deps, actor: Actor, kind: ImportKind): Promise<Exported> {
  const { read } = deps.database;
  const reader = await readerOf(read, actor);
  if (!reader.ok) return reader;
  if (kind === "people" && reader.value.person.power === "system") return refused("forbidden");
  const recent = await requireStepUp(read, deps.clock, deps.policy, actor);
  if (!recent.ok) return recent;
  const columns = IMPORT_COLUMNS[kind].map((one): string => one.name).filter((name) => name !== "identity number");
  const pieces: Uint8Array[] = [];
  const sha256 = createHash("sha256");
  let rows = -1;
  const lines = counted(linesOf(read, reader.value, kind, columns), () => (rows += 1));
  for await (const piece of writeCsv(lines)) {
    pieces.push(piece);
    sha256.update(piece);
  }
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "people.exported",
      actorId: reader.value.person.personId,
      object: { kind: "export", id: kind },
      sourceAddress: actor.sourceAddress,
      detail: { kind, lines: rows, sha256: sha256.digest("hex") },
    }),
  );
  const name = `${kind}-${deps.calendar.dateOf(deps.clock.now())}.csv`;
  return done({ name, bytes: streamed(pieces) });
}

async function* streamed(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

async function* counted<T>(all: AsyncIterable<T>, count: () => void): AsyncGenerator<T> {
  for await (const one of all) {
    count();
    yield one;
  }
}

async function* linesOf(
  stores: Stores,
  { scope }: Keeper,
  kind: ImportKind,
  columns: readonly string[],
): AsyncGenerator<readonly string[]> {
  yield columns;
  const names = await namesOf(stores);
  const store = stores[kind] as Pick<Stores["people"], "find">;
  for (let after = ""; ;) {
    const where = { ...withinUnits(scope), id: { gt: after as Person["id"] } };
    const rows = await store.find(where, { orderBy: "id", limit: BATCH });
    for (const row of rows) {
      const cells = await cellsOf(stores, names, kind, row, scope);
      if (cells !== undefined) yield columns.map((column) => cells[column] ?? "");
    }
    if (rows.length < BATCH) return;
    after = rows.at(-1)?.id ?? "";
  }
}

interface Names {
  unit(id: Vendor["unitId"]): string;
  vendor(id: Vendor["id"] | null): Promise<string>;
  login(id: Person["id"] | null): Promise<string>;
}

async function namesOf(stores: Stores): Promise<Names> {
  const units = await unitsById(stores);
  const known = new Map<string, string>();
  const remembered = async (id: string | null, find: () => Promise<string | undefined>): Promise<string> => {
    if (id === null) return "";
    const name = known.get(id) ?? (await find()) ?? "";
    known.set(id, name);
    return name;
  };
  return {
    unit: (id) => unitPath(units, id),
    vendor: (id) => remembered(id, async () => (id === null ? "" : (await stores.vendors.get(id))?.name)),
    login: (id) => remembered(id, async () => (id === null ? "" : (await stores.people.get(id))?.login)),
  };
}

/** Undefined for what is over: an import would refuse it. */
async function cellsOf(
  stores: Stores,
  names: Names,
  kind: ImportKind,
  row: unknown,
  scope: UnitScope,
): Promise<Cells | undefined> {
  if (kind === "vendors") return vendorCells(names, row as Vendor);
  if (kind === "contracts") return contractCells(stores, names, row as Contract);
  return personCells(stores, names, row as Person, scope);
}

async function vendorCells(names: Names, vendor: Vendor): Promise<Cells | undefined> {
  if (vendor.state !== "active") return undefined;
  return {
    name: vendor.name,
    "registration number": vendor.registrationNumber ?? "",
    "parent vendor": await names.vendor(vendor.parentId),
    unit: names.unit(vendor.unitId),
  };
}

async function contractCells(stores: Stores, names: Names, contract: Contract): Promise<Cells | undefined> {
  if (contract.state !== "active") return undefined;
  const { scope } = contract;
  const assets = await stores.assets.find({ id: { in: scope.assetIds } }, { limit: 1000, orderBy: "name" });
  const accounts = await stores.accounts.find({ id: { in: scope.accountIds } }, { limit: 1000, orderBy: "login" });
  const assetOf = new Map(assets.map((asset) => [asset.id, asset.name]));
  return {
    number: contract.number,
    title: contract.title,
    vendor: await names.vendor(contract.vendorId),
    unit: names.unit(contract.unitId),
    from: contract.fromDate,
    to: contract.toDate,
    owner: await names.login(contract.ownerId),
    assets: assets.map((asset) => asset.name).join(LIST_MARK),
    accounts: accounts.map((one) => `${one.login}@${assetOf.get(one.assetId) ?? ""}`).join(LIST_MARK),
    actions: scope.actions.join(LIST_MARK),
  };
}

async function personCells(stores: Stores, names: Names, person: Person, scope: UnitScope): Promise<Cells | undefined> {
  if (person.state === "retired") return undefined;
  const contract = person.contractId === null ? undefined : await stores.contracts.get(person.contractId);
  const all = await stores.roles.find({ personId: person.id }, { limit: 1000, orderBy: "id" });
  const roles = all.filter((row) => covers(scope, row.unitId));
  const power = await stores.powers.get(person.id);
  return {
    login: person.login,
    name: person.displayName,
    language: person.locale,
    unit: names.unit(person.unitId),
    vendor: await names.vendor(person.vendorId),
    contract: contract?.number ?? "",
    sponsor: await names.login(person.sponsorId),
    "identity tail": person.identityTail ?? "",
    email: person.email ?? "",
    roles: roles
      .filter((row) => row.unitId === person.unitId)
      .map((row) => row.role)
      .join(LIST_MARK),
    "roles elsewhere": roles
      .filter((row) => row.unitId !== person.unitId)
      .map((row) => roleElsewhere(row.role, names.unit(row.unitId)))
      .join(LIST_MARK),
    power: power?.power ?? "",
  };
}
