/** A legal hold ends: from then on retention may take the session's recording. An act of two auditors. */
import { done, refused, type Actor, type Outcome } from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { covers, scopeOf } from "../scope.js";
import { standing } from "../standing.js";
import type { ProposalActs } from "./kind.js";
import { proposeAndView } from "./propose-and-view.js";
import type { Proposed } from "./propose.js";

type Content = { readonly holdId: string; readonly sessionId: string };

/** `not-found` outside the auditor's units, `conflict` when it was released. */
export function proposeRelease(
  deps: Pick<BrokerDeps, "database" | "clock" | "ids" | "notify">,
  actor: Actor,
  id: string,
  reason: string,
): Promise<Outcome<ProposalView>> {
  return proposeAndView(deps, actor, async (tx): Promise<Outcome<Proposed>> => {
    const now = await standing(tx, actor);
    if (now?.power !== "audit") return refused("forbidden");
    const hold = await tx.legalHolds.get(id);
    if (hold === undefined || !covers(await scopeOf(tx, now, ["audit"]), hold.unitId)) return refused("not-found");
    if (hold.releasedAt !== null) return refused("conflict");
    const content: Content = { holdId: hold.id, sessionId: hold.sessionId };
    return done({ kind: "hold.release", subject: `hold:${hold.id}`, unitId: hold.unitId, content, reason });
  });
}

export const holdRelease: ProposalActs = {
  async lines(stores, text) {
    const { holdId, sessionId } = JSON.parse(text) as Content;
    const hold = await stores.legalHolds.get(holdId);
    return [{ label: "session", before: hold?.reason ?? null, after: sessionId }];
  },

  async execute(deps, tx, proposal, both) {
    const { holdId, sessionId } = JSON.parse(proposal.content) as Content;
    const patch = {
      releasedBy: both.proposer.id,
      releaseConfirmedBy: both.confirmer.id,
      releasedAt: deps.clock.now(),
    };
    if (!(await tx.legalHolds.update(holdId, patch, { sessionId, releasedAt: null }))) return refused("stale");
    await tx.audit.append({
      verb: "hold.released",
      actorId: both.proposer.id,
      object: { kind: "hold", id: holdId },
      sourceAddress: both.sourceAddress,
      unitId: proposal.unitId,
      detail: { sessionId, proposedBy: both.proposer.id, confirmedBy: both.confirmer.id },
    });
    return done({});
  },
};
