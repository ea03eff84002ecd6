/**
 * How a row type of the domain becomes a table. The compiler checks that every field is named once and has the class that
 * its type asks for; a field added in the domain does not compile here until it has a column.
 *
 * Column classes are those both databases hold alike: text, 64-bit integers (safe integers in JavaScript), booleans, and
 * JSON kept as text. Times are integers, epoch milliseconds UTC.
 */
import { EntitySchema } from "typeorm";
import type { EntitySchemaColumnOptions } from "typeorm";

export type ColumnKind = "text" | "integer" | "boolean" | "json" | "text?" | "integer?" | "boolean?" | "json?";

type BaseKind<V> = [V] extends [string]
  ? "text"
  : [V] extends [number]
    ? "integer"
    : [V] extends [boolean]
      ? "boolean"
      : "json";
type KindOf<V> = null extends V ? `${BaseKind<NonNullable<V>>}?` : BaseKind<V>;

export type Columns<Row> = { readonly [K in keyof Row]-?: KindOf<Row[K]> };

export interface Table<Row extends { readonly id: string }> {
  readonly name: string;
  readonly columns: ReadonlyMap<string, Column>;
  readonly schema: EntitySchema<Row>;
}

export interface Column {
  readonly field: string;
  /** The name in the database: the field in snake case. */
  readonly name: string;
  readonly kind: "text" | "integer" | "boolean" | "json";
  readonly nullable: boolean;
}

const TYPES = {
  text: { type: "text" },
  integer: { type: "bigint", transformer: { to: (value: unknown) => value, from: toNumber } },
  boolean: { type: "boolean" },
  json: { type: "simple-json" },
} as const;

/** The `pg` driver answers 64-bit integers as text; every number of ours was checked to be safe when it was written. */
function toNumber(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** Declares a table over `Row`; `id` is its primary key. */
export function table<Row extends { readonly id: string }>(name: string, kinds: Columns<Row>): Table<Row> {
  const columns = new Map<string, Column>();
  const options: Record<string, EntitySchemaColumnOptions> = {};
  for (const [field, kind] of Object.entries(kinds) as [string, ColumnKind][]) {
    const column = describe(field, kind);
    columns.set(field, column);
    options[field] = { ...TYPES[column.kind], name: column.name, nullable: column.nullable, primary: field === "id" };
  }
  const schema = new EntitySchema<Row>({
    name,
    tableName: name,
    columns: options,
  });
  return { name, columns, schema };
}

function describe(field: string, kind: ColumnKind): Column {
  const nullable = kind.endsWith("?");
  return {
    field,
    name: field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    kind: (nullable ? kind.slice(0, -1) : kind) as Column["kind"],
    nullable,
  };
}
