/**
 * Whether a name looks like somebody's of the same vendor, or of the same unit among its own people. Remembers what it read, so
 * that a file of thousands is checked in one reading; good within one transaction that writes no other names.
 */
import type { Person, PersonId, Stores } from "../../domain/index.js";
import { nameKey } from "../../text/index.js";
import { everyRow } from "../batches.js";

type Named = Pick<Person, "id" | "displayName" | "unitId" | "vendorId">;

export class PeopleNames {
  readonly #groups = new Map<string, Map<string, Set<PersonId>>>();

  async isTaken(stores: Pick<Stores, "people">, person: Named): Promise<boolean> {
    const alike = (await this.#groupOf(stores, person)).get(nameKey(person.displayName));
    return alike !== undefined && [...alike].some((id) => id !== person.id);
  }

  /** He is called so from now on. */
  async add(stores: Pick<Stores, "people">, person: Named): Promise<void> {
    note(await this.#groupOf(stores, person), person);
  }

  async #groupOf(stores: Pick<Stores, "people">, person: Named): Promise<Map<string, Set<PersonId>>> {
    const group = person.vendorId === null ? `unit:${person.unitId}` : `vendor:${person.vendorId}`;
    const known = this.#groups.get(group) ?? (await readGroup(stores, person));
    this.#groups.set(group, known);
    return known;
  }
}

async function readGroup(
  stores: Pick<Stores, "people">,
  { unitId, vendorId }: Named,
): Promise<Map<string, Set<PersonId>>> {
  const names = new Map<string, Set<PersonId>>();
  const among = vendorId === null ? { unitId, vendorId: null } : { vendorId };
  for (const row of await everyRow(stores.people, { ...among, state: { not: "retired" } })) note(names, row);
  return names;
}

function note(names: Map<string, Set<PersonId>>, { id, displayName }: Named): void {
  const key = nameKey(displayName);
  const alike = names.get(key);
  if (alike === undefined) names.set(key, new Set([id]));
  else alike.add(id);
}
