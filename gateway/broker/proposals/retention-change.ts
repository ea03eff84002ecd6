/** How long recordings are kept becomes another: an act of two auditors of the top unit. */
import { done, refused, type Actor, type Outcome, type Stores } from "../../domain/index.js";
import type { ProposalUseCases, ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { topUnit } from "../registry/unit-tree.js";
import { isRetention, RETENTION_SETTING, retentionDays } from "../retention/terms.js";
import { scopeOf } from "../scope.js";
import { standing } from "../standing.js";
import type { ProposalActs } from "./kind.js";
import { proposeAndView } from "./propose-and-view.js";
import type { Proposed } from "./propose.js";

type Content = { readonly from: number; readonly to: number };

/** `invalid-input` below the least days, `conflict` when it is so already, `forbidden` to who does not audit the whole installation. */
export function proposeRetention(
  deps: Pick<BrokerDeps, "database" | "clock" | "ids" | "notify">,
  actor: Actor,
  input: Parameters<ProposalUseCases["proposeRetention"]>[1],
): Promise<Outcome<ProposalView>> {
  return proposeAndView(deps, actor, async (tx): Promise<Outcome<Proposed>> => {
    const now = await standing(tx, actor);
    if (now?.power !== "audit" || !(await scopeOf(tx, now, ["audit"])).all) return refused("forbidden");
    if (!isRetention(input.days)) return refused("invalid-input", { field: "days" });
    const content: Content = { from: await retentionDays(tx), to: input.days };
    if (content.from === content.to) return refused("conflict", { field: "days" });
    const top = await topUnit(tx);
    if (top === undefined) return refused("forbidden");
    const { reason } = input;
    return done({ kind: "retention.change", subject: "retention:recordings", unitId: top.id, content, reason });
  });
}

export const retentionChange: ProposalActs = {
  lines(_stores, text) {
    const { from, to } = JSON.parse(text) as Content;
    return Promise.resolve([{ label: "days", before: String(from), after: String(to) }]);
  },

  async execute(_deps, tx, proposal, both) {
    const { from, to } = JSON.parse(proposal.content) as Content;
    if (!isRetention(to)) return refused("invalid-input", { field: "days" });
    if ((await retentionDays(tx)) !== from) return refused("stale", { field: "days" });
    await write(tx, String(to));
    await tx.audit.append({
      verb: "retention.changed",
      actorId: both.proposer.id,
      object: { kind: "retention", id: "recordings" },
      sourceAddress: both.sourceAddress,
      unitId: null,
      detail: { from, to, proposedBy: both.proposer.id, confirmedBy: both.confirmer.id },
    });
    return done({});
  },
};

async function write(tx: Stores, value: string): Promise<void> {
  if (!(await tx.settings.update(RETENTION_SETTING, { value })))
    await tx.settings.insert({ id: RETENTION_SETTING, value });
}
