/**
 * What each kind of person sees at the left and where each begins. Showing less here is comfort alone: the gate refuses
 * whatever a person may not do.
 */
import type { Me } from "./api/types.js";

export type PageName =
  | "access"
  | "ask"
  | "decisions"
  | "live"
  | "sessions"
  | "search"
  | "audit"
  | "openings"
  | "people"
  | "assets"
  | "proposals"
  | "register"
  | "evidence"
  | "alerts";

type Holder = Pick<Me, "power" | "roles">;
type Mark = "operator" | "approver" | "confirmer" | "system" | "security" | "audit";

const PAGES: readonly (readonly [page: PageName, whose: readonly Mark[]])[] = [
  ["access", ["operator"]],
  ["ask", ["operator"]],
  ["decisions", ["approver"]],
  ["people", ["security"]],
  ["register", ["security"]],
  ["assets", ["system"]],
  ["live", ["approver", "security", "audit"]],
  ["sessions", ["approver", "audit"]],
  ["search", ["audit"]],
  ["audit", ["audit"]],
  ["openings", ["audit"]],
  ["proposals", ["confirmer", "system", "security", "audit"]],
  ["evidence", ["audit"]],
  ["alerts", ["system", "security", "audit"]],
];

function marks(holder: Holder): ReadonlySet<string> {
  return new Set<string>([...holder.roles, ...(holder.power === null ? [] : [holder.power])]);
}

/** The entries at the left, in their order; never more than eight for any combination that the rules allow. */
export function pagesFor(holder: Holder): readonly PageName[] {
  const held = marks(holder);
  return PAGES.filter(([page, whose]) => {
    // Who holds a power has a longer list already, and asks from "my access".
    if (page === "ask" && holder.power !== null) return false;
    return whose.some((mark) => held.has(mark));
  }).map(([page]) => page);
}

/** Whether the search at the top and the count of alerts are of any use to this person. */
export function maySearch(holder: Holder): boolean {
  return pagesFor(holder).includes("search");
}
export function seesAlerts(holder: Holder): boolean {
  return pagesFor(holder).includes("alerts");
}

/** Where a person begins: operators at their access, approvers at the queue, auditors at sessions, the others at their own tables. */
export function homeOf(holder: Holder): PageName | "me" {
  const begin: readonly (readonly [Mark, PageName])[] = [
    ["operator", "access"],
    ["approver", "decisions"],
    ["audit", "sessions"],
    ["security", "people"],
    ["system", "assets"],
    ["confirmer", "proposals"],
  ];
  const held = marks(holder);
  return begin.find(([mark]) => held.has(mark))?.[1] ?? "me";
}
