/** What time does to proposals: nobody confirmed them within a week; nobody fetched what was kept within an hour. */
import type { Proposal, Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { sweepKept } from "./kept-secrets.js";

const BATCH = 100;

/** Lapses one that is over, by compare-and-set. */
export async function lapse(tx: Stores, proposal: Proposal, now: number): Promise<void> {
  if (!(await tx.proposals.update(proposal.id, { state: "lapsed", decidedAt: now }, { state: "pending" }))) return;
  await tx.audit.append({
    verb: "proposal.lapsed",
    actorId: null,
    object: { kind: "proposal", id: proposal.id },
    sourceAddress: null,
    unitId: proposal.unitId,
    detail: { kind: proposal.kind, subject: proposal.subject, proposedBy: proposal.proposedBy },
  });
}

/** One pass of the round; several nodes may do it at once. */
export async function lapseProposals(deps: Pick<BrokerDeps, "database" | "clock">): Promise<void> {
  const now = deps.clock.now();
  await sweepKept(deps);
  const { read } = deps.database;
  const over = await read.proposals.find({ state: "pending", lapsesAt: { lte: now } }, { limit: BATCH });
  if (over.length === 0) return;
  await deps.database.write(async (tx) => {
    for (const proposal of over) await lapse(tx, proposal, now);
  });
}
