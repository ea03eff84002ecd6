/** A person who leaves: the row stays, retired, and opens nothing any more; what he holds ends with it (see `ending.ts`). */
import type { Person, Stores } from "../../domain/index.js";
import type { Ender } from "./ending.js";

/**
 * Retires the row with its event; false when he has left already. The epoch rises, so that every page session, device key and
 * connection made before is dead. In the caller's transaction; a change made meanwhile by another is waited for.
 */
export async function retirePerson(tx: Stores, person: Person, by: Ender, reason: string): Promise<boolean> {
  for (let row: Person | undefined = person; row !== undefined && row.state !== "retired";) {
    const { credentialEpoch } = row;
    const next = { state: "retired", credentialEpoch: credentialEpoch + 1 } as const;
    const closed = { enrolmentHash: null, enrolmentExpiresAt: null };
    if (await tx.people.update(row.id, { ...next, ...closed }, { state: row.state, credentialEpoch })) {
      const object = { kind: "person", id: row.id };
      const { personId: actorId, sourceAddress } = by;
      const { unitId } = row;
      await tx.audit.append({ verb: "person.left", actorId, object, unitId, sourceAddress, detail: { reason } });
      return true;
    }
    row = await tx.people.get(row.id);
  }
  return false;
}
