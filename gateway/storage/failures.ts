/**
 * What a driver's error means here. Drivers put statements, parameters and whole rows into their errors; none of that may
 * reach a log, so what is kept as cause is the driver's code and the constraint's name, and nothing else.
 */
import { GatehouseError } from "../domain/index.js";

interface DriverError {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: unknown;
  readonly driverError?: DriverError;
}

/** All that is kept of a driver's error. */
class DriverFailure extends Error {
  override readonly name = "DriverFailure";
  readonly code: string;
  constructor(code: string, constraint: string) {
    super(constraint === "" ? code : `${code} ${constraint}`);
    this.code = code;
  }
}

type Rule = "exclusive-powers" | "needs-second-person" | "last-of-power" | "vendor-person";

/** What the schema's triggers raise as `gatehouse: …`. */
const RULES: Readonly<Record<Rule, string>> = {
  "exclusive-powers": "one power a person, an auditor holds no role, a confirmer nothing else",
  "needs-second-person": "who decides is named by two persons",
  "last-of-power": "the last who can use a power keeps it",
  "vendor-person": "a vendor's person is an operator at most",
};

/** Two PostgreSQL transactions could not be put in an order, or locked each other out: the same work may be tried again. */
export function isSerializationFailure(error: unknown): boolean {
  const code = driverCode(error);
  return code === "40001" || code === "40P01";
}

/** Another process holds SQLite's write lock. */
export function isBusy(error: unknown): boolean {
  return driverCode(error).startsWith("SQLITE_BUSY");
}

/** A `GatehouseError` passes as it is; a driver's error becomes one; anything else is the caller's own and passes. */
export function translate(error: unknown): Error {
  if (error instanceof GatehouseError) return error;
  const code = driverCode(error);
  if (code === "") return error instanceof Error ? error : new Error(String(error));
  const inner = innermost(error);
  const cause = new DriverFailure(code, text(inner.constraint));
  for (const [word, message] of Object.entries(RULES) as [Rule, string][]) {
    if (raised(inner, word)) return new GatehouseError(word, message, cause);
  }
  if (raised(inner, "taken")) return new GatehouseError("conflict", "a row with this id or unique value exists", cause);
  if (raised(inner, "append-only")) return new GatehouseError("internal", "this table is append-only", cause);
  if (["SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID", "23505"].includes(code)) {
    return new GatehouseError("conflict", "a row with this id or unique value exists", cause);
  }
  if (code === "SQLITE_CONSTRAINT_FOREIGNKEY" || code === "23503") {
    return new GatehouseError("internal", "a row names something that does not exist", cause);
  }
  if (isUnavailable(code)) return unavailable("the database does not answer", cause);
  return new GatehouseError("internal", "the database refused a statement", cause);
}

export function unavailable(message: string, cause?: unknown): GatehouseError {
  return new GatehouseError("storage-unavailable", message, cause);
}

const UNAVAILABLE_SQLITE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB|PROTOCOL)/;
/** Connection, resource, operator intervention and I/O classes; a cancelled statement; a serialization failure past its tries. */
const UNAVAILABLE_POSTGRES = /^(08|53|57|58|XX|40|55P03|25P0[34])/;
const UNAVAILABLE_SYSTEM = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|ENOENT|EACCES|CONNECTION_)/;

function isUnavailable(code: string): boolean {
  return UNAVAILABLE_SQLITE.test(code) || UNAVAILABLE_POSTGRES.test(code) || UNAVAILABLE_SYSTEM.test(code);
}

const LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered|Client was closed|Cannot use a pool)/;

/** The driver's stable code, or empty when this is no driver's error. `pg` reports lost connections without one. */
function driverCode(error: unknown): string {
  const inner = innermost(error);
  const code = text(inner.code);
  if (code !== "") return code;
  // The runner is released under a statement when its connection breaks.
  if (isNamed(error, "QueryRunnerAlreadyReleasedError") || LOST.test(text(inner.message))) return "CONNECTION_LOST";
  return isNamed(error, "QueryFailedError") ? "UNKNOWN" : "";
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && (error.name === name || error.constructor.name === name);
}

function innermost(error: unknown): DriverError {
  if (typeof error !== "object" || error === null) return {};
  const own = error as DriverError;
  return own.driverError === undefined || own.driverError === error ? own : innermost(own.driverError);
}

function raised(error: DriverError, word: string): boolean {
  return text(error.message).includes(`gatehouse: ${word}`);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
