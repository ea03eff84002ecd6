/** Contracts as they are listed and shown, to the three powers of the units they cover. */
import {
  done,
  refused,
  type Actor,
  type Contract,
  type ContractId,
  type Outcome,
  type Stores,
  type VendorId,
  type Where,
} from "../../domain/index.js";
import type { ContractView, Listing, Page } from "../broker.js";
import { mapListing, pageOf } from "../pages.js";
import { covers, withinUnits } from "../scope.js";
import { readerOf, type RegisterDeps } from "./register-deps.js";
import { vendorNames, vendorsUp } from "./vendor-chain.js";

type Deps = Pick<RegisterDeps, "database" | "clock">;

/** What a search by words looks through at most, in numbers and in titles. */
const MOST_FOUND = 1000;

/** `q` is looked for in number and title. With `vendorId`, those its people may work under: its own, and those of each vendor above it. */
export async function listContracts(
  deps: Deps,
  actor: Actor,
  page: Page & { readonly q?: string; readonly vendorId?: VendorId },
): Promise<Outcome<Listing<ContractView>>> {
  const { read } = deps.database;
  const reader = await readerOf(read, actor);
  if (!reader.ok) return reader;
  const { q = "", vendorId } = page;
  const scope: Where<Contract> = {
    ...withinUnits(reader.value.scope),
    ...(vendorId === undefined ? {} : { vendorId: { in: (await vendorsUp(read, vendorId)).map((one) => one.id) } }),
  };
  const where = q === "" ? scope : { ...scope, id: { in: await idsOf(read, scope, q) } };
  const listing = await pageOf(read.contracts, where, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(await mapListing(listing, (contract) => contractView(read, contract, deps.clock.now())));
}

async function idsOf(stores: Stores, scope: Where<Contract>, q: string): Promise<readonly ContractId[]> {
  const options = { orderBy: "id", descending: true, limit: MOST_FOUND } as const;
  const numbers = await stores.contracts.find({ ...scope, number: { contains: q } }, options);
  const titles = await stores.contracts.find({ ...scope, title: { contains: q } }, options);
  return [...new Set([...numbers, ...titles].map((contract) => contract.id))];
}

export async function getContract(deps: Deps, actor: Actor, id: ContractId): Promise<Outcome<ContractView>> {
  const contract = await readContract(deps, actor, id);
  return contract.ok ? done(await contractView(deps.database.read, contract.value, deps.clock.now())) : contract;
}

/** The row, for who may see it; `not-found` otherwise. */
export async function readContract(
  deps: Pick<Deps, "database">,
  actor: Actor,
  id: ContractId,
): Promise<Outcome<Contract>> {
  const { read } = deps.database;
  const reader = await readerOf(read, actor);
  if (!reader.ok) return reader;
  const contract = await read.contracts.get(id);
  return contract === undefined || !covers(reader.value.scope, contract.unitId) ? refused("not-found") : done(contract);
}

export async function contractView(stores: Stores, contract: Contract, now: number): Promise<ContractView> {
  const vendorChain = await vendorNames(stores, contract.vendorId);
  return {
    ...contract,
    vendorName: vendorChain[0] ?? "",
    vendorChain,
    unitName: (await stores.units.get(contract.unitId))?.name ?? "",
    ownerName: (await stores.people.get(contract.ownerId))?.displayName ?? "",
    people: await stores.people.count({ contractId: contract.id, state: { not: "retired" } }),
    standing: standingOf(contract, now),
  };
}

function standingOf({ state, fromAt, toAt }: Contract, now: number): ContractView["standing"] {
  if (state === "ended" || now >= toAt) return "ended";
  return now < fromAt ? "scheduled" : "active";
}
