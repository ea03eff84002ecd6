/**
 * How far a database's schema is, told before anything in it changes. A schema that a newer version made is refused: this one
 * knows neither its tables nor what its triggers ask for.
 */
import type { DataSource } from "typeorm";
import { GatehouseError } from "../domain/index.js";
import { MIGRATIONS } from "./migrations/index.js";

/** `older`: the next start brings it up to date. */
export type SchemaState = "empty" | "older" | "current";

const KNOWN: readonly string[] = MIGRATIONS.map((Migration) => new Migration().name);
/** TypeORM keeps there what was done; the same name on both databases. */
const DONE = "migrations";

/** Rejects with `internal` when the schema is of a newer version. Changes nothing. */
export async function schemaStateOf(source: DataSource): Promise<SchemaState> {
  const isThere =
    source.options.type === "postgres"
      ? `SELECT 1 FROM pg_tables WHERE tablename = '${DONE}' AND schemaname = current_schema()`
      : `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '${DONE}'`;
  if ((await source.query<unknown[]>(isThere)).length === 0) return "empty";
  const done = (await source.query<{ readonly name: string }[]>(`SELECT name FROM ${DONE}`)).map(({ name }) => name);
  if (done.some((name) => !KNOWN.includes(name))) {
    throw new GatehouseError(
      "internal",
      "the database was brought up to date by a newer version: start that one, or restore the backup from before it",
    );
  }
  return KNOWN.every((name) => done.includes(name)) ? "current" : "older";
}
