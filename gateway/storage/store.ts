/**
 * One table as domain's `Store`. Each method is one statement, so that it is atomic by itself; `update` compares and sets
 * in that one statement. A taken unique value on `insert` rejects with `conflict` and leaves the transaction usable; any
 * other failure of a statement ends the transaction on both databases.
 */
import { GatehouseError } from "../domain/index.js";
import type { FindOptions, Store, Where } from "../domain/index.js";
import { columnOf, predicate, quoted, toColumn } from "./conditions.js";
import { assertWritable, statement } from "./scope.js";
import type { Scope } from "./scope.js";
import type { Table } from "./table.js";

const DEFAULT_LIMIT = 100;
const MOST_ROWS = 1000;
/** In one statement; SQLite takes 32,766. */
const MOST_PARAMETERS = 4_000;

export type RemovableStore<Row extends { readonly id: string }> = Store<Row> & {
  remove(id: Row["id"]): Promise<boolean>;
};

export function createStore<Row extends { readonly id: string }>(scope: Scope, table: Table<Row>): Store<Row> {
  return {
    get: async (id) => (await select(scope, table, { id }, { limit: 1 }))[0],
    find: (where, options = {}) => select(scope, table, where, options),
    count: (where) => count(scope, table, where),
    insert: (row) => insertAll(scope, table, [row]),
    insertAll: (rows) => insertAll(scope, table, rows),
    update: (id, patch, expect = {}) => update(scope, table, id, patch, expect),
  };
}

/** For the few rows that say only what holds now; whoever held it before stands in the audit events. */
export function createRemovableStore<Row extends { readonly id: string }>(
  scope: Scope,
  table: Table<Row>,
): RemovableStore<Row> {
  return {
    ...createStore(scope, table),
    async remove(id) {
      assertWritable(scope);
      return (await statement(scope, `DELETE FROM "${table.name}" WHERE "id" = ?`, [id])).changed === 1;
    },
  };
}

export type ExpiringStore<Row extends { readonly id: string }> = Store<Row> & {
  removeOlder(expiredBefore: number): Promise<number>;
};

/** For rows of which nothing is left once they are over; that one was issued stands in the audit events. */
export function createExpiringStore<Row extends { readonly id: string; readonly expiresAt: number }>(
  scope: Scope,
  table: Table<Row>,
): ExpiringStore<Row> {
  return {
    ...createStore(scope, table),
    async removeOlder(expiredBefore) {
      assertWritable(scope);
      return (await statement(scope, `DELETE FROM "${table.name}" WHERE "expires_at" < ?`, [expiredBefore])).changed;
    },
  };
}

async function select<Row extends { readonly id: string }>(
  scope: Scope,
  table: Table<Row>,
  where: object,
  options: FindOptions<Row>,
): Promise<Row[]> {
  const { terms, parameters } = predicate(table as Table<never>, where);
  const direction = options.descending === true ? "DESC" : "ASC";
  const by = columnOf(table as Table<never>, options.orderBy ?? "id");
  const limit = bounded(options.limit ?? DEFAULT_LIMIT);
  return scope.run(async (runner) => {
    const query = runner.manager.createQueryBuilder<Row>(table.schema, "row", runner);
    named(terms, parameters).forEach(({ sql, values }) => query.andWhere(sql, values));
    // The databases place NULL at opposite ends unless told.
    query.orderBy(`row.${by.field}`, direction, by.nullable ? nullsAt(direction) : undefined);
    if (by.field !== "id") query.addOrderBy("row.id", direction);
    return query
      .limit(limit)
      .offset(bounded(options.offset ?? 0, Number.MAX_SAFE_INTEGER))
      .getMany();
  });
}

async function count<Row extends { readonly id: string }>(
  scope: Scope,
  table: Table<Row>,
  where: Where<Row>,
): Promise<number> {
  const { terms, parameters } = predicate(table as Table<never>, where);
  const condition = terms.length === 0 ? "" : ` WHERE ${terms.join(" AND ")}`;
  const sql = `SELECT COUNT(*) AS "total" FROM "${table.name}"${condition}`;
  const { rows } = await statement<{ total: number | string }>(scope, sql, parameters);
  return Number(rows[0]?.total ?? 0);
}

async function insertAll<Row extends { readonly id: string }>(
  scope: Scope,
  table: Table<Row>,
  rows: readonly Row[],
): Promise<void> {
  assertWritable(scope);
  const columns = [...table.columns.values()];
  const atOnce = Math.floor(MOST_PARAMETERS / columns.length);
  for (let at = 0; at < rows.length; at += atOnce) {
    const some = rows.slice(at, at + atOnce) as readonly object[] as readonly Readonly<Record<string, unknown>>[];
    for (const row of some) for (const field of Object.keys(row)) columnOf(table as Table<never>, field);
    const values = some.flatMap((row) => columns.map((column) => toColumn(column, row[column.field])));
    const marks = `(${columns.map(() => "?").join(", ")})`;
    const sql =
      `INSERT INTO "${table.name}" (${columns.map(quoted).join(", ")}) ` +
      `VALUES ${some.map(() => marks).join(", ")} ON CONFLICT DO NOTHING`;
    const { changed } = await statement(scope, sql, values);
    if (changed < some.length)
      throw new GatehouseError("conflict", `a row of ${table.name} with this id or unique value exists`);
  }
}

async function update<Row extends { readonly id: string }>(
  scope: Scope,
  table: Table<Row>,
  id: Row["id"],
  patch: Partial<Row>,
  expect: Where<Row>,
): Promise<boolean> {
  assertWritable(scope);
  const entries = Object.entries(patch) as [string, unknown][];
  if (entries.length === 0) return (await count(scope, table, { ...expect, id })) === 1;
  const sets = entries.map(([field, value]) => {
    const column = columnOf(table as Table<never>, field);
    if (field === "id") throw new GatehouseError("internal", "an id does not change");
    return { sql: `${quoted(column)} = ?`, value: toColumn(column, value) };
  });
  const { terms, parameters } = predicate(table as Table<never>, expect);
  const sql =
    `UPDATE "${table.name}" SET ${sets.map((set) => set.sql).join(", ")} ` +
    `WHERE ${['"id" = ?', ...terms].join(" AND ")}`;
  const { changed } = await statement(scope, sql, [...sets.map((set) => set.value), id, ...parameters]);
  return changed === 1;
}

/** Our `?` terms as the query builder's named parameters. */
function named(
  terms: readonly string[],
  parameters: readonly unknown[],
): { readonly sql: string; readonly values: Record<string, unknown> }[] {
  let next = 0;
  return terms.map((term) => {
    const values: Record<string, unknown> = {};
    const sql = term.replace(/"([a-z0-9_]+)"|\?/g, (match) => {
      if (match !== "?") return `"row".${match}`;
      const name = `value${next}`;
      values[name] = parameters[next];
      next += 1;
      return `:${name}`;
    });
    return { sql, values };
  });
}

function nullsAt(direction: "ASC" | "DESC"): "NULLS FIRST" | "NULLS LAST" {
  return direction === "ASC" ? "NULLS FIRST" : "NULLS LAST";
}

function bounded(value: number, most = MOST_ROWS): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new GatehouseError("invalid-input", "a limit is a whole number");
  return Math.min(value, most);
}
