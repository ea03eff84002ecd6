/** Binds the use cases of critical acts. Only names and arguments; no rule lives here. */
import type { ProposalUseCases } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { createThrottle } from "../throttle.js";
import { breakGlass, refuseBreakGlass } from "./break-glass.js";
import { listSeals, proposeSeal } from "./break-glass-seal.js";
import { collectSecret } from "./collect.js";
import { confirmProposal } from "./confirm.js";
import { getProposal, listProposals } from "./list.js";
import { noteRefusal } from "./note-refusal.js";
import { policyState, proposePolicy } from "./policy-change.js";
import { readProposalText } from "./policy-text.js";
import { rejectProposal, withdrawProposal } from "./reject.js";
import { collectVaultExport, proposeVaultExport } from "./vault-export.js";

/** Retention and legal holds are bound beside them, in their own folder. */
type Beside = "retention" | "proposeRetention" | "holds" | "placeHold" | "proposeRelease";

export function bindProposals(given: BrokerDeps): Omit<ProposalUseCases, Beside> {
  const deps = { ...given, throttle: createThrottle(given.clock) };
  return {
    list: (actor, page) => listProposals(deps, actor, page),
    get: (actor, id) => getProposal(deps, actor, id),
    text: (actor, id) => readProposalText(deps, actor, id),
    confirm: async (actor, id, digest) =>
      noteRefusal(deps, actor, { kind: "proposal", id }, await confirmProposal(deps, actor, id, digest)),
    reject: (actor, id, reason) => rejectProposal(deps, actor, id, reason),
    withdraw: (actor, id) => withdrawProposal(deps, actor, id),
    collect: (actor, id) => collectSecret(deps, actor, id),
    proposeSeal: (actor, input) => proposeSeal(deps, actor, input),
    seals: (actor) => listSeals(deps, actor),
    breakGlass: (input) => breakGlass(deps, input),
    refuseBreakGlass: (actor, power) => refuseBreakGlass(deps, actor, power),
    policy: (actor) => policyState(deps, actor),
    proposePolicy: (actor, input) => proposePolicy(deps, actor, input),
    proposeVaultExport: (actor, input) => proposeVaultExport(deps, actor, input),
    collectVaultExport: (actor, id, passphrase) => collectVaultExport(deps, actor, id, passphrase),
  };
}
