/** What the proposer fetches after the confirmation: once, while it is kept, with a fresh second factor. */
import { done, refused, type Actor, type Outcome, type ProposalId } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { standing } from "../standing.js";
import { requireStepUp } from "../step-up.js";
import { openSecret, takeSecret } from "./kept-secrets.js";
import { proposerOf } from "./view.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "vault" | "policy">;

/** `not-found` to anyone else and to who could no longer propose it, afterwards, and for a kind that keeps nothing of this sort. */
export async function collectSecret(
  deps: Deps,
  actor: Actor,
  id: ProposalId,
): Promise<Outcome<{ readonly secret: string }>> {
  const taken = await deps.database.write(async (tx): Promise<Outcome<string>> => {
    const now = await standing(tx, actor);
    const proposal = await tx.proposals.get(id);
    if (proposal?.proposedBy !== now?.personId || proposal?.state !== "confirmed") return refused("not-found");
    if (proposal.kind === "vault.export") return refused("not-found");
    if ((await proposerOf(tx, proposal)) === undefined) return refused("not-found");
    const fresh = await requireStepUp(tx, deps.clock, deps.policy, actor);
    if (!fresh.ok) return fresh;
    const sealed = await takeSecret(deps, tx, id);
    return sealed === undefined ? refused("not-found") : done(sealed);
  });
  return taken.ok ? done({ secret: await openSecret(deps, id, taken.value) }) : taken;
}
