/**
 * What a person is at this moment, from rows. Every use case of this room that shows or changes something asks here
 * first; the actor it was called with is only a claim about who, never about what he may do.
 */
import type { Actor, PersonId, Power, Role, Stores, VendorId } from "../domain/index.js";
import type { PolicyPerson } from "../policy/index.js";
import { vendorIdsUp } from "./registry/vendor-chain.js";

type PeopleStores = Pick<Stores, "people" | "powers" | "roles" | "vendors">;
type StandingStores = PeopleStores & Pick<Stores, "webSessions" | "deviceKeys" | "passkeys">;

/** An actor as his rows say, with the vendors that he belongs to, from his own up to the outermost. */
export interface Standing extends Actor {
  readonly vendorIds: readonly VendorId[];
}

/** The actor as his rows say now; undefined when he may not act any more (disabled, not enrolled, older epoch, signed out, password overdue). */
export async function standing(stores: StandingStores, actor: Actor): Promise<Standing | undefined> {
  const person = await stores.people.get(actor.personId);
  if (person === undefined || person.state !== "active" || person.credentialEpoch !== actor.credentialEpoch)
    return undefined;
  const proves = person.totpEnrolledAt !== null && (person.passwordHash !== null || person.passwordAt !== "here");
  if (!proves && person.passwordAt !== "oidc") return undefined;
  if (actor.mustChangePassword === true) return undefined;
  if (actor.webSessionId !== undefined && (await stores.webSessions.get(actor.webSessionId))?.endedAt !== null)
    return undefined;
  if (actor.deviceKeyId !== undefined && (await stores.deviceKeys.get(actor.deviceKeyId))?.retiredAt !== null)
    return undefined;
  if (actor.passkeyId !== undefined && (await stores.passkeys.get(actor.passkeyId))?.retiredAt !== null)
    return undefined;
  const { power, roles } = await holdings(stores, person.id);
  return {
    ...actor,
    login: person.login,
    displayName: person.displayName,
    unitId: person.unitId,
    vendorId: person.vendorId,
    vendorIds: await vendorIdsUp(stores, person.vendorId),
    power,
    roles,
  };
}

/** The power and roles a person holds. */
export async function holdings(
  stores: Pick<Stores, "powers" | "roles">,
  id: PersonId,
): Promise<{ readonly power: Power | null; readonly roles: readonly Role[] }> {
  const power = await stores.powers.get(id);
  const roles = await stores.roles.find({ personId: id }, { limit: 1000 });
  return { power: power?.power ?? null, roles: [...new Set(roles.map((row) => row.role))] };
}

/** An actor as policy sees him. Vendors are compared by id. */
export function policyActor(actor: Standing): PolicyPerson {
  return {
    id: actor.personId,
    unitId: actor.unitId,
    vendorChain: actor.vendorIds,
    roles: actor.roles,
    power: actor.power,
  };
}

/** A person as policy sees him; undefined when there is none. */
export async function policyPerson(stores: PeopleStores, id: PersonId): Promise<PolicyPerson | undefined> {
  const person = await stores.people.get(id);
  if (person === undefined) return undefined;
  const held = await holdings(stores, id);
  return { id, unitId: person.unitId, vendorChain: await vendorIdsUp(stores, person.vendorId), ...held };
}
