/** `approvals.yaml`: how many must say yes, how long a grant may last, what it asks of those around it. The first rule that fits decides. */
import { ACTIONS, type Action, type Obligation } from "../domain/index.js";
import type { ApprovalRule, Policy } from "./contract.js";
import { duration, integer, listOf, oneOf, optional, record, text, truth, wrong } from "./shape.js";

interface When {
  /** Holds when any of these is asked for; empty: whatever is asked for. */
  readonly actions: readonly Action[];
  readonly units: readonly string[];
  readonly vendor: boolean | undefined;
}
interface Rule {
  readonly id: string;
  readonly when: When | undefined;
  readonly approvals: number;
  readonly longest: number;
  readonly obligations: readonly Obligation[];
}

/** Those that this gate keeps; one that it could not keep is not written into a grant. */
export const KEPT_OBLIGATIONS = ["no-download", "watermark"] as const satisfies readonly Obligation[];

const when = record<When>({
  actions: optional(listOf(oneOf(ACTIONS)), []),
  units: optional(listOf(text), []),
  vendor: optional<boolean | undefined>(truth, undefined),
});
const file = record<{ readonly version: 1; readonly rules: readonly Rule[] }>({
  version: oneOf([1] as const),
  rules: listOf(
    record<Rule>({
      id: text,
      when: optional<When | undefined>(when, undefined),
      approvals: integer(1, 5),
      longest: duration,
      obligations: optional<readonly Obligation[]>(listOf(oneOf<Obligation>(KEPT_OBLIGATIONS)), []),
    }),
  ),
});

/** Throws unless every rule is well formed, ids differ, and exactly the last one has no `when`. */
export function compileApprovals(parsed: unknown): Policy["approvalRule"] {
  const { rules } = file(parsed, "approvals.yaml");
  if (new Set(rules.map((rule) => rule.id)).size !== rules.length)
    throw wrong("approvals.yaml", "two rules have one id");
  if (rules.findIndex((rule) => rule.when === undefined) !== rules.length - 1) {
    throw wrong("approvals.yaml", "the last rule, and only that, has no when");
  }
  return (query) => {
    const rule = rules.find((each) => fits(each.when, query)) as Rule;
    const { id, approvals, longest, obligations } = rule;
    return { id, approvals, longestMs: longest, obligations: [...new Set(obligations)] } satisfies ApprovalRule;
  };
}

function fits(rule: When | undefined, query: Parameters<Policy["approvalRule"]>[0]): boolean {
  if (rule === undefined) return true;
  if (rule.actions.length > 0 && !rule.actions.some((action) => query.actions.includes(action))) return false;
  if (rule.units.length > 0 && !rule.units.includes(query.unitId)) return false;
  return rule.vendor === undefined || rule.vendor === query.vendor;
}
