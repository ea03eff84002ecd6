/** A person who leaves: the row stays, retired, and opens nothing any more; what he holds ends with it (see `ending.ts`). */
import type { Person, Stores } from "../../domain/index.js";
import type { Ender } from "./ending.js";

/**
 * Retires the row with its event; false when somebody changed it meanwhile. The epoch rises, so that every page session,
 * device key and connection made before is dead. In the caller's transaction.
 */
export async function retirePerson(tx: Stores, person: Person, by: Ender, reason: string): Promise<boolean> {
  const patch = {
    state: "retired",
    credentialEpoch: person.credentialEpoch + 1,
    enrolmentHash: null,
    enrolmentExpiresAt: null,
  } as const;
  const expected = { state: person.state, credentialEpoch: person.credentialEpoch };
  if (!(await tx.people.update(person.id, patch, expected))) return false;
  await tx.audit.append({
    verb: "person.left",
    actorId: by.personId,
    object: { kind: "person", id: person.id },
    sourceAddress: by.sourceAddress,
    detail: { reason },
  });
  return true;
}
