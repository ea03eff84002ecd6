/**
 * Moves rows whose time has come: grants begin and expire, requests lapse. The rows follow the clock here; every decision
 * elsewhere asks the clock itself and does not wait for this.
 */
import type { Clock, Database, Grant, AccessRequest } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import { grantNotice, requestNotice } from "./notices.js";

type Deps = { readonly database: Database; readonly clock: Clock } & Pick<BrokerDeps, "notify">;

const BATCH = 200;

/** One pass; compare-and-set, so that several nodes may do it at once and each event is written once. */
export async function moveStates(deps: Deps): Promise<void> {
  const now = deps.clock.now();
  const { read } = deps.database;
  const options = { limit: BATCH };
  const begun = await read.grants.find({ state: "scheduled", from: { lte: now }, to: { gt: now } }, options);
  const over = await read.grants.find(
    { state: { in: ["scheduled", "active", "suspended"] }, to: { lte: now } },
    options,
  );
  const lapsed = await read.requests.find({ state: "pending", lapsesAt: { lte: now } }, options);
  if (begun.length + over.length + lapsed.length === 0) return;
  await deps.database.write(async (tx) => {
    for (const grant of begun) {
      if (!(await tx.grants.update(grant.id, { state: "active" }, { state: "scheduled" }))) continue;
      const detail = { personId: grant.personId, accountId: grant.accountId, from: grant.from, to: grant.to };
      const object = { kind: "grant", id: grant.id };
      await tx.audit.append({ verb: "grant.activated", actorId: null, object, sourceAddress: null, detail });
    }
    for (const grant of over) {
      const patch = { state: "expired", endedAt: now, endReason: "expired" } as const;
      if (!(await tx.grants.update(grant.id, patch, { state: grant.state }))) continue;
      const detail = { personId: grant.personId, accountId: grant.accountId, to: grant.to };
      await tx.audit.append({
        verb: "grant.expired",
        actorId: null,
        object: { kind: "grant", id: grant.id },
        sourceAddress: null,
        detail,
      });
    }
    for (const request of lapsed) {
      if (!(await tx.requests.update(request.id, { state: "lapsed", decidedAt: now }, { state: "pending" }))) continue;
      const object = { kind: "request", id: request.id };
      await tx.audit.append({ verb: "request.lapsed", actorId: null, object, sourceAddress: null });
    }
  });
  tell(deps, [...begun, ...over], lapsed);
}

function tell(deps: Deps, grants: readonly Grant[], requests: readonly AccessRequest[]): void {
  for (const grant of grants) deps.notify(grantNotice(grant.id, grant.personId));
  for (const request of requests) deps.notify(requestNotice(request.id, request.requesterId));
}
