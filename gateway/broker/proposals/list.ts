/** Shows proposals to those whose act they are and to confirmers, within their units. */
import {
  done,
  PROPOSAL_KINDS,
  PROPOSAL_POWER,
  refused,
  type Actor,
  type Outcome,
  type Proposal,
  type ProposalId,
  type ProposalState,
  type Where,
} from "../../domain/index.js";
import type { Listing, Page, ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { mapListing, pageOf } from "../pages.js";
import { scopeOf, withinUnits } from "../scope.js";
import { standing } from "../standing.js";
import { maySee, proposalView } from "./view.js";

type Deps = Pick<BrokerDeps, "database" | "clock">;

export async function listProposals(
  deps: Deps,
  actor: Actor,
  page: Page & { readonly state?: ProposalState },
): Promise<Outcome<Listing<ProposalView>>> {
  const { read } = deps.database;
  const at = deps.clock.now();
  const now = await standing(read, actor);
  if (now === undefined) return refused("forbidden");
  const confirms = now.roles.includes("confirmer");
  if (now.power === null && !confirms) return refused("forbidden");
  const kinds = PROPOSAL_KINDS.filter((kind) => confirms || PROPOSAL_POWER[kind] === now.power);
  const scope = await scopeOf(read, now, now.power === null ? ["confirmer"] : [now.power, "confirmer"]);
  const where: Where<Proposal> = { kind: { in: kinds }, ...withinUnits(scope), ...inState(page.state, at) };
  const listing = await pageOf(read.proposals, where, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(await mapListing(listing, (proposal) => proposalView(read, proposal, now, at)));
}

/** A pending one whose week is over counts as what it is; its row follows within a minute. */
function inState(state: ProposalState | undefined, now: number): Where<Proposal> {
  if (state === undefined) return {};
  return state === "pending" ? { state, lapsesAt: { gt: now } } : { state };
}

export async function getProposal(deps: Deps, actor: Actor, id: ProposalId): Promise<Outcome<ProposalView>> {
  const { read } = deps.database;
  const now = await standing(read, actor);
  const proposal = await read.proposals.get(id);
  if (now === undefined || proposal === undefined || !(await maySee(read, now, proposal))) return refused("not-found");
  return done(await proposalView(read, proposal, now, deps.clock.now()));
}
