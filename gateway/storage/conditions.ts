/**
 * The `Where` of domain's ports as SQL. Column names come from the table's own list and are the only text that enters a
 * statement; every value is a parameter. A condition that is `undefined` is refused: it would silently widen the rows.
 */
import { GatehouseError } from "../domain/index.js";
import type { Column, Table } from "./table.js";

export interface Predicate {
  /** Joined by AND; empty when every row fits. `?` stands for each parameter in turn. */
  readonly terms: readonly string[];
  readonly parameters: readonly unknown[];
}

const COMPARISONS: Readonly<Record<string, string>> = { lt: "<", lte: "<=", gt: ">", gte: ">=" };

export function predicate(table: Table<never>, where: object): Predicate {
  const terms: string[] = [];
  const parameters: unknown[] = [];
  for (const [field, condition] of Object.entries(where)) {
    const column = columnOf(table, field);
    for (const [term, ...values] of termsOf(column, condition)) {
      terms.push(term);
      parameters.push(...values);
    }
  }
  return { terms, parameters };
}

/** The column a field names; refuses what the table has not. */
export function columnOf(table: Table<never>, field: string): Column {
  const column = table.columns.get(field);
  if (column === undefined) throw new GatehouseError("internal", `${table.name} has no such column`);
  return column;
}

type Term = readonly [sql: string, ...parameters: unknown[]];

function termsOf(column: Column, condition: unknown): Term[] {
  const name = quoted(column);
  if (condition === undefined) throw new GatehouseError("internal", `the condition on ${column.name} is undefined`);
  if (condition === null) return [[`${name} IS NULL`]];
  if (typeof condition !== "object" || column.kind === "json") return [[`${name} = ?`, toColumn(column, condition)]];
  return Object.entries(condition).map(([operator, value]: [string, unknown]) => {
    if (value === undefined) throw new GatehouseError("internal", `the condition on ${column.name} is undefined`);
    return operation(column, name, operator, value);
  });
}

function operation(column: Column, name: string, operator: string, value: unknown): Term {
  switch (operator) {
    case "in":
      return inTerm(column, name, value);
    case "not":
      return value === null ? [`${name} IS NOT NULL`] : [`${name} <> ?`, toColumn(column, value)];
    case "contains":
      return [`LOWER(${name}) LIKE LOWER(?) ESCAPE '\\'`, `%${escapeLike(text(column, value))}%`];
    default: {
      const comparison = COMPARISONS[operator];
      if (comparison === undefined) throw new GatehouseError("internal", `no such condition on ${column.name}`);
      return [`${name} ${comparison} ?`, toColumn(column, value)];
    }
  }
}

function inTerm(column: Column, name: string, value: unknown): Term {
  if (!Array.isArray(value)) throw new GatehouseError("internal", `the condition on ${column.name} is no list`);
  const given = value as readonly unknown[];
  const values = given.filter((one) => one !== null).map((one) => toColumn(column, one));
  const alternatives = values.length === 0 ? [] : [`${name} IN (${values.map(() => "?").join(", ")})`];
  if (values.length < given.length) alternatives.push(`${name} IS NULL`);
  return [alternatives.length === 0 ? "1 = 0" : `(${alternatives.join(" OR ")})`, ...values];
}

/** A field's value as the driver takes it; refuses what the column cannot hold alike on both databases. */
export function toColumn(column: Column, value: unknown): unknown {
  if (value === null && column.nullable) return null;
  switch (column.kind) {
    case "text":
      return text(column, value);
    case "integer":
      if (!Number.isSafeInteger(value)) throw invalid(column, "a safe integer");
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw invalid(column, "true or false");
      return value;
    case "json":
      if (typeof value !== "object") throw invalid(column, "a list or an object");
      return JSON.stringify(value);
  }
}

function text(column: Column, value: unknown): string {
  if (typeof value !== "string") throw invalid(column, "text");
  if (value.includes("\u0000")) throw invalid(column, "text without NUL");
  return value;
}

function invalid(column: Column, wanted: string): GatehouseError {
  return new GatehouseError("invalid-input", `${column.name} takes ${wanted}`);
}

export function quoted(column: Column): string {
  return `"${column.name}"`;
}

function escapeLike(value: string): string {
  return value.replace(/[\\%_]/g, (character) => `\\${character}`);
}
