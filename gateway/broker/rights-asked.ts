/**
 * What a change asks for, set against all that a person holds: his own unit's roles, and unit by unit those for others. Only
 * units that the actor covers and that stand may be named; what is not named stays as it is.
 */
import { done, refused, type Outcome, type Power, type Role, type Stores, type UnitId } from "../domain/index.js";
import { rolesAt, type RoleAt, type Rights } from "./powers.js";
import type { Holding } from "./proposals/person-rights.js";
import { holdUnit } from "./registry/unit-tree.js";
import { covers, type UnitScope } from "./scope.js";

export interface RightsAsked {
  readonly power?: Power | null;
  /** All he is to hold for his own unit. */
  readonly roles?: readonly Role[];
  /** All he is to hold for each of these others. */
  readonly elsewhere?: readonly { readonly unitId: UnitId; readonly roles: readonly Role[] }[];
}

/**
 * All he is to hold then. `not-found` for a unit that is not there, does not stand or lies outside the scope, `invalid-input`
 * for one that is named twice or is his own; field `elsewhere`. In the caller's transaction: a unit that gets a role stays until then.
 */
export async function rightsAsked(
  tx: Pick<Stores, "units">,
  scope: UnitScope,
  { person, power, roles }: Holding,
  asked: RightsAsked,
): Promise<Outcome<Rights>> {
  const elsewhere = asked.elsewhere ?? [];
  const units = elsewhere.map((one) => one.unitId);
  if (new Set([person.unitId, ...units]).size <= units.length) return refused("invalid-input", { field: "elsewhere" });
  for (const one of elsewhere) {
    const stands = covers(scope, one.unitId) && (one.roles.length === 0 || (await holdUnit(tx, one.unitId)));
    if (!stands) return refused("not-found", { field: "elsewhere" });
  }
  const own = asked.roles === undefined ? [] : [{ unitId: person.unitId, roles: asked.roles }];
  const named = [...own, ...elsewhere];
  const stays = roles.filter((row) => !named.some((one) => one.unitId === row.unitId));
  return done({
    power: asked.power === undefined ? power : asked.power,
    roles: [...stays, ...named.flatMap((one) => rolesAt(one.unitId, one.roles))],
  });
}

/** Whether a role is held outside the scope: who may not give it may not come to it through its holder's factors either. */
export function holdsBeyond(scope: UnitScope, roles: readonly RoleAt[]): boolean {
  return roles.some((row) => !covers(scope, row.unitId));
}
