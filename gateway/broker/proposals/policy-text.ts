/**
 * What a proposed policy says: every changed file whole, as it was and as it would be, for those who may see the proposal. Nothing is cut
 * and nothing is compared here: a bundle's bound bounds the answer, and the work of setting two texts side by side is the reader's.
 */
import {
  done,
  refused,
  type Actor,
  type AuditEvent,
  type Outcome,
  type PersonId,
  type Proposal,
  type ProposalId,
  type Stores,
} from "../../domain/index.js";
import { changedSettings } from "../../policy/index.js";
import type { ProposalText } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { standing } from "../standing.js";
import { changedFiles, keptBundle } from "./kept-bundles.js";
import { maySee } from "./view.js";

/** `not-found` to who may not see the proposal, and for a kind without a text. Each reading is an event. */
export async function readProposalText(
  deps: Pick<BrokerDeps, "database">,
  actor: Actor,
  id: ProposalId,
): Promise<Outcome<ProposalText>> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  const proposal = await read.proposals.get(id);
  if (now === undefined || proposal === undefined || !(await maySee(read, now, proposal))) return refused("not-found");
  if (proposal.kind !== "policy.change") return refused("not-found");
  const { from, to } = JSON.parse(proposal.content) as { readonly from: string; readonly to: string };
  const [before, after] = [await keptBundle(read, from), await keptBundle(read, to)];
  if (before === undefined || after === undefined) return refused("not-found");
  await noteReading(deps, now, proposal);
  return done({
    digest: proposal.digest,
    from,
    to,
    settings: changedSettings(before, after),
    files: changedFiles(before, after).map((name) => ({
      name,
      before: before.get(name) ?? null,
      after: after.get(name) ?? null,
    })),
  });
}

/** Whether this person fetched the text of exactly this proposal: the log has his reading. */
export async function hasRead(stores: Pick<Stores, "audit">, reader: PersonId, proposal: Proposal): Promise<boolean> {
  const where = { verb: "proposal.read", actorId: reader, objectId: proposal.id } as const;
  const [row] = await stores.audit.find(where, { limit: 1 });
  return row !== undefined && (JSON.parse(row.leaf) as AuditEvent).detail["digest"] === proposal.digest;
}

function noteReading(deps: Pick<BrokerDeps, "database">, reader: Actor, proposal: Proposal): Promise<void> {
  return deps.database.write((tx) =>
    tx.audit.append({
      verb: "proposal.read",
      actorId: reader.personId,
      object: { kind: "proposal", id: proposal.id },
      sourceAddress: reader.sourceAddress,
      unitId: proposal.unitId,
      detail: { kind: proposal.kind, subject: proposal.subject, digest: proposal.digest },
    }),
  );
}
