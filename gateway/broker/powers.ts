/**
 * Writes powers and roles. Administration, security and audit are separate: the row of a power is keyed by the person, so the
 * schema itself holds one a person; an auditor holds no role.
 */
import type { Person, PersonId, Power, Role, RoleHolding, Stores } from "../domain/index.js";

/** Who made the change, and from where; nobody for the gate itself. */
export interface By {
  readonly personId: PersonId | null;
  readonly sourceAddress: string;
}

/** Whether one person may hold both. */
export function isExclusive(power: Power | null, roles: readonly Role[]): boolean {
  return power !== "audit" || roles.length === 0;
}

/** Rejects with `conflict` when the person holds a power. */
export async function grantPower(tx: Stores, person: Person, power: Power, by: By, now: number): Promise<void> {
  await tx.powers.insert({ id: person.id, power, grantedBy: by.personId, createdAt: now });
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
    const id = `${person.id}:${role}:${person.unitId}`;
    await tx.roles.insert({
      id,
      personId: person.id,
      role,
      unitId: person.unitId,
      grantedBy: by.personId,
      createdAt: now,
    });
    await append(tx, "role.granted", person, by, role);
  }
}

export async function withdrawRoles(tx: Stores, person: Person, held: readonly RoleHolding[], by: By): Promise<void> {
  for (const { id, role } of held) if (await tx.roles.remove(id)) await append(tx, "role.withdrawn", person, by, role);
}

async function append(
  tx: Stores,
  verb: "power.granted" | "power.withdrawn" | "role.granted" | "role.withdrawn",
  person: Person,
  by: By,
  what: Power | Role,
): Promise<void> {
  const kind = verb.startsWith("power") ? "power" : "role";
  await tx.audit.append({
    verb,
    actorId: by.personId,
    object: { kind: "person", id: person.id },
    sourceAddress: by.sourceAddress,
    detail: { [kind]: what },
  });
}
