/** How a use case takes back what its transaction wrote when it finds at the end that it may not be: by a rejection that becomes an answer. */
import { GatehouseError, refused, type ErrorCode, type Outcome } from "../domain/index.js";

type Refused = Extract<Outcome<never>, { readonly ok: false }>;

/** Thrown within a transaction so that it rolls back. */
export class Undone extends Error {
  override readonly name = "Undone";
  readonly outcome: Refused;
  constructor(outcome: Refused) {
    super("a transaction was taken back");
    this.outcome = outcome;
  }
}

/** What the schema's own rules say no to. */
const BY_SCHEMA: readonly ErrorCode[] = ["exclusive-powers", "needs-second-person", "last-of-power", "vendor-person"];

/** The work's outcome, or the refusal it was taken back with, or the one of the schema; `taken` is what a unique column that is taken means here. */
export async function orUndone<T>(work: Promise<Outcome<T>>, taken: Refused): Promise<Outcome<T>> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Undone) return error.outcome;
    if (error instanceof GatehouseError && BY_SCHEMA.includes(error.code)) return refused(error.code);
    if (error instanceof GatehouseError && error.code === "conflict") return taken;
    throw error;
  }
}
