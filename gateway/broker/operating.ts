/**
 * Whether a person may operate at all, and there: the role held for the unit of the asset, everything he hangs on standing,
 * and his contract covering what is asked. Asked when access is given, asked for, decided and opened.
 */
import type { Action, AccountId, AssetId, ErrorCode, Person, Stores, UnitId } from "../domain/index.js";
import { bondsFault, bondsOf, coverFault, type Bonds } from "./registry/bonds.js";
import { covers, scopeOf } from "./scope.js";

export interface Operated {
  readonly unitId: UnitId;
  readonly assetId: AssetId;
  readonly accountId: AccountId;
  readonly actions: readonly Action[];
}

/** `outside-entitlement` where the role is not held for the unit, `not-under-contract`, `outside-contract`; else his bonds. */
export async function judgeOperating(
  stores: Stores,
  person: Pick<Person, "id" | "unitId" | "vendorId" | "contractId" | "sponsorId">,
  asked: readonly Operated[],
  now: number,
): Promise<{ readonly fault?: ErrorCode; readonly bonds: Bonds }> {
  const bonds = await bondsOf(stores, person);
  const scope = await scopeOf(stores, { personId: person.id }, ["operator"]);
  if (!asked.every((one) => covers(scope, one.unitId))) return { fault: "outside-entitlement", bonds };
  const unbound = bondsFault(bonds, now);
  if (unbound !== undefined) return { fault: unbound, bonds };
  const uncovered = asked.map((one) => coverFault(bonds, one)).find((fault) => fault !== undefined);
  return uncovered === undefined ? { bonds } : { fault: uncovered, bonds };
}
