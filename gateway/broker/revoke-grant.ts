/** Taking a grant away before its time. Its sessions end at once on this node and within two seconds on any other. */
import { done, grantStateAt, refused, type Actor, type Grant, type GrantId, type Outcome } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import { endGrant } from "./change-asset.js";
import { grantNotice } from "./notices.js";
import { reasonFits } from "./request-access.js";
import { covers, scopeOf } from "./scope.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "notify">;

/** Approvers and security for its unit, and its holder himself. `grant-ended` when it is over; `not-found` to who may not see it. */
export async function revokeGrant(deps: Deps, actor: Actor, id: GrantId, reason: string): Promise<Outcome<void>> {
  if (!reasonFits(reason)) return refused("invalid-input", { field: "reason" });
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Grant>> => {
    const person = await standing(tx, actor);
    const grant = await tx.grants.get(id);
    if (person === undefined || grant === undefined) return refused("not-found");
    const own = grant.personId === person.personId;
    if (!own && !covers(await scopeOf(tx, person, ["approver", "security"]), grant.unitId)) return refused("not-found");
    if (grantStateAt(grant, deps.clock.now()) === "expired") return refused("grant-ended");
    return (await endGrant(deps, tx, person, grant, "revoked", reason.trim())) ? done(grant) : refused("grant-ended");
  });
  if (!outcome.ok) return outcome;
  deps.notify(grantNotice(id, outcome.value.personId));
  return done(undefined);
}
