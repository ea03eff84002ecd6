/** Counts what is asked of a database's reading side: each find, get and count is a statement. */
import type { Stores } from "../../gateway/domain/index.js";

/** From now on; answers how many there were so far. */
export function countStatements(stores: Stores): () => number {
  let statements = 0;
  for (const store of Object.values(stores as unknown as Record<string, Record<string, unknown>>))
    for (const name of ["find", "get", "count"]) {
      const asked = store[name];
      if (typeof asked !== "function") continue;
      store[name] = (...given: unknown[]): unknown => {
        statements += 1;
        return (asked as (...all: unknown[]) => unknown).apply(store, given);
      };
    }
  return () => statements;
}
