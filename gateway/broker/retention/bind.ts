/** Binds retention and legal holds to what they stand on. */
import type { ProposalUseCases } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { proposeRelease } from "../proposals/hold-release.js";
import { proposeRetention } from "../proposals/retention-change.js";
import { listHolds, placeHold } from "./holds.js";
import { showRetention } from "./show-retention.js";

type Own = "retention" | "proposeRetention" | "holds" | "placeHold" | "proposeRelease";

export function bindRetention(deps: BrokerDeps): Pick<ProposalUseCases, Own> {
  return {
    retention: (actor) => showRetention(deps, actor),
    proposeRetention: (actor, input) => proposeRetention(deps, actor, input),
    holds: (actor, page) => listHolds(deps, actor, page),
    placeHold: (actor, input) => placeHold(deps, actor, input),
    proposeRelease: (actor, id, reason) => proposeRelease(deps, actor, id, reason),
  };
}
