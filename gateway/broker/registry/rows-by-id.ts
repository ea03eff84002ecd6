/** Rows by id, hundreds in a statement: what a list shows beside its own rows is read once for the whole page. */

import { BATCH, batches } from "../batches.js";

/** Those that exist; an id may come more than once. */
export async function rowsById<Row extends { readonly id: string }>(
  store: { find(where: { id: { in: readonly Row["id"][] } }, options: { limit: number }): Promise<readonly Row[]> },
  ids: Iterable<Row["id"]>,
): Promise<ReadonlyMap<string, Row>> {
  const rows = new Map<string, Row>();
  for (const batch of batches(ids))
    for (const row of await store.find({ id: { in: batch } }, { limit: BATCH })) rows.set(row.id, row);
  return rows;
}
