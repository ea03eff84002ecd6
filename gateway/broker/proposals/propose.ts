/**
 * Puts a critical act before a second person. Other use cases call this in their own transaction; nothing of what is
 * proposed is done here. One proposal of a kind and subject is open at a time.
 */
import {
  asId,
  canonicalText,
  done,
  PROPOSAL_POWER,
  proposalStateAt,
  refused,
  type Actor,
  type Canonical,
  type Outcome,
  type PersonId,
  type Proposal,
  type ProposalId,
  type ProposalKind,
  type Stores,
  type UnitId,
} from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { sha256Hex } from "../hashing.js";
import { notice } from "../notices.js";
import { reasonFits } from "../request-access.js";
import { covers, scopeOf } from "../scope.js";
import { standing } from "../standing.js";
import { lapse } from "./lapse.js";

export const PROPOSAL_TTL_MS = 7 * 86_400_000;
/** Open proposals of one person: more than the others can read. */
const OPEN_MOST = 100;

export interface Proposed {
  readonly kind: ProposalKind;
  /** `noun:id` */
  readonly subject: string;
  readonly unitId: UnitId;
  readonly content: Canonical;
  readonly reason: string;
}

/**
 * `forbidden` to who holds not the kind's power and about oneself, `not-found` outside the scope, `approves-later` within a day of
 * a reset, `conflict` (field `proposal`) while one of this kind and subject is open, `too-many-tries` with a hundred open ones.
 */
export async function propose(
  deps: Pick<BrokerDeps, "clock" | "ids">,
  tx: Stores,
  actor: Actor,
  input: Proposed,
): Promise<Outcome<Proposal>> {
  if (!reasonFits(input.reason)) return refused("invalid-input", { field: "reason" });
  const now = await standing(tx, actor);
  const power = PROPOSAL_POWER[input.kind];
  if (now?.power !== power || input.subject === `person:${now.personId}`) return refused("forbidden");
  if (!covers(await scopeOf(tx, now, [power]), input.unitId)) return refused("not-found");
  const at = deps.clock.now();
  // Whose factors were just reset may be who was shown the link: he would be both of the two.
  if (at < ((await tx.people.get(now.personId))?.approvesFrom ?? 0)) return refused("approves-later");
  const [open] = await tx.proposals.find({ kind: input.kind, subject: input.subject, state: "pending" });
  if (open !== undefined && proposalStateAt(open, at) === "pending") return refused("conflict", { field: "proposal" });
  if (open !== undefined) await lapse(tx, open, at);
  if ((await tx.proposals.count({ proposedBy: now.personId, state: "pending" })) >= OPEN_MOST)
    return refused("too-many-tries", { field: "proposal" });
  const proposal = rowOf(input, asId(deps.ids.next()), now.personId, at);
  await tx.proposals.insert(proposal);
  await tx.audit.append({
    verb: "proposal.proposed",
    actorId: now.personId,
    object: { kind: "proposal", id: proposal.id },
    sourceAddress: actor.sourceAddress,
    unitId: proposal.unitId,
    detail: {
      kind: proposal.kind,
      subject: proposal.subject,
      digest: proposal.digest,
      content: proposal.content,
      reason: proposal.reason,
    },
  });
  return done(proposal);
}

function rowOf(input: Proposed, id: ProposalId, proposedBy: PersonId, at: number): Proposal {
  const content = canonicalText(input.content);
  return {
    id,
    unitId: input.unitId,
    kind: input.kind,
    subject: input.subject,
    content,
    digest: sha256Hex(content),
    reason: input.reason.trim(),
    proposedBy,
    proposedAt: at,
    lapsesAt: at + PROPOSAL_TTL_MS,
    state: "pending",
    decidedBy: null,
    decidedAt: null,
  };
}

/** A proposal came or was decided: its proposer, who may confirm it, and the power whose act it is. After commit. */
export function tellProposal(deps: Pick<BrokerDeps, "notify">, proposal: Proposal): void {
  deps.notify(notice("proposals", proposal.id, [proposal.proposedBy], ["confirmer"], [PROPOSAL_POWER[proposal.kind]]));
}
