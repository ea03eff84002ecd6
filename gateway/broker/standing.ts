/**
 * What a person is at this moment, from rows. Every use case of this room that shows or changes something asks here
 * first; the actor it was called with is only a claim about who, never about what he may do.
 */
import type { Actor, Person, PersonId, Power, Role, Stores } from "../domain/index.js";
import type { PolicyPerson } from "../policy/index.js";

type PeopleStores = Pick<Stores, "people" | "powers" | "roles">;
type StandingStores = PeopleStores & Pick<Stores, "webSessions">;

/** The actor as his rows say now; undefined when he may not act any more (disabled, not enrolled, older epoch, signed out). */
export async function standing(stores: StandingStores, actor: Actor): Promise<Actor | undefined> {
  const person = await stores.people.get(actor.personId);
  if (person === undefined || person.state !== "active" || person.credentialEpoch !== actor.credentialEpoch)
    return undefined;
  if (person.passwordHash === null || person.totpEnrolledAt === null) return undefined;
  if (actor.webSessionId !== undefined && (await stores.webSessions.get(actor.webSessionId))?.endedAt !== null)
    return undefined;
  const { power, roles } = await holdings(stores, person.id);
  return {
    ...actor,
    login: person.login,
    displayName: person.displayName,
    unitId: person.unitId,
    vendorId: person.vendorId,
    power,
    roles,
  };
}

/** The power and roles a person holds. */
export async function holdings(
  stores: PeopleStores,
  id: PersonId,
): Promise<{ readonly power: Power | null; readonly roles: readonly Role[] }> {
  const power = await stores.powers.get(id);
  const roles = await stores.roles.find({ personId: id });
  return { power: power?.power ?? null, roles: [...new Set(roles.map((row) => row.role))] };
}

/** Vendors from the person's own up to the outermost. Only the first link exists until vendors have rows. */
export function vendorChain(person: Pick<Person, "vendorId">): readonly string[] {
  return person.vendorId === null ? [] : [person.vendorId];
}

/** An actor as policy sees him. */
export function policyActor(actor: Actor): PolicyPerson {
  return {
    id: actor.personId,
    unitId: actor.unitId,
    vendorChain: vendorChain(actor),
    roles: actor.roles,
    power: actor.power,
  };
}

/** A person as policy sees him; undefined when there is none. */
export async function policyPerson(stores: PeopleStores, id: PersonId): Promise<PolicyPerson | undefined> {
  const person = await stores.people.get(id);
  if (person === undefined) return undefined;
  const held = await holdings(stores, id);
  return { id, unitId: person.unitId, vendorChain: vendorChain(person), ...held };
}
