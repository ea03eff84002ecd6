/** Vendors, and whose sub-contractors they are. The chain of them is shown everywhere a person is. */
import {
  asId,
  done,
  LONGEST_VENDOR_CHAIN,
  refused,
  type Actor,
  type Outcome,
  type Stores,
  type Vendor,
  type VendorId,
} from "../../domain/index.js";
import { isPlainName, nameKey } from "../../text/index.js";
import type { Listing, Page, RegistryUseCases, VendorView } from "../broker.js";
import { mapListing, pageOf } from "../pages.js";
import { covers, withinUnits, type UnitScope } from "../scope.js";
import { keeperOf, readerOf, tellRegister, type Keeper, type RegisterDeps } from "./register-deps.js";
import { holdUnit, queueOnTop } from "./unit-tree.js";
import { vendorNames, vendorsBelow, vendorsUp } from "./vendor-chain.js";

export type NewVendor = Parameters<RegistryUseCases["createVendor"]>[1];
export type VendorChange = Parameters<RegistryUseCases["changeVendor"]>[2];

const REGISTRATION = /^[A-Za-z0-9][A-Za-z0-9 ./-]{0,63}$/;

/** For the three powers, of the units they cover. `q` is looked for in the name. */
export async function listVendors(
  deps: Pick<RegisterDeps, "database">,
  actor: Actor,
  page: Page & { readonly q?: string },
): Promise<Outcome<Listing<VendorView>>> {
  const { read } = deps.database;
  const reader = await readerOf(read, actor);
  if (!reader.ok) return reader;
  const { scope } = reader.value;
  const within = withinUnits(scope);
  const where = page.q === undefined || page.q === "" ? within : { ...within, name: { contains: page.q } };
  const listing = await pageOf(read.vendors, where, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(await mapListing(listing, (vendor) => vendorView(read, vendor, scope)));
}

export async function getVendor(
  deps: Pick<RegisterDeps, "database">,
  actor: Actor,
  id: VendorId,
): Promise<Outcome<VendorView>> {
  const { read } = deps.database;
  const reader = await readerOf(read, actor);
  if (!reader.ok) return reader;
  const vendor = await read.vendors.get(id);
  if (vendor === undefined || !covers(reader.value.scope, vendor.unitId)) return refused("not-found");
  return done(await vendorView(read, vendor, reader.value.scope));
}

/** Its people and contracts are counted within the reader's units. */
async function vendorView(stores: Stores, vendor: Vendor, scope: UnitScope): Promise<VendorView> {
  const here = { ...withinUnits(scope), vendorId: vendor.id };
  return {
    ...vendor,
    chain: await vendorNames(stores, vendor.id),
    unitName: (await stores.units.get(vendor.unitId))?.name ?? "",
    people: await stores.people.count({ ...here, state: { not: "retired" } }),
    contracts: await stores.contracts.count({ ...here, state: "active" }),
  };
}

export async function createVendor(deps: RegisterDeps, actor: Actor, input: NewVendor): Promise<Outcome<VendorView>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<VendorView>> => {
    await queueOnTop(tx);
    const keeper = await keeperOf(tx, actor);
    if (!keeper.ok) return keeper;
    const created = await createVendorIn(deps, tx, keeper.value, input);
    return created.ok ? done(await vendorView(tx, created.value, keeper.value.scope)) : created;
  });
  if (outcome.ok) tellRegister(deps, outcome.value.id);
  return outcome;
}

/** See `RegistryUseCases.createVendor`. In the caller's transaction, which stands in the queue (`queueOnTop`). */
export async function createVendorIn(
  deps: Pick<RegisterDeps, "clock" | "ids">,
  tx: Stores,
  { person, scope }: Keeper,
  input: NewVendor,
): Promise<Outcome<Vendor>> {
  const { unitId, name, registrationNumber, parentId } = input;
  const fault = await wordsFault(tx, null, input);
  if (fault !== undefined) return fault;
  if (!covers(scope, unitId) || !(await holdUnit(tx, unitId))) return refused("invalid-input", { field: "unitId" });
  const above = await parentFault(tx, scope, parentId, 0);
  if (above !== undefined) return above;
  const vendor: Vendor = {
    id: asId<VendorId>(deps.ids.next()),
    unitId,
    name,
    nameKey: nameKey(name),
    registrationNumber,
    parentId,
    state: "active",
    createdAt: deps.clock.now(),
    createdBy: person.personId,
  };
  await tx.vendors.insert(vendor);
  await append(tx, "vendor.created", person, vendor);
  return done(vendor);
}

/** What is wrong with the name or the number, or who has it already: any vendor, also a retired or another unit's. */
async function wordsFault(
  tx: Stores,
  own: VendorId | null,
  { name, registrationNumber }: VendorChange,
): Promise<ReturnType<typeof refused> | undefined> {
  if (name !== undefined) {
    if (!isPlainName(name)) return refused("invalid-input", { field: "name" });
    const [taken] = await tx.vendors.find({ nameKey: nameKey(name) }, { limit: 1 });
    if (taken !== undefined && taken.id !== own) return refused("name-taken", { field: "name" });
  }
  if (registrationNumber === undefined || registrationNumber === null) return undefined;
  if (!REGISTRATION.test(registrationNumber)) return refused("invalid-input", { field: "registrationNumber" });
  const [taken] = await tx.vendors.find({ registrationNumber }, { limit: 1 });
  return taken === undefined || taken.id === own ? undefined : refused("name-taken", { field: "registrationNumber" });
}

/** Why a vendor with `height` links below it cannot work under that one. */
async function parentFault(
  tx: Stores,
  scope: Keeper["scope"],
  parentId: VendorId | null,
  height: number,
): Promise<ReturnType<typeof refused> | undefined> {
  if (parentId === null) return undefined;
  const chain = await vendorsUp(tx, parentId);
  const [parent] = chain;
  const stands = chain.length > 0 && chain.every((vendor) => vendor.state === "active");
  if (parent === undefined || !stands || !covers(scope, parent.unitId))
    return refused("invalid-input", { field: "parentId" });
  return chain.length + height > LONGEST_VENDOR_CHAIN ? refused("invalid-input", { field: "parentId" }) : undefined;
}

export async function changeVendor(
  deps: RegisterDeps,
  actor: Actor,
  id: VendorId,
  input: VendorChange,
): Promise<Outcome<VendorView>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<VendorView>> => {
    await queueOnTop(tx);
    const keeper = await keeperOf(tx, actor);
    if (!keeper.ok) return keeper;
    const changed = await changeVendorIn(tx, keeper.value, id, input);
    return changed.ok ? done(await vendorView(tx, changed.value, keeper.value.scope)) : changed;
  });
  if (outcome.ok) tellRegister(deps, id);
  return outcome;
}

/**
 * As `createVendorIn`; besides, `not-under-contract` on `parentId` when somebody's contract is of a vendor that would no longer
 * be above him. In the caller's transaction, which stands in the queue (`queueOnTop`).
 */
export async function changeVendorIn(
  tx: Stores,
  { person, scope }: Keeper,
  id: VendorId,
  input: VendorChange,
): Promise<Outcome<Vendor>> {
  const vendor = await tx.vendors.get(id);
  if (vendor?.state !== "active" || !covers(scope, vendor.unitId)) return refused("not-found");
  const fault = await wordsFault(tx, id, input);
  if (fault !== undefined) return fault;
  if (input.parentId !== undefined && input.parentId !== vendor.parentId) {
    const moved = await moveFault(tx, scope, vendor, input.parentId);
    if (moved !== undefined) return moved;
  }
  const name = input.name ?? vendor.name;
  const { registrationNumber, parentId } = { ...vendor, ...input };
  const next: Vendor = { ...vendor, name, nameKey: nameKey(name), registrationNumber, parentId };
  const { nameKey: key } = next;
  if (!(await tx.vendors.update(id, { name, nameKey: key, registrationNumber, parentId }, { state: "active" })))
    return refused("stale");
  await append(tx, "vendor.changed", person, next);
  return done(next);
}

async function moveFault(
  tx: Stores,
  scope: Keeper["scope"],
  vendor: Vendor,
  parentId: VendorId | null,
): Promise<ReturnType<typeof refused> | undefined> {
  const below = await vendorsBelow(tx, vendor.id);
  if (parentId !== null && below.has(parentId)) return refused("vendor-cycle", { field: "parentId" });
  const fault = await parentFault(tx, scope, parentId, Math.max(...below.values()));
  if (fault !== undefined) return fault;
  const [, ...before] = await vendorsUp(tx, vendor.id);
  const after = new Set((await vendorsUp(tx, parentId)).map((one) => one.id));
  const lost = before.map((one) => one.id).filter((one) => !after.has(one));
  return (await anyoneHangsOn(tx, lost, [...below.keys()]))
    ? refused("not-under-contract", { field: "parentId" })
    : undefined;
}

/** Whether any of the vendors' people is here under a contract of one that is lost to them. */
async function anyoneHangsOn(tx: Stores, lost: readonly VendorId[], own: readonly VendorId[]): Promise<boolean> {
  if (lost.length === 0) return false;
  for (let offset = 0; ; offset += 500) {
    const page = { orderBy: "id", limit: 500, offset } as const;
    const contracts = await tx.contracts.find({ vendorId: { in: lost }, state: "active" }, page);
    const contractId = { in: contracts.map((contract) => contract.id) };
    for (let at = 0; at < own.length && contracts.length > 0; at += 200) {
      const vendorId = { in: own.slice(at, at + 200) };
      if ((await tx.people.count({ contractId, vendorId, state: { not: "retired" } })) > 0) return true;
    }
    if (contracts.length < 500) return false;
  }
}

async function append(tx: Stores, verb: "vendor.created" | "vendor.changed", by: Actor, vendor: Vendor): Promise<void> {
  const { id, name, registrationNumber, parentId } = vendor;
  await tx.audit.append({
    verb,
    actorId: by.personId,
    object: { kind: "vendor", id },
    sourceAddress: by.sourceAddress,
    detail: { name, registrationNumber, parentId },
  });
}
