/** The roles of a person, unit by unit, as they are shown and as a form changes them; which may stand beside which is the gate's rule. */
import { ROLES } from "../../gateway/http/contract/constants.js";
import type { ChangePersonBody, PersonView, Power, Role } from "../api/types.js";

export type UnitRoles = NonNullable<ChangePersonBody["elsewhere"]>[number];
type Held = Pick<PersonView, "unitId" | "holdings">;

const isRole = (what: Power | Role): what is Role => (ROLES as readonly string[]).includes(what);

/** Of his own unit. */
export function ownRoles(person: Held): Role[] {
  const own = person.holdings.filter((one) => one.unitId === person.unitId);
  return ROLES.filter((role) => own.some((one) => one.what === role));
}

/** Of other units, as far as the reader's reach. */
export function rolesElsewhere(person: Held): UnitRoles[] {
  const others = person.holdings.filter((one) => one.unitId !== person.unitId && isRole(one.what));
  return [...new Set(others.map((one) => one.unitId))].map((unitId) => ({
    unitId,
    roles: ROLES.filter((role) => others.some((one) => one.unitId === unitId && one.what === role)),
  }));
}

/** Of which units what he holds is to be another, and what; a unit that is no longer named loses all. */
export function changedElsewhere(before: readonly UnitRoles[], after: readonly UnitRoles[]): UnitRoles[] {
  const rolesAt = (all: readonly UnitRoles[], unitId: string): Role[] =>
    ROLES.filter((role) => all.some((one) => one.unitId === unitId && one.roles.includes(role)));
  return [...new Set([...before, ...after].map((one) => one.unitId))]
    .map((unitId) => ({ unitId, roles: rolesAt(after, unitId) }))
    .filter(({ unitId, roles }) => roles.join() !== rolesAt(before, unitId).join());
}

/** Whether a role may be ticked beside a power and what is ticked already, for whichever unit. */
export function mayHold(
  role: Role,
  beside: { readonly power: Power | null; readonly roles: readonly Role[]; readonly isOutside: boolean },
): boolean {
  const { power, roles, isOutside } = beside;
  if (isOutside) return role === "operator";
  if (power === "audit") return false;
  if (role === "confirmer") return power === null && roles.every((one) => one === "confirmer");
  return !roles.includes("confirmer");
}

/** What two persons must agree on: the power, and each role of that kind with its unit. Two that differ need a reason. */
export function weightOf(power: Power | null, own: readonly Role[], elsewhere: readonly UnitRoles[]): string {
  const all = [{ unitId: "", roles: own }, ...elsewhere];
  const weighty = all.flatMap(({ unitId, roles }) =>
    roles.filter((role) => role !== "operator").map((role) => `${role}:${unitId}`),
  );
  return JSON.stringify([power, weighty.sort()]);
}
