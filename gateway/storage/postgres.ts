/**
 * PostgreSQL through TypeORM's pool. Writes are SERIALIZABLE, tried again a bounded number of times when the server could
 * not order them: what a use case read is then still true when it writes, exactly as behind SQLite's queue. A connection
 * that does not answer in time is thrown away, never handed back.
 */
import { setTimeout as pause } from "node:timers/promises";
import { DataSource } from "typeorm";
import type { QueryRunner } from "typeorm";
import { GatehouseError } from "../domain/index.js";
import type { Engine, EngineOptions } from "./engine.js";
import { TABLES } from "./entities/index.js";
import { isSerializationFailure, translate, unavailable } from "./failures.js";
import { MIGRATIONS } from "./migrations/index.js";
import { schemaStateOf, type SchemaState } from "./schema-state.js";
import { transactionScope } from "./scope.js";
import type { Scope } from "./scope.js";
import { within } from "./write-queue.js";

const POOL_SIZE = 10;
const MOST_TRIES = 12;
const FIRST_PAUSE_MS = 4;
/** Any one number, the same on every node: only one of them migrates at a time. */
const MIGRATION_LOCK = 715_001;

export async function openPostgres(options: EngineOptions): Promise<Engine> {
  const source = postgresSource(options);
  let schema: SchemaState;
  try {
    await source.initialize();
    schema = options.toLook ? await schemaStateOf(source) : await migrate(source);
  } catch (error) {
    if (source.isInitialized) await source.destroy();
    throw translate(error);
  }
  const { timeoutMs } = options;
  return {
    schema,
    reads: {
      dialect: "postgres",
      writable: false,
      run: (work) => connected(source, timeoutMs, work),
    },
    async transaction(work, isolation = "serial") {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await connected(source, timeoutMs, (runner) => transact(runner, work, isolation));
        } catch (error) {
          if (!(error instanceof Unordered)) throw error;
          if (attempt >= MOST_TRIES) throw unavailable("too many writes at once", error.cause);
          await pause(FIRST_PAUSE_MS * attempt * (1 + Math.random()));
        }
      }
    },
    close: () => source.destroy(),
  };
}

function postgresSource(options: EngineOptions): DataSource {
  const { timeoutMs } = options;
  return new DataSource({
    type: "postgres",
    url: options.url,
    entities: TABLES.map((table) => table.schema),
    migrations: MIGRATIONS,
    logging: false,
    installExtensions: false,
    poolSize: POOL_SIZE,
    connectTimeoutMS: timeoutMs,
    applicationName: "gatehouse",
    poolErrorHandler: () => options.log("warn", "a database connection was lost"),
    extra: {
      statement_timeout: timeoutMs,
      idle_in_transaction_session_timeout: 2 * timeoutMs,
      keepAlive: true,
    },
  });
}

async function migrate(source: DataSource): Promise<SchemaState> {
  const runner = source.createQueryRunner();
  try {
    const [row] = (await runner.query("SHOW server_encoding")) as { server_encoding: string }[];
    if (row?.server_encoding !== "UTF8") throw new GatehouseError("internal", "the database's encoding is not UTF8");
    await runner.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    if ((await schemaStateOf(source)) !== "current") await source.runMigrations({ transaction: "all" });
    await runner.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`);
    return "current";
  } finally {
    await runner.release();
  }
}

/** The server asks for another try. */
class Unordered extends Error {}

/** Runs `work` on a connection of its own, bounded; one that did not answer in time is destroyed. */
async function connected<T>(
  source: DataSource,
  timeoutMs: number,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = source.createQueryRunner();
  try {
    await runner.connect();
    return await within(timeoutMs, work(runner), () => {
      destroyConnection(runner);
      return unavailable("the database did not answer in time");
    });
  } catch (error) {
    throw error instanceof Unordered ? error : translate(error);
  } finally {
    await runner.release();
  }
}

async function transact<T>(
  runner: QueryRunner,
  work: (scope: Scope) => Promise<T>,
  isolation: "serial" | "latest",
): Promise<T> {
  const scope = transactionScope("postgres", runner);
  await runner.query(`BEGIN ISOLATION LEVEL ${isolation === "serial" ? "SERIALIZABLE" : "READ COMMITTED"}`);
  try {
    const result = await work(scope);
    await scope.finish();
    await runner.query("COMMIT");
    return result;
  } catch (error) {
    await scope.close();
    await runner.query("ROLLBACK").catch(() => destroyConnection(runner));
    throw unordered(error) ? new Unordered("not serializable", { cause: error }) : error;
  }
}

/** Also when a use case wrapped or replaced the failure of its statement. */
function unordered(error: unknown): boolean {
  return isSerializationFailure(error) || (error instanceof Error && isSerializationFailure(error.cause));
}

/** Breaks the connection: the pool drops it instead of giving it to the next, and what waits on it rejects. */
function destroyConnection(runner: QueryRunner): void {
  const inner = runner as unknown as PostgresRunner;
  const stream = inner.databaseConnection?.connection.stream;
  void inner.releasePostgresConnection(new Error("connection timeout"));
  stream?.destroy();
}

/** What TypeORM's runner and the `pg` client have, but do not name in their types. */
interface PostgresRunner {
  readonly databaseConnection?: { readonly connection: { readonly stream: { destroy(): void } } };
  releasePostgresConnection(error: Error): Promise<void>;
}
