/** A no to a proposal: from a second person with a reason, or from the proposer who takes it back. */
import {
  done,
  proposalStateAt,
  refused,
  type Actor,
  type AuditVerb,
  type Outcome,
  type Proposal,
  type ProposalId,
  type Stores,
} from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { reasonFits } from "../request-access.js";
import { standing } from "../standing.js";
import { tellProposal } from "./propose.js";
import { maySee, proposalView } from "./view.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "notify">;
type Judge = (now: Actor, proposal: Proposal, stores: Stores) => Promise<Outcome<void>> | Outcome<void>;

/** By anyone who might confirm it, also the person it is about; a no needs no second factor. */
export function rejectProposal(
  deps: Deps,
  actor: Actor,
  id: ProposalId,
  reason: string,
): Promise<Outcome<ProposalView>> {
  if (!reasonFits(reason)) return Promise.resolve(refused("invalid-input", { field: "reason" }));
  const judge: Judge = async (now, proposal, stores) => {
    if (!(await maySee(stores, now, proposal))) return refused("not-found");
    return proposal.proposedBy === now.personId ? refused("needs-second-person") : done(undefined);
  };
  return decide(deps, actor, { id, judge, verb: "proposal.rejected", state: "rejected", reason: reason.trim() });
}

/** By its proposer alone, also after he lost the power. */
export function withdrawProposal(deps: Deps, actor: Actor, id: ProposalId): Promise<Outcome<ProposalView>> {
  const judge: Judge = (now, proposal) =>
    proposal.proposedBy === now.personId ? done(undefined) : refused("not-found");
  return decide(deps, actor, { id, judge, verb: "proposal.withdrawn", state: "withdrawn", reason: null });
}

async function decide(
  deps: Deps,
  actor: Actor,
  input: {
    readonly id: ProposalId;
    readonly judge: Judge;
    readonly verb: AuditVerb;
    readonly state: "rejected" | "withdrawn";
    readonly reason: string | null;
  },
): Promise<Outcome<ProposalView>> {
  const { id, state, reason } = input;
  const outcome = await deps.database.write(
    async (tx): Promise<Outcome<{ readonly proposal: Proposal; readonly view: ProposalView }>> => {
      const at = deps.clock.now();
      const now = await standing(tx, actor);
      const before = await tx.proposals.get(id);
      if (now === undefined || before === undefined) return refused("not-found");
      const may = await input.judge(now, before, tx);
      if (!may.ok) return may;
      if (proposalStateAt(before, at) !== "pending") return refused("already-decided");
      const decided = { state, decidedBy: now.personId, decidedAt: at };
      if (!(await tx.proposals.update(id, decided, { state: "pending" }))) return refused("already-decided");
      await tx.audit.append({
        verb: input.verb,
        actorId: now.personId,
        object: { kind: "proposal", id },
        sourceAddress: actor.sourceAddress,
        unitId: before.unitId,
        detail: {
          kind: before.kind,
          subject: before.subject,
          digest: before.digest,
          ...(reason === null ? {} : { reason }),
        },
      });
      const proposal = { ...before, ...decided };
      return done({ proposal, view: await proposalView(tx, proposal, now, at) });
    },
  );
  if (!outcome.ok) return outcome;
  tellProposal(deps, outcome.value.proposal);
  return done(outcome.value.view);
}
