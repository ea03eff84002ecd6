/** Closes what would let people in again: page sessions, passkeys, keys for SSH, device keys. */
import type { PersonId, Store, Stores, Where } from "../../domain/index.js";
import { BATCH, batches } from "../batches.js";

/** In the caller's transaction, beside raising their epochs. */
export async function closeWaysIn(tx: Stores, people: readonly PersonId[], now: number): Promise<void> {
  for (const batch of batches(people)) {
    const personId = { in: batch };
    const standing = { personId, retiredAt: null };
    await closeAll(tx.webSessions, { personId, endedAt: null }, { endedAt: now });
    await closeAll(tx.passkeys, standing, { retiredAt: now });
    await closeAll(tx.personKeys, standing, { retiredAt: now });
    await closeAll(tx.deviceKeys, standing, { retiredAt: now });
  }
}

/** `closed` takes a row out of `open`, so that the next reading finds others. */
async function closeAll<Row extends { readonly id: string }>(
  store: Pick<Store<Row>, "find" | "update">,
  open: Where<Row>,
  closed: Partial<Row>,
): Promise<void> {
  for (;;) {
    const rows = await store.find(open, { limit: BATCH });
    for (const { id } of rows) await store.update(id, closed);
    if (rows.length < BATCH) return;
  }
}
