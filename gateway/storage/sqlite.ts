/**
 * SQLite through TypeORM: one connection writes, behind a queue; another reads, and sees the last commit while a
 * transaction is under way (write-ahead log). Each commit is on stable storage before it is acknowledged.
 */
import { setTimeout as pause } from "node:timers/promises";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DataSource } from "typeorm";
import type { QueryRunner } from "typeorm";
import type BetterSqlite3 from "better-sqlite3";
import type { Engine, EngineOptions } from "./engine.js";
import { TABLES } from "./entities/index.js";
import { isBusy, translate, unavailable } from "./failures.js";
import { MIGRATIONS } from "./migrations/index.js";
import { schemaStateOf, type SchemaState } from "./schema-state.js";
import { transactionScope } from "./scope.js";
import type { Scope } from "./scope.js";
import { createTurns } from "./turns.js";
import { createWriteQueue, within } from "./write-queue.js";

/** The driver waits for another process's lock by blocking this one, so it waits a moment only and the rest is asked again. */
const BLOCKING_WAIT_MS = 50;
const BUSY_PAUSE_MS = 25;
/** Pages that the reading connection keeps, in KiB: searches walk the index of tokens. */
const READ_CACHE_KIB = 32_768;
/** Statements in one turn of the event loop: a few milliseconds of them. */
const READS_A_TURN = 16;
const WRITES_A_TURN = 16;

export async function openSqlite(options: EngineOptions): Promise<Engine> {
  const file = options.url.replace(/^sqlite:(\/\/(?=\/))?/, "");
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const writer = await openWriter(file);
  const schema = await broughtUpToDate(writer, options.toLook).catch(async (error: unknown) => {
    await writer.destroy();
    throw error;
  });
  const reader = await source(file, {
    readonly: true,
    fileMustExist: true,
    prepareDatabase: (database) => void database.pragma(`cache_size = -${READ_CACHE_KIB}`),
  }).initialize();
  const queue = createWriteQueue(options.timeoutMs);
  const turn = createTurns(READS_A_TURN);
  const writeTurn = createTurns(WRITES_A_TURN);
  const reads: Scope = {
    dialect: "sqlite",
    writable: false,
    async run(work) {
      await turn();
      return work(reader.createQueryRunner()).catch((error: unknown) => Promise.reject(translate(error)));
    },
  };
  return {
    schema,
    reads,
    transaction: (work) => queue.run(() => transact(writer.createQueryRunner(), work, options.timeoutMs, writeTurn)),
    async close() {
      await queue.idle();
      await reader.destroy();
      await writer.destroy();
    },
  };
}

async function openWriter(file: string): Promise<DataSource> {
  const writer = source(file, {
    enableWAL: true,
    migrations: MIGRATIONS,
    prepareDatabase: (database: BetterSqlite3.Database) => {
      database.pragma("synchronous = FULL");
      database.pragma("trusted_schema = OFF");
    },
  });
  return writer.initialize();
}

async function broughtUpToDate(writer: DataSource, toLook: boolean): Promise<SchemaState> {
  const state = await schemaStateOf(writer);
  if (toLook || state === "current") return state;
  await writer.runMigrations({ transaction: "all" });
  return "current";
}

function source(
  database: string,
  more: {
    readonly readonly?: boolean;
    readonly fileMustExist?: boolean;
    readonly enableWAL?: boolean;
    readonly migrations?: typeof MIGRATIONS;
    readonly prepareDatabase?: (database: BetterSqlite3.Database) => void;
  },
): DataSource {
  return new DataSource({
    type: "better-sqlite3",
    database,
    timeout: BLOCKING_WAIT_MS,
    entities: TABLES.map((table) => table.schema),
    logging: false,
    ...more,
  });
}

async function transact<T>(
  runner: QueryRunner,
  work: (scope: Scope) => Promise<T>,
  timeoutMs: number,
  turn: ReturnType<typeof createTurns>,
): Promise<T> {
  await begin(runner, timeoutMs);
  const scope = transactionScope("sqlite", runner, turn);
  try {
    const result = await within(timeoutMs, work(scope), () => unavailable("a transaction took too long"));
    await scope.finish();
    await runner.query("COMMIT");
    return result;
  } catch (error) {
    await scope.close();
    await rollback(runner);
    throw translate(error);
  }
}

/** Takes the write lock at once, so that what the transaction reads is still true when it writes. */
async function begin(runner: QueryRunner, timeoutMs: number): Promise<void> {
  for (let waited = 0; ; waited += BLOCKING_WAIT_MS + BUSY_PAUSE_MS) {
    try {
      await runner.query("BEGIN IMMEDIATE");
      return;
    } catch (error) {
      if (!isBusy(error) || waited >= timeoutMs) throw translate(error);
      await pause(BUSY_PAUSE_MS);
    }
  }
}

/** SQLite itself rolls back on some failures (a full disk); then there is nothing left to roll back. */
async function rollback(runner: QueryRunner): Promise<void> {
  const database = (await runner.connect()) as BetterSqlite3.Database;
  if (database.inTransaction) await runner.query("ROLLBACK");
}
