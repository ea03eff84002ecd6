/**
 * The second person's yes. Everything is looked at again in the one transaction that does it: who he is, who proposed it,
 * that the content is the one he read, and that what it rests on still stands. Either all of it is done or nothing.
 */
import {
  done,
  refused,
  type Actor,
  type Outcome,
  type Proposal,
  type ProposalId,
  type Stores,
} from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { sha256Hex } from "../hashing.js";
import { standing } from "../standing.js";
import { requireStepUp } from "../step-up.js";
import { orUndone, Undone } from "../undone.js";
import { keepSecret } from "./kept-secrets.js";
import type { Both, Execute, Executed } from "./kind.js";
import { KINDS } from "./kinds.js";
import { hasRead } from "./policy-text.js";
import { tellProposal } from "./propose.js";
import { mayConfirm, proposalView, proposerOf } from "./view.js";

interface Confirmed {
  readonly view: ProposalView;
  readonly proposal: Proposal;
  readonly executed: Executed;
}

export async function confirmProposal(
  deps: BrokerDeps,
  actor: Actor,
  id: ProposalId,
  digest: string,
): Promise<Outcome<{ readonly proposal: ProposalView; readonly secret: string | null }>> {
  const execute = await prepared(deps, actor, id);
  if (!execute.ok) return execute;
  const work = deps.database.write((tx) => confirmIn(deps, tx, { actor, id, digest, execute: execute.value }));
  const outcome = await orUndone(work, refused("stale"));
  if (!outcome.ok) return outcome;
  const { view, proposal, executed } = outcome.value;
  executed.afterwards?.();
  tellProposal(deps, proposal);
  return done({ proposal: view, secret: executed.toConfirmer ?? null });
}

/** How it is done. What lies outside the database is read for those alone who may confirm. */
async function prepared(deps: BrokerDeps, actor: Actor, id: ProposalId): Promise<Outcome<Execute>> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  const proposal = await read.proposals.get(id);
  if (now === undefined || proposal === undefined) return refused("not-found");
  const may = await mayConfirm(read, now, proposal, deps.clock.now());
  if (!may.ok) return may;
  const acts = KINDS[proposal.kind];
  return "prepare" in acts ? acts.prepare(deps, proposal) : done(acts.execute);
}

async function confirmIn(
  deps: BrokerDeps,
  tx: Stores,
  input: { readonly actor: Actor; readonly id: ProposalId; readonly digest: string; readonly execute: Execute },
): Promise<Outcome<Confirmed>> {
  const { actor, id, digest } = input;
  const at = deps.clock.now();
  const now = await standing(tx, actor);
  const proposal = await tx.proposals.get(id);
  if (now === undefined || proposal === undefined) return refused("not-found");
  const may = await mayConfirm(tx, now, proposal, at);
  if (!may.ok) return may;
  const fresh = await requireStepUp(tx, deps.clock, deps.policy, actor);
  if (!fresh.ok) return fresh;
  if (digest !== proposal.digest || sha256Hex(proposal.content) !== digest) return refused("stale");
  if (KINDS[proposal.kind].hasText === true && !(await hasRead(tx, now.personId, proposal)))
    return refused("stale", { field: "text" });
  const proposer = await proposerOf(tx, proposal);
  const confirmer = await tx.people.get(now.personId);
  if (proposer === undefined || confirmer === undefined) return refused("stale");
  const decided = { state: "confirmed", decidedBy: confirmer.id, decidedAt: at } as const;
  if (!(await tx.proposals.update(id, decided, { state: "pending", digest }))) return refused("already-decided");
  const both: Both = { proposer, confirmer, sourceAddress: actor.sourceAddress };
  await appendConfirmed(tx, proposal, both);
  const executed = await input.execute(deps, tx, proposal, both);
  if (!executed.ok) throw new Undone(executed);
  const { toProposer, keptMs } = executed.value;
  if (toProposer !== undefined) await keepSecret(deps, tx, id, toProposer, keptMs);
  const after: Proposal = { ...proposal, ...decided };
  return done({ view: await proposalView(tx, after, now, at), proposal: after, executed: executed.value });
}

function appendConfirmed(tx: Stores, proposal: Proposal, { proposer, confirmer, sourceAddress }: Both): Promise<void> {
  return tx.audit.append({
    verb: "proposal.confirmed",
    actorId: confirmer.id,
    object: { kind: "proposal", id: proposal.id },
    sourceAddress,
    unitId: proposal.unitId,
    detail: {
      kind: proposal.kind,
      subject: proposal.subject,
      digest: proposal.digest,
      reason: proposal.reason,
      proposedBy: proposer.id,
      proposedByLogin: proposer.login,
      confirmedBy: confirmer.id,
      confirmedByLogin: confirmer.login,
    },
  });
}
