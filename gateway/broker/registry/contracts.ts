/** Entering and changing contracts. Narrowing one ends at once what no longer fits; widening one revives nothing. */
import {
  asId,
  done,
  refused,
  type Actor,
  type Contract,
  type ContractId,
  type Outcome,
  type Stores,
} from "../../domain/index.js";
import { isPlainName, nameKey } from "../../text/index.js";
import type { ContractView, NewContract, RegistryUseCases } from "../broker.js";
import { isPlainText } from "../request-access.js";
import { covers } from "../scope.js";
import { daysOf, ownerFault, plainScope, scopeFault } from "./contract-rules.js";
import { contractView } from "./contract-views.js";
import { tellEnded, type Hanging } from "./ending.js";
import { endUnfit } from "./narrow-contract.js";
import { keeperOf, tellRegister, type Keeper, type RegisterDeps } from "./register-deps.js";
import { holdUnit, queueOnTop } from "./unit-tree.js";
import { vendorsUp } from "./vendor-chain.js";

export type ContractChange = Parameters<RegistryUseCases["changeContract"]>[2];

const TITLE_LONGEST = 200;

export async function createContract(
  deps: RegisterDeps,
  actor: Actor,
  input: NewContract,
): Promise<Outcome<ContractView>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<ContractView>> => {
    await queueOnTop(tx);
    const keeper = await keeperOf(tx, actor);
    if (!keeper.ok) return keeper;
    const created = await createContractIn(deps, tx, keeper.value, input);
    return created.ok ? done(await contractView(tx, created.value, deps.clock.now())) : created;
  });
  if (outcome.ok) tellRegister(deps, outcome.value.id);
  return outcome;
}

/**
 * `name-taken` on `number`, also for one that looks like it; `invalid-input` on the field at fault. In the caller's transaction,
 * which stands in the queue (`queueOnTop`).
 */
export async function createContractIn(
  deps: Pick<RegisterDeps, "clock" | "ids" | "calendar">,
  tx: Stores,
  { person, scope: units }: Keeper,
  input: NewContract,
): Promise<Outcome<Contract>> {
  const { unitId, vendorId, number, ownerId } = input;
  const now = deps.clock.now();
  if (!isPlainName(number)) return refused("invalid-input", { field: "number" });
  if (!isTitle(input.title)) return refused("invalid-input", { field: "title" });
  const numberKey = nameKey(number);
  if ((await tx.contracts.count({ numberKey })) > 0) return refused("name-taken", { field: "number" });
  if (!covers(units, unitId) || !(await holdUnit(tx, unitId))) return refused("invalid-input", { field: "unitId" });
  const chain = await vendorsUp(tx, vendorId);
  const [vendor] = chain;
  if (vendor === undefined || !covers(units, vendor.unitId) || chain.some((one) => one.state !== "active"))
    return refused("invalid-input", { field: "vendorId" });
  const days = daysOf(deps.calendar, input, now);
  if (!days.ok) return days;
  const scope = plainScope(input.scope);
  const fault = (await scopeFault(tx, unitId, scope, null)) ?? (await ownerFault(tx, unitId, ownerId));
  if (fault !== undefined) return fault;
  const contract: Contract = {
    ...NOTHING_YET,
    id: asId<ContractId>(deps.ids.next()),
    unitId,
    vendorId,
    number,
    numberKey,
    title: input.title.trim(),
    scope,
    ...days.value,
    ownerId,
    createdAt: now,
    createdBy: person.personId,
  };
  await tx.contracts.insert(contract);
  await append(tx, "contract.created", person, contract);
  return done(contract);
}

const NOTHING_YET = {
  dutiesName: null,
  dutiesSha256: null,
  dutiesBytes: null,
  dutiesAcceptedAt: null,
  state: "active",
  endedAt: null,
  endedBy: null,
  endReason: null,
} as const;

function isTitle(title: string): boolean {
  return title.trim() !== "" && title.length <= TITLE_LONGEST && isPlainText(title) && !/[\n\t]/.test(title);
}

export async function changeContract(
  deps: RegisterDeps,
  actor: Actor,
  id: ContractId,
  input: ContractChange,
): Promise<Outcome<ContractView>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Changed & { readonly view: ContractView }>> => {
    const keeper = await keeperOf(tx, actor);
    if (!keeper.ok) return keeper;
    const changed = await changeContractIn(deps, tx, keeper.value, id, input);
    if (!changed.ok) return changed;
    return done({ ...changed.value, view: await contractView(tx, changed.value.contract, deps.clock.now()) });
  });
  if (!outcome.ok) return outcome;
  tellRegister(deps, id);
  tellEnded(deps, outcome.value.ended);
  return done(outcome.value.view);
}

export interface Changed {
  readonly contract: Contract;
  /** What no longer fits and was ended; tell it after commit. */
  readonly ended: Hanging;
}

/** `conflict` for one that is over, by hand or by its dates: nothing begins again. In the caller's transaction. */
export async function changeContractIn(
  deps: Pick<RegisterDeps, "clock" | "calendar">,
  tx: Stores,
  { person, scope: units }: Keeper,
  id: ContractId,
  input: ContractChange,
): Promise<Outcome<Changed>> {
  const now = deps.clock.now();
  // Writing the row first makes those who change, end or sign under it wait for one another.
  await tx.contracts.update(id, { state: "active" }, { state: "active" });
  const contract = await tx.contracts.get(id);
  if (contract === undefined || !covers(units, contract.unitId)) return refused("not-found");
  if (contract.state !== "active" || now >= contract.toAt) return refused("conflict");
  const { title = contract.title, fromDate = contract.fromDate, toDate = contract.toDate } = input;
  if (!isTitle(title)) return refused("invalid-input", { field: "title" });
  const moved = fromDate !== contract.fromDate || toDate !== contract.toDate;
  const days = moved ? daysOf(deps.calendar, { fromDate, toDate }, now) : done(contract);
  if (!days.ok) return days;
  const scope = input.scope === undefined ? contract.scope : plainScope(input.scope);
  const { ownerId = contract.ownerId } = input;
  const fault =
    (input.scope === undefined ? undefined : await scopeFault(tx, contract.unitId, scope, contract.scope)) ??
    (ownerId === contract.ownerId ? undefined : await ownerFault(tx, contract.unitId, ownerId));
  if (fault !== undefined) return fault;
  const { zone, fromAt, toAt } = days.value;
  const patch = { title: title.trim(), scope, fromDate, toDate, zone, fromAt, toAt, ownerId };
  if (!(await tx.contracts.update(id, patch, { state: "active" }))) return refused("stale");
  const next = { ...contract, ...patch };
  await append(tx, "contract.changed", person, next);
  return done({ contract: next, ended: await endUnfit(deps, tx, person, next) });
}

async function append(
  tx: Stores,
  verb: "contract.created" | "contract.changed",
  by: Actor,
  contract: Contract,
): Promise<void> {
  const { id, number, title, vendorId, fromDate, toDate, zone, ownerId, scope } = contract;
  await tx.audit.append({
    verb,
    actorId: by.personId,
    object: { kind: "contract", id },
    sourceAddress: by.sourceAddress,
    detail: { number, title, vendorId, fromDate, toDate, zone, ownerId, ...scope },
  });
}
