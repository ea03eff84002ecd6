/** Ending a contract, by hand or because its last day has passed; and retiring a vendor, which ends all of its contracts. */
import {
  done,
  refused,
  type Actor,
  type Contract,
  type ContractId,
  type Outcome,
  type Person,
  type Stores,
  type VendorId,
  type Where,
} from "../../domain/index.js";
import { everyRow } from "../batches.js";
import type { Ending } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { reasonFits } from "../request-access.js";
import { covers, type UnitScope } from "../scope.js";
import { closeWaysIn } from "./close-ways-in.js";
import {
  endHanging,
  endingOf,
  hangingOn,
  peopleOf,
  tellEnded,
  type Ender,
  type Hanging,
  type Hooks,
} from "./ending.js";
import { keeperOf, tellRegister, type RegisterDeps } from "./register-deps.js";
import { retirePerson } from "./retire-person.js";
import { queueOnTop } from "./unit-tree.js";
import { vendorsBelow } from "./vendor-chain.js";

interface Concerned extends Hooks {
  readonly people: readonly Person[];
  readonly contracts: readonly Contract[];
}

/** For security administrators: what `endContract` would end. `conflict` when it is over. */
export async function contractEnding(deps: RegisterDeps, actor: Actor, id: ContractId): Promise<Outcome<Ending>> {
  const { read } = deps.database;
  const found = await endable(read, actor, id);
  if (!found.ok) return found;
  const concerned = await ofContract(read, found.value.contract);
  return done(await endingOf(read, found.value.scope, concerned, concerned.people));
}

interface Endable {
  readonly contract: Contract;
  readonly scope: UnitScope;
}

async function endable(stores: Stores, actor: Actor, id: ContractId): Promise<Outcome<Endable>> {
  const keeper = await keeperOf(stores, actor);
  if (!keeper.ok) return keeper;
  const contract = await stores.contracts.get(id);
  const { scope } = keeper.value;
  if (contract === undefined || !covers(scope, contract.unitId)) return refused("not-found");
  return contract.state === "active" ? done({ contract, scope }) : refused("conflict");
}

async function ofContract(stores: Stores, contract: Contract): Promise<Concerned> {
  const people = await peopleOf(stores, { contractId: contract.id });
  return { people, contracts: [contract], personIds: people.map((one) => one.id), contractIds: [contract.id] };
}

/** Entitlements, grants, requests and live sessions end with it; its people stay, and open nothing. */
export async function endContract(
  deps: RegisterDeps,
  actor: Actor,
  id: ContractId,
  reason: string,
): Promise<Outcome<void>> {
  if (!reasonFits(reason)) return refused("invalid-input", { field: "reason" });
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Hanging>> => {
    const found = await endable(tx, actor, id);
    if (!found.ok) return found;
    const ended = await endContractIn(deps, tx, actor, found.value.contract, reason.trim(), {});
    return ended === undefined ? refused("conflict") : done(ended);
  });
  if (!outcome.ok) return outcome;
  tellRegister(deps, id);
  tellEnded(deps, outcome.value);
  return done(undefined);
}

/** In the caller's transaction; undefined when another ended it, or `only` does not hold any more. Tell it after commit. */
export async function endContractIn(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  by: Ender,
  contract: Contract,
  reason: string,
  only: Where<Contract>,
): Promise<Hanging | undefined> {
  if (!(await writeEnded(deps, tx, by, contract, reason, only))) return undefined;
  return endHanging(deps, tx, by, await hangingOn(tx, await ofContract(tx, contract)), "contract-ended");
}

async function writeEnded(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  by: Ender,
  { id, number, vendorId }: Contract,
  endReason: string,
  only: Where<Contract>,
): Promise<boolean> {
  const patch = { state: "ended", endedAt: deps.clock.now(), endedBy: by.personId, endReason } as const;
  if (!(await tx.contracts.update(id, patch, { ...only, state: "active" }))) return false;
  await tx.audit.append({
    verb: "contract.ended",
    actorId: by.personId,
    object: { kind: "contract", id },
    sourceAddress: by.sourceAddress,
    detail: { number, vendorId, reason: endReason },
  });
  return true;
}

/**
 * For security administrators: what `retireVendor` would end. `conflict` when it is retired; `forbidden` while it works for
 * units that the administrator does not cover: it is for somebody above them all.
 */
export async function vendorEnding(deps: RegisterDeps, actor: Actor, id: VendorId): Promise<Outcome<Ending>> {
  const { read } = deps.database;
  const concerned = await ofVendor(read, actor, id);
  if (!concerned.ok) return concerned;
  const { scope, people } = concerned.value;
  return done(await endingOf(read, scope, concerned.value, people));
}

async function ofVendor(
  stores: Stores,
  actor: Actor,
  id: VendorId,
): Promise<Outcome<Concerned & { readonly scope: UnitScope }>> {
  const keeper = await keeperOf(stores, actor);
  if (!keeper.ok) return keeper;
  const vendor = await stores.vendors.get(id);
  const { scope } = keeper.value;
  if (vendor === undefined || !covers(scope, vendor.unitId)) return refused("not-found");
  if (vendor.state !== "active") return refused("conflict");
  const contracts: Contract[] = [];
  const people: Person[] = [];
  for (const vendorId of (await vendorsBelow(stores, id)).keys()) {
    contracts.push(...(await everyRow(stores.contracts, { vendorId, state: "active" })));
    people.push(...(await peopleOf(stores, { vendorId })));
  }
  if (![...contracts, ...people].every((one) => covers(scope, one.unitId))) return refused("forbidden");
  const personIds = people.map((one) => one.id);
  return done({ scope, people, contracts, personIds, contractIds: contracts.map((one) => one.id) });
}

/** Its people leave, those of its sub-contractors too, and their contracts end. The sub-contractors stay, for another to take up. */
export async function retireVendor(
  deps: RegisterDeps,
  actor: Actor,
  id: VendorId,
  reason: string,
): Promise<Outcome<void>> {
  if (!reasonFits(reason)) return refused("invalid-input", { field: "reason" });
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Hanging>> => {
    await queueOnTop(tx);
    const concerned = await ofVendor(tx, actor, id);
    if (!concerned.ok) return concerned;
    if (!(await tx.vendors.update(id, { state: "retired" }, { state: "active" }))) return refused("conflict");
    await tx.audit.append({
      verb: "vendor.retired",
      actorId: actor.personId,
      object: { kind: "vendor", id },
      sourceAddress: actor.sourceAddress,
      detail: { reason: reason.trim() },
    });
    const { contracts, people } = concerned.value;
    for (const contract of contracts) await writeEnded(deps, tx, actor, contract, "vendor-retired", {});
    for (const person of people) await retirePerson(tx, person, actor, "vendor-retired");
    await closeWaysIn(tx, concerned.value.personIds, deps.clock.now());
    const hanging = await hangingOn(tx, concerned.value);
    return done(await endHanging(deps, tx, actor, hanging, "vendor-retired"));
  });
  if (!outcome.ok) return outcome;
  tellRegister(deps, id);
  tellEnded(deps, outcome.value);
  return done(undefined);
}
