/** Many values and many rows, in statements of bounded size. */
import type { Store, Where } from "../domain/index.js";

/** Values a statement. */
export const BATCH = 500;
/** Rows a statement: the most that a store answers. */
const PAGE = 1000;

/** Each value once, in parts of `BATCH` at most. */
export function batches<T>(all: Iterable<T>): readonly (readonly T[])[] {
  const once = [...new Set(all)];
  const parts: (readonly T[])[] = [];
  for (let at = 0; at < once.length; at += BATCH) parts.push(once.slice(at, at + BATCH));
  return parts;
}

/** Every row that fits, however many there are, by id. */
export async function everyRow<Row extends { readonly id: string }>(
  store: Pick<Store<Row>, "find">,
  where: Where<Row>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const page = await store.find(where, { orderBy: "id", limit: PAGE, offset });
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
}
