/**
 * Where the statements of a store run: a transaction, or reads outside any. A scope that belongs to a transaction is dead
 * once the transaction ended, so that a forgotten `await` cannot write after it.
 */
import type { QueryRunner } from "typeorm";
import { GatehouseError } from "../domain/index.js";
import { translate } from "./failures.js";

export type Dialect = "sqlite" | "postgres";

export interface Scope {
  readonly dialect: Dialect;
  /** False outside a transaction: writing methods reject. */
  readonly writable: boolean;
  /** Runs statements; rejects with a `GatehouseError` for whatever the driver says. */
  run<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T>;
}

export interface TransactionScope extends Scope {
  /** Ends the scope for a commit; rejects when a statement failed or was not waited for. */
  finish(): Promise<void>;
  /** Ends the scope for a rollback, once what was under way has settled. */
  close(): Promise<void>;
}

/**
 * A statement that failed spoils its transaction: PostgreSQL would refuse what follows, SQLite would keep half of it; here
 * both refuse. `turn` is waited for before each statement.
 */
export function transactionScope(
  dialect: Dialect,
  runner: QueryRunner,
  turn: () => Promise<void> | undefined = () => undefined,
): TransactionScope {
  const pending = new Set<Promise<unknown>>();
  let open = true;
  let failure: Error | undefined;
  async function close(): Promise<void> {
    open = false;
    await Promise.allSettled(pending);
  }
  return {
    dialect,
    writable: true,
    async run(work) {
      if (!open) throw new GatehouseError("internal", "the transaction has ended");
      if (failure !== undefined) throw new GatehouseError("internal", "the transaction has failed", failure);
      const running = inTurn(turn(), () => work(runner));
      pending.add(running);
      try {
        return await running;
      } catch (error) {
        failure = translate(error);
        throw failure;
      } finally {
        pending.delete(running);
      }
    },
    async finish() {
      const forgotten = pending.size > 0;
      await close();
      if (forgotten) throw new GatehouseError("internal", "a transaction ended before its statements");
      if (failure !== undefined) throw failure;
    },
    close,
  };
}

async function inTurn<T>(turn: Promise<void> | undefined, work: () => Promise<T>): Promise<T> {
  if (turn !== undefined) await turn;
  return work();
}

/** Rejects outside a transaction. */
export function assertWritable(scope: Scope): void {
  if (!scope.writable) throw new GatehouseError("internal", "writes go through a transaction");
}

/** `?` placeholders as the database wants them. The statements are ours and hold no question mark of another meaning. */
export function placeholders(dialect: Dialect, sql: string): string {
  if (dialect === "sqlite") return sql;
  let count = 0;
  return sql.replace(/\?/g, () => `$${++count}`);
}

/** One statement of our own; answers its rows and how many it changed. */
export async function statement<Row>(
  scope: Scope,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<{ readonly rows: readonly Row[]; readonly changed: number }> {
  return scope.run(async (runner) => {
    const result = await runner.query(placeholders(scope.dialect, sql), [...parameters], true);
    return { rows: result.records as Row[], changed: result.affected ?? 0 };
  });
}
