/**
 * The stores that bonds are checked against, asked each thing once: the thousands of one file hang on a few contracts, vendors,
 * sponsors and units. Good within one transaction that changes none of these. What was not found is asked again.
 */
import type { Store } from "../../domain/index.js";
import type { BondStores } from "./person-bonds.js";

/** Only rows found by `get`, single rows found by `find`, and updates that held are remembered. */
export function remembered({ people, units, vendors, contracts }: BondStores): BondStores {
  return { people: once(people), units: once(units), vendors: once(vendors), contracts: once(contracts) };
}

function once<Row extends { readonly id: string }>(store: Store<Row>): Store<Row> {
  const known = new Map<string, unknown>();
  const ask = async <T>(key: unknown, asked: () => Promise<T>, isKept: (value: T) => boolean): Promise<T> => {
    const text = JSON.stringify(key);
    if (known.has(text)) return known.get(text) as T;
    const value = await asked();
    if (isKept(value)) known.set(text, value);
    return value;
  };
  return {
    get: (id) =>
      ask(
        ["get", id],
        () => store.get(id),
        (row) => row !== undefined,
      ),
    find: (where, options) =>
      ask(
        ["find", where, options],
        () => store.find(where, options),
        (rows) => options?.limit === 1 && rows.length === 1,
      ),
    count: (where) => store.count(where),
    insert: (row) => store.insert(row),
    insertAll: (rows) => store.insertAll(rows),
    update: (id, patch, expect) =>
      ask(
        ["update", id, patch, expect],
        () => store.update(id, patch, expect),
        (isHeld) => isHeld,
      ),
  };
}
