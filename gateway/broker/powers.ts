/**
 * Writes powers and roles. Administration, security and audit are separate: the row of a power is keyed by the person, so the
 * schema itself holds one a person; an auditor holds no role, a confirmer nothing else. What gives or takes a power,
 * approver or confirmer is two persons' word once the installation has them; both stand in the row and in the event.
 */
import {
  TWO_PERSON_ROLES,
  type Person,
  type PersonId,
  type Power,
  type Role,
  type RoleHolding,
  type Stores,
  type UnitId,
} from "../domain/index.js";

/** Who made the change, and from where; nobody for the gate itself. */
export interface By {
  readonly personId: PersonId | null;
  readonly sourceAddress: string;
  /** The second person. */
  readonly confirmedBy?: PersonId;
  /** The rule that let it happen, where it is none of the usual. */
  readonly decidedBy?: string;
}

/** A role and the unit for whose subtree it is held, or is to be. */
export type RoleAt = Pick<RoleHolding, "role" | "unitId">;

/** What a person holds, or is to hold: the power for his own unit, each role for the unit that stands with it. */
export interface Rights {
  readonly power: Power | null;
  readonly roles: readonly RoleAt[];
}

/** Whether one person may hold both. */
export function isExclusive(power: Power | null, roles: readonly Role[]): boolean {
  if (roles.includes("confirmer") && (power !== null || roles.some((role) => role !== "confirmer"))) return false;
  return power !== "audit" || roles.length === 0;
}

/** Whether these rights are of the kind that only two persons give and take. */
export function needsTwo(power: Power | null, roles: readonly Role[]): boolean {
  return power !== null || roles.some((role) => TWO_PERSON_ROLES.includes(role));
}

/** Whether going from one to the other gives or takes anything of that kind. */
export function changesForTwo(before: Rights, after: Rights): boolean {
  const weighty = ({ roles }: Rights): readonly RoleAt[] => roles.filter((one) => TWO_PERSON_ROLES.includes(one.role));
  return before.power !== after.power || rolesDiffer(weighty(before), weighty(after));
}

/** Whether it gives anything of that kind. */
export function givesForTwo(before: Rights, after: Rights): boolean {
  if (after.power !== null && after.power !== before.power) return true;
  const had = new Set(keysOf(before.roles));
  return after.roles.some((one) => TWO_PERSON_ROLES.includes(one.role) && !had.has(keyOf(one)));
}

/** These roles for this unit. */
export function rolesAt(unitId: UnitId, roles: readonly Role[]): readonly RoleAt[] {
  return roles.map((role) => ({ role, unitId }));
}

/** Each role with its unit once, in an order that is always the same. */
export function keysOf(roles: readonly RoleAt[]): readonly string[] {
  return [...new Set(roles.map(keyOf))].sort();
}

function keyOf({ role, unitId }: RoleAt): string {
  return `${role}:${unitId}`;
}

/** Whether one holds a role for a unit that the other does not. */
export function rolesDiffer(some: readonly RoleAt[], others: readonly RoleAt[]): boolean {
  return keysOf(some).join() !== keysOf(others).join();
}

/** Rejects with `conflict` when the person holds a power. */
export async function grantPower(tx: Stores, person: Person, power: Power, by: By, now: number): Promise<void> {
  await tx.powers.insert({
    id: person.id,
    power,
    unitId: person.unitId,
    grantedBy: by.personId,
    confirmedBy: by.confirmedBy ?? null,
    createdAt: now,
  });
  await append(tx, "power.granted", person, by, power);
}

export async function withdrawPower(tx: Stores, person: Person, power: Power, by: By): Promise<void> {
  if (await tx.powers.remove(person.id)) await append(tx, "power.withdrawn", person, by, power);
}

/** Each role for its unit and what is below it. Rejects with `conflict` when the person holds one there already. */
export async function grantRoles(
  tx: Stores,
  person: Person,
  roles: readonly RoleAt[],
  by: By,
  now: number,
): Promise<void> {
  for (const { role, unitId } of new Map(roles.map((one) => [keyOf(one), one])).values()) {
    await tx.roles.insert({
      id: `${person.id}:${role}:${unitId}`,
      personId: person.id,
      role,
      unitId,
      grantedBy: by.personId,
      confirmedBy: TWO_PERSON_ROLES.includes(role) ? (by.confirmedBy ?? null) : null,
      createdAt: now,
    });
    await append(tx, "role.granted", person, by, role, unitId);
  }
}

export async function withdrawRoles(tx: Stores, person: Person, held: readonly RoleHolding[], by: By): Promise<void> {
  for (const { id, role, unitId } of held)
    if (await tx.roles.remove(id)) await append(tx, "role.withdrawn", person, by, role, unitId);
}

/** From all that the person holds to all that he is to hold. What goes, goes first: at no moment do rows stand that exclude each other. */
export async function writeRights(
  tx: Stores,
  person: Person,
  change: { readonly held: readonly RoleHolding[]; readonly before: Power | null; readonly after: Rights },
  by: By,
  now: number,
): Promise<void> {
  const { held, before, after } = change;
  if (before !== null && before !== after.power) await withdrawPower(tx, person, before, by);
  const stays = new Set(keysOf(after.roles));
  const gone = held.filter((row) => !stays.has(keyOf(row)));
  await withdrawRoles(tx, person, gone, by);
  if (after.power !== null && before !== after.power) await grantPower(tx, person, after.power, by, now);
  const had = new Set(keysOf(held));
  const come = after.roles.filter((one) => !had.has(keyOf(one)));
  await grantRoles(tx, person, come, by, now);
}

/** The event lies where the right counts: whoever audits that unit reads who came to hold it. */
async function append(
  tx: Stores,
  verb: "power.granted" | "power.withdrawn" | "role.granted" | "role.withdrawn",
  person: Person,
  by: By,
  what: Power | Role,
  unitId = person.unitId,
): Promise<void> {
  const kind = verb.startsWith("power") ? "power" : "role";
  const both = by.confirmedBy === undefined ? {} : { proposedBy: by.personId, confirmedBy: by.confirmedBy };
  await tx.audit.append({
    verb,
    actorId: by.personId,
    object: { kind: "person", id: person.id },
    sourceAddress: by.sourceAddress,
    unitId,
    ...(by.decidedBy === undefined ? {} : { decidedBy: by.decidedBy }),
    detail: { [kind]: what, unitId, ...both },
  });
}
