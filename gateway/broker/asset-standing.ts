/** What an asset is to its unit: business system, 等保 level, data class, owner, and whether device keys open it. */
import { refused, type PersonId, type Stores, type UnitId } from "../domain/index.js";
import type { AssetStanding } from "./broker.js";
import { isPlainText } from "./request-access.js";
import { covers, subtreeOf, type UnitScope } from "./scope.js";

type Standing = Required<AssetStanding>;

/** What nobody has said yet. */
export const NO_STANDING: Standing = {
  businessSystem: "",
  protectionLevel: null,
  dataClass: "general",
  ownerId: null,
  sensitive: false,
};
const SYSTEM_LONGEST = 120;
/** Levels of GB/T 22240. */
const LEVELS: readonly (number | null)[] = [null, 1, 2, 3, 4, 5];

/** Why what is said cannot be so; undefined when it can. The owner is asked for apart. */
export function standingFault(input: AssetStanding): ReturnType<typeof refused> | undefined {
  const { businessSystem = "", protectionLevel = null } = input;
  if (businessSystem.length > SYSTEM_LONGEST || !isPlainText(businessSystem) || /[\n\t]/.test(businessSystem))
    return refused("invalid-input", { field: "businessSystem" });
  return LEVELS.includes(protectionLevel) ? undefined : refused("invalid-input", { field: "protectionLevel" });
}

/** What is said over what was. */
export function standingOf(was: Standing, input: AssetStanding): Standing {
  return {
    businessSystem: input.businessSystem?.trim() ?? was.businessSystem,
    protectionLevel: input.protectionLevel === undefined ? was.protectionLevel : input.protectionLevel,
    dataClass: input.dataClass ?? was.dataClass,
    ownerId: input.ownerId === undefined ? was.ownerId : input.ownerId,
    sensitive: input.sensitive ?? was.sensitive,
  };
}

/**
 * Whether the person may answer for something of the unit: nobody, or an active person of it, of one below it or of one above it, or of
 * those that who names him covers; never a vendor's.
 */
export async function isOwner(
  stores: Pick<Stores, "people" | "units">,
  unitId: UnitId,
  id: PersonId | null,
  scope?: UnitScope,
): Promise<boolean> {
  if (id === null) return true;
  const person = await stores.people.get(id);
  if (person?.state !== "active" || person.vendorId !== null) return false;
  if (scope !== undefined && covers(scope, person.unitId)) return true;
  const below = await subtreeOf(stores, [unitId]);
  return covers(below, person.unitId) || covers(await subtreeOf(stores, [person.unitId]), unitId);
}
