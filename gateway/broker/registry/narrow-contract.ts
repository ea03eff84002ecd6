/** What a contract as it is now no longer covers, by scope or by dates, ends with it. */
import {
  contractCovers,
  type Contract,
  type Entitlement,
  type Grant,
  type RequestItem,
  type Stores,
} from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { endHanging, hangingOn, peopleOf, type Ender, type Hanging } from "./ending.js";

/** Ends what no longer fits and shortens grants that would outlive it. In the caller's transaction. */
export async function endUnfit(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  by: Ender,
  contract: Contract,
): Promise<Hanging> {
  const people = await peopleOf(tx, { contractId: contract.id });
  const hooks = { personIds: people.map((person) => person.id), contractIds: [contract.id] };
  const all = await hangingOn(tx, hooks);
  const now = deps.clock.now();
  const unfit: { -readonly [K in keyof Hanging]: Hanging[K][number][] } = {
    entitlements: [],
    grants: [],
    requests: [],
  };
  for (const one of all.entitlements) if (!(await coversEntitlement(tx, contract, one))) unfit.entitlements.push(one);
  for (const grant of all.grants) if (!coversGrant(contract, grant, now)) unfit.grants.push(grant);
  for (const one of all.requests) {
    const items = await tx.requestItems.find({ requestId: one.id }, { limit: 1000 });
    if (!items.every((item: RequestItem) => contractCovers(contract.scope, item))) unfit.requests.push(one);
  }
  for (const { id, to } of all.grants)
    if (to > contract.toAt)
      await tx.grants.update(id, { to: contract.toAt }, { state: { in: ["scheduled", "active", "suspended"] } });
  return endHanging(deps, tx, by, unfit, "contract-changed");
}

async function coversEntitlement(tx: Stores, contract: Contract, entitlement: Entitlement): Promise<boolean> {
  const account = await tx.accounts.get(entitlement.accountId);
  if (account === undefined) return false;
  const { accountId, actions } = entitlement;
  return contractCovers(contract.scope, { assetId: account.assetId, accountId, actions });
}

/** A grant that has begun does not fit a contract that has not, and none fits that begins when it is over. */
function coversGrant(contract: Contract, grant: Grant, now: number): boolean {
  if (grant.from >= contract.toAt) return false;
  if (now < contract.fromAt && grant.from < contract.fromAt) return false;
  return contractCovers(contract.scope, grant);
}
