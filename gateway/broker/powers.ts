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

/** What a person holds for his own unit, or is to hold. */
export interface Rights {
  readonly power: Power | null;
  readonly roles: readonly Role[];
}

/** Whether one person may hold both. */
export function isExclusive(power: Power | null, roles: readonly Role[]): boolean {
  if (roles.includes("confirmer") && (power !== null || roles.some((role) => role !== "confirmer"))) return false;
  return power !== "audit" || roles.length === 0;
}

/** Whether these rights are of the kind that only two persons give and take. */
export function needsTwo({ power, roles }: Rights): boolean {
  return power !== null || roles.some((role) => TWO_PERSON_ROLES.includes(role));
}

/** Whether going from one to the other gives or takes anything of that kind. */
export function changesForTwo(before: Rights, after: Rights): boolean {
  return (
    before.power !== after.power ||
    TWO_PERSON_ROLES.some((role) => before.roles.includes(role) !== after.roles.includes(role))
  );
}

/** The roles held for the person's own unit. */
export function ownRoles(person: Pick<Person, "unitId">, held: readonly RoleHolding[]): readonly Role[] {
  return held.filter((row) => row.unitId === person.unitId).map((row) => row.role);
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

/** Roles are held for the person's own unit and what is below it. */
export async function grantRoles(
  tx: Stores,
  person: Person,
  roles: readonly Role[],
  by: By,
  now: number,
): Promise<void> {
  for (const role of new Set(roles)) {
    await tx.roles.insert({
      id: `${person.id}:${role}:${person.unitId}`,
      personId: person.id,
      role,
      unitId: person.unitId,
      grantedBy: by.personId,
      confirmedBy: TWO_PERSON_ROLES.includes(role) ? (by.confirmedBy ?? null) : null,
      createdAt: now,
    });
    await append(tx, "role.granted", person, by, role);
  }
}

export async function withdrawRoles(tx: Stores, person: Person, held: readonly RoleHolding[], by: By): Promise<void> {
  for (const { id, role } of held) if (await tx.roles.remove(id)) await append(tx, "role.withdrawn", person, by, role);
}

/** From what the person holds for his unit to what he is to hold. What goes, goes first: at no moment do rows stand that exclude each other. */
export async function writeRights(
  tx: Stores,
  person: Person,
  change: { readonly held: readonly RoleHolding[]; readonly before: Power | null; readonly after: Rights },
  by: By,
  now: number,
): Promise<void> {
  const { before, after } = change;
  const held = change.held.filter((row) => row.unitId === person.unitId);
  if (before !== null && before !== after.power) await withdrawPower(tx, person, before, by);
  const gone = held.filter((row) => !after.roles.includes(row.role));
  await withdrawRoles(tx, person, gone, by);
  if (after.power !== null && before !== after.power) await grantPower(tx, person, after.power, by, now);
  const had = new Set(held.map((row) => row.role));
  const come = after.roles.filter((role) => !had.has(role));
  await grantRoles(tx, person, come, by, now);
}

async function append(
  tx: Stores,
  verb: "power.granted" | "power.withdrawn" | "role.granted" | "role.withdrawn",
  person: Person,
  by: By,
  what: Power | Role,
): Promise<void> {
  const kind = verb.startsWith("power") ? "power" : "role";
  const both = by.confirmedBy === undefined ? {} : { proposedBy: by.personId, confirmedBy: by.confirmedBy };
  await tx.audit.append({
    verb,
    actorId: by.personId,
    object: { kind: "person", id: person.id },
    sourceAddress: by.sourceAddress,
    ...(by.decidedBy === undefined ? {} : { decidedBy: by.decidedBy }),
    detail: { [kind]: what, unitId: person.unitId, ...both },
  });
}
