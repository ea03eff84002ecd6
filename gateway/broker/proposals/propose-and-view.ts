/** Files a proposal in a transaction of its own and answers it as its proposer sees it. */
import { done, refused, type Actor, type Outcome, type Proposal, type Stores } from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { standing } from "../standing.js";
import { propose, tellProposal, type Proposed } from "./propose.js";
import { proposalView } from "./view.js";

/** `about`: what is proposed, from rows of the same transaction. `also`: what is written with a proposal that was made. */
export async function proposeAndView(
  deps: Pick<BrokerDeps, "database" | "clock" | "ids" | "notify">,
  actor: Actor,
  about: (tx: Stores) => Promise<Outcome<Proposed>>,
  also?: (tx: Stores) => Promise<void>,
): Promise<Outcome<ProposalView>> {
  type Filed = { readonly proposal: Proposal; readonly view: ProposalView };
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Filed>> => {
    const input = await about(tx);
    if (!input.ok) return input;
    const proposal = await propose(deps, tx, actor, input.value);
    if (!proposal.ok) return proposal;
    const now = await standing(tx, actor);
    if (now === undefined) return refused("forbidden");
    await also?.(tx);
    return done({ proposal: proposal.value, view: await proposalView(tx, proposal.value, now, deps.clock.now()) });
  });
  if (!outcome.ok) return outcome;
  tellProposal(deps, outcome.value.proposal);
  return done(outcome.value.view);
}
