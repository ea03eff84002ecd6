/**
 * What ends with a contract, or with people: their entitlements, grants, pending requests, and by the grants their live
 * sessions. One way to find it serves the page that shows it beforehand and the transaction that does it.
 */
import {
  RUNNING_STATES,
  type AccessRequest,
  type AuditEntry,
  type ContractId,
  type Entitlement,
  type Grant,
  type Person,
  type PersonId,
  type Session,
  type Store,
  type Stores,
  type UnitId,
  type Where,
} from "../../domain/index.js";
import { batches, everyRow } from "../batches.js";
import type { Ending } from "../broker.js";
import { endGrant } from "../change-asset.js";
import type { BrokerDeps } from "../deps.js";
import { grantNotice, requestNotice } from "../notices.js";
import { covers, type UnitScope } from "../scope.js";
import { nameRows } from "./named-people.js";

/** Who ends something, and from where; nobody for the gate's own clock. */
export interface Ender {
  readonly personId: PersonId | null;
  readonly sourceAddress: string | null;
}

/** What other things hang on. */
export interface Hooks {
  readonly personIds: readonly PersonId[];
  readonly contractIds: readonly ContractId[];
}

export interface Hanging {
  readonly entitlements: readonly Entitlement[];
  readonly grants: readonly Grant[];
  readonly requests: readonly AccessRequest[];
}

/** Everything that still runs and hangs on any of the hooks. */
export async function hangingOn(stores: Stores, hooks: Hooks): Promise<Hanging> {
  const held = await Promise.all([
    collect(stores.entitlements, { endedAt: null }, keyed(hooks, "personId")),
    collect(stores.grants, { state: { in: ["scheduled", "active", "suspended"] } }, keyed(hooks, "personId")),
    collect(stores.requests, { state: "pending" }, keyed(hooks, "requesterId")),
  ]);
  const [entitlements, grants, requests] = held;
  return { entitlements, grants, requests };
}

/** Ends it all, with an event each, in this order: entitlements, grants, requests. In the caller's transaction. */
export async function endHanging(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  by: Ender,
  { entitlements, grants, requests }: Hanging,
  reason: string,
): Promise<Hanging> {
  const now = deps.clock.now();
  const ended = { entitlements: [] as Entitlement[], grants: [] as Grant[], requests: [] as AccessRequest[] };
  const event = { actorId: by.personId, sourceAddress: by.sourceAddress, decidedBy: reason } as const;
  const told: AuditEntry[] = [];
  const quiet = { grants: tx.grants, audit: { append: (entry: AuditEntry) => Promise.resolve(void told.push(entry)) } };
  for (const row of entitlements) {
    if (!(await tx.entitlements.update(row.id, { endedAt: now }, { endedAt: null }))) continue;
    const detail = { personId: row.personId, accountId: row.accountId };
    const object = { kind: "entitlement", id: row.id };
    told.push({ ...event, verb: "entitlement.ended", object, detail, unitId: row.unitId });
    ended.entitlements.push(row);
  }
  for (const grant of grants) if (await endGrant(deps, quiet, by, grant, "revoked", reason)) ended.grants.push(grant);
  for (const request of requests) {
    if (!(await tx.requests.update(request.id, { state: "withdrawn", decidedAt: now }, { state: "pending" }))) continue;
    const object = { kind: "request", id: request.id };
    told.push({ ...event, verb: "request.withdrawn", object, unitId: request.unitId });
    ended.requests.push(request);
  }
  // At once, since a contract may have thousands under it.
  await tx.audit.appendAll(told);
  return ended;
}

/** Tells whom it concerns, after commit; live sessions look at their rows at once. */
export function tellEnded(deps: Pick<BrokerDeps, "notify">, { grants, requests }: Hanging): void {
  for (const grant of grants) deps.notify(grantNotice(grant.id, grant.personId));
  for (const request of requests) deps.notify(requestNotice(request.id, request.requesterId));
}

/**
 * What ending the hooks would end, for people to read: what lies in the reader's units, since of others he knows nothing.
 * `people` are those it is about.
 */
export async function endingOf(
  stores: Stores,
  scope: UnitScope,
  hooks: Hooks,
  people: readonly Person[],
): Promise<Ending> {
  const isHere = ({ unitId }: { readonly unitId: UnitId }): boolean => covers(scope, unitId);
  const hanging = await hangingOn(stores, hooks);
  const running = { state: { in: RUNNING_STATES } } as const;
  const byGrant = batches(hanging.grants.map((grant) => grant.id)).map((ids) => ({ grantId: { in: ids } }));
  const byPerson = batches(hooks.personIds).map((ids) => ({ personId: { in: ids } }));
  const sessions = await collect<Session>(stores.sessions, running, [...byGrant, ...byPerson]);
  return {
    people: [...(await nameRows(stores, people.filter(isHere), scope)).values()],
    entitlements: hanging.entitlements.filter(isHere).length,
    grants: hanging.grants.filter(isHere).length,
    requests: hanging.requests.filter(isHere).length,
    sessions: sessions.filter(isHere).map(({ id, snapshot, startedAt }) => ({
      id,
      login: snapshot.login,
      displayName: snapshot.displayName,
      vendorChain: snapshot.vendorChain,
      contractNumber: snapshot.contract,
      account: snapshot.accountLogin,
      asset: snapshot.assetName,
      startedAt,
    })),
    sponsored: [],
    blockedBy: null,
  };
}

/** The people who are here under any of the contracts, or of any of the vendors; those who left are not. */
export async function peopleOf(
  stores: Pick<Stores, "people">,
  of: Pick<Where<Person>, "contractId" | "vendorId" | "sponsorId">,
): Promise<readonly Person[]> {
  return collect(stores.people, { state: { in: ["active", "disabled"] } }, [of]);
}

function keyed<K extends string>(
  hooks: Hooks,
  person: K,
): readonly Record<string, { readonly in: readonly string[] }>[] {
  return [
    ...batches(hooks.personIds).map((ids) => ({ [person]: { in: ids } })),
    ...batches(hooks.contractIds).map((ids) => ({ contractId: { in: ids } })),
  ];
}

/** Each row once that fits `where` and any of `either`. */
async function collect<Row extends { readonly id: string }>(
  store: Pick<Store<Row>, "find">,
  where: Where<Row>,
  either: readonly object[],
): Promise<readonly Row[]> {
  const rows = new Map<string, Row>();
  for (const one of either) for (const row of await everyRow(store, { ...where, ...one })) rows.set(row.id, row);
  return [...rows.values()];
}
