/**
 * Which people a SCIM token reaches: those it made and those a security administrator linked to it, as long as they are here.
 * Everybody else does not exist for it. A group's members are the same people.
 */
import type { ExternalIdentity, Person, PersonId, ScimGroup, ScimToken, Stores } from "../../../domain/index.js";
import { everyRow } from "../../batches.js";
import type { ScimUser } from "../../broker.js";
import { rowsById } from "../../registry/rows-by-id.js";

export const MOST_GROUPS = 1000;

export interface Reached {
  readonly person: Person;
  readonly link: ExternalIdentity;
}

/** A subject of SCIM links made without an `externalId`: our own id, marked so that no directory's text can be it. */
export function ownSubject(id: PersonId): string {
  return `gatehouse:${id}`;
}

export async function reachPerson(stores: Stores, token: ScimToken, id: PersonId): Promise<Reached | undefined> {
  const where = { personId: id, kind: "scim", source: token.id, retiredAt: null } as const;
  const [link] = await stores.externalIdentities.find(where, { limit: 1 });
  const person = link === undefined ? undefined : await stores.people.get(id);
  return link === undefined || person === undefined || person.state === "retired" ? undefined : { person, link };
}

/** Everybody the token reaches, by when they were linked. */
export async function reachAll(stores: Stores, token: ScimToken): Promise<readonly Reached[]> {
  const links = await everyRow(stores.externalIdentities, { kind: "scim", source: token.id, retiredAt: null });
  const people = await rowsById(
    stores.people,
    links.map((link) => link.personId),
  );
  return links.flatMap((link) => {
    const person = people.get(link.personId);
    return person === undefined || person.state === "retired" ? [] : [{ person, link }];
  });
}

export async function groupsOf(stores: Stores, token: ScimToken): Promise<readonly ScimGroup[]> {
  return stores.scimGroups.find({ tokenId: token.id }, { orderBy: "id", limit: MOST_GROUPS });
}

/** A person as the token's client reads him. `groups`: all of the token's. */
export function userOf({ person, link }: Reached, groups: readonly ScimGroup[]): ScimUser {
  return {
    id: person.id,
    externalId: link.subject === ownSubject(person.id) ? null : link.subject,
    userName: person.login,
    displayName: person.displayName,
    active: person.state === "active",
    email: person.email,
    groups: groups
      .filter((group) => group.memberIds.includes(person.id))
      .map((group) => ({ value: group.id, display: group.displayName })),
    createdAt: person.createdAt,
  };
}
