/** What somebody proposed does not outlive his factors. */
import type { Proposal, Stores } from "../../domain/index.js";

/** Takes back what a person proposed and nobody confirmed yet: his factors may have been a thief's. */
export async function withdrawOpenOf(tx: Stores, personId: Proposal["proposedBy"], now: number): Promise<void> {
  for (const proposal of await tx.proposals.find({ proposedBy: personId, state: "pending" }, { limit: 1000 })) {
    const decided = { state: "withdrawn", decidedAt: now } as const;
    if (!(await tx.proposals.update(proposal.id, decided, { state: "pending" }))) continue;
    await tx.audit.append({
      verb: "proposal.withdrawn",
      actorId: null,
      object: { kind: "proposal", id: proposal.id },
      sourceAddress: null,
      unitId: proposal.unitId,
      decidedBy: "proposer-reset",
      detail: { kind: proposal.kind, subject: proposal.subject, digest: proposal.digest },
    });
  }
}
