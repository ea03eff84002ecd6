/** That someone who administrates tried what one person may not, or what nobody may hold, stands in the log; nothing else of it does. */
import type { Actor, ErrorCode, Outcome } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { standing } from "../standing.js";

/** Refusals by the rules about powers, which say more of who tried than of a slip. */
const TOLD: readonly ErrorCode[] = [
  "exclusive-powers",
  "vendor-person",
  "needs-second-person",
  "own-request",
  "last-of-power",
  "approves-later",
];

/** A role that was asked for a unit he does not cover. */
const BEYOND = "elsewhere";

/** The outcome as it is, with an event `power.refused` when it is a refusal by one of these rules. */
export async function noteRefusal<T>(
  deps: Pick<BrokerDeps, "database">,
  actor: Actor,
  object: { readonly kind: "person" | "login" | "proposal"; readonly id: string },
  outcome: Outcome<T>,
): Promise<Outcome<T>> {
  if (outcome.ok || !(TOLD.includes(outcome.code) || outcome.field === BEYOND)) return outcome;
  const decidedBy = outcome.code;
  await deps.database.write(async (tx) => {
    const now = await standing(tx, actor);
    if (now === undefined || (now.power === null && !now.roles.includes("confirmer"))) return;
    const { personId: actorId, sourceAddress } = actor;
    await tx.audit.append({ verb: "power.refused", actorId, object, sourceAddress, decidedBy });
  });
  return outcome;
}
