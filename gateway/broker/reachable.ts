/** What a person may open now or ask for. Nothing outside his entitlements and grants is ever named to him. */
import {
  grantStateAt,
  requestStateAt,
  type AccountId,
  type Actor,
  type Entitlement,
  type Grant,
  type PersonId,
  type Stores,
} from "../domain/index.js";
import type { Reachable } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { entitlementStands } from "./entitlements.js";
import { usableActions } from "./obligations.js";
import { covers, scopeOf, type UnitScope } from "./scope.js";
import { standing } from "./standing.js";

const MOST = 1000;

/** The accounts an operator may see, of the units he operates for, by asset name and login; empty for anyone else. */
export async function reachable(
  deps: Pick<BrokerDeps, "database" | "clock">,
  actor: Actor,
): Promise<readonly Reachable[]> {
  const { read } = deps.database;
  const person = await standing(read, actor);
  if (person === undefined || !person.roles.includes("operator")) return [];
  const now = deps.clock.now();
  const rows = await read.entitlements.find({ personId: person.personId, endedAt: null }, { limit: MOST });
  const entitled = new Map(rows.filter((row) => entitlementStands(row, now)).map((row) => [row.accountId, row]));
  const granted = await activeGrants(read, person.personId, now);
  const pending = await pendingRequests(read, person.personId, now);
  const scope = await scopeOf(read, person, ["operator"]);
  const seen: Reachable[] = [];
  for (const accountId of new Set([...entitled.keys(), ...granted.keys()])) {
    const one = await describe(
      read,
      scope,
      accountId,
      entitled.get(accountId),
      granted.get(accountId),
      pending.get(accountId) ?? null,
    );
    if (one !== undefined) seen.push(one);
  }
  return seen.sort((a, b) => compare(a.assetName, b.assetName) || compare(a.accountLogin, b.accountLogin));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A person's grants that are active at `now`, for each account the one that lasts longest. */
export async function activeGrants(
  stores: Pick<Stores, "grants">,
  personId: PersonId,
  now: number,
): Promise<ReadonlyMap<AccountId, Grant>> {
  const best = new Map<AccountId, Grant>();
  for (const grant of await stores.grants.find({ personId, state: { in: ["scheduled", "active"] } }, { limit: MOST })) {
    if (grantStateAt(grant, now) !== "active") continue;
    const other = best.get(grant.accountId);
    if (other === undefined || other.to < grant.to) best.set(grant.accountId, grant);
  }
  return best;
}

async function pendingRequests(
  stores: Stores,
  requesterId: PersonId,
  now: number,
): Promise<ReadonlyMap<AccountId, Reachable["pendingRequestId"]>> {
  const pending = new Map<AccountId, Reachable["pendingRequestId"]>();
  for (const request of await stores.requests.find({ requesterId, state: "pending" }, { limit: MOST })) {
    if (requestStateAt(request, now) !== "pending") continue;
    for (const item of await stores.requestItems.find({ requestId: request.id }))
      pending.set(item.accountId, request.id);
  }
  return pending;
}

async function describe(
  stores: Stores,
  scope: UnitScope,
  accountId: AccountId,
  entitlement: Entitlement | undefined,
  grant: Grant | undefined,
  pendingRequestId: Reachable["pendingRequestId"],
): Promise<Reachable | undefined> {
  const account = await stores.accounts.get(accountId);
  const asset = account === undefined ? undefined : await stores.assets.get(account.assetId);
  if (account?.state !== "active" || asset?.state !== "active" || !covers(scope, asset.unitId)) return undefined;
  return {
    accountId,
    accountLogin: account.login,
    assetId: asset.id,
    assetName: asset.name,
    assetDescription: asset.description,
    protocol: asset.protocol,
    actions: entitlement?.actions ?? grant?.actions ?? [],
    grant: grant === undefined ? null : grantSummary(grant),
    pendingRequestId,
  };
}

function grantSummary(grant: Grant): NonNullable<Reachable["grant"]> {
  const { id, from, to, limits } = grant;
  return { id, from, to, actions: usableActions(grant), forwardTo: limits.forwardTo };
}
