/**
 * The `Database` port over SQLite or PostgreSQL. `sqlite:PATH` is the embedded default; `postgres://…` serves several nodes.
 * A write is one transaction, as if alone; on PostgreSQL its `work` may run more than once, so it must do nothing but
 * use the stores it was given.
 */
import type { CheckpointLog, Clock, Database, Ids, NodeId } from "../domain/index.js";
import { GatehouseError } from "../domain/index.js";
import { createCheckpointLog } from "./checkpoint-log.js";
import type { NoteSigner } from "./log/index.js";
import type { Engine, Log } from "./engine.js";
import { openPostgres } from "./postgres.js";
import type { SchemaState } from "./schema-state.js";
import { statement } from "./scope.js";
import { openSqlite } from "./sqlite.js";
import { bindStores } from "./stores.js";

const DEFAULT_TIMEOUT_MS = 5_000;

export interface StorageOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly nodeId: NodeId;
  readonly log: Log;
  /** Longest wait for a connection or a turn, and longest transaction; 5 s unless told. */
  readonly timeoutMs?: number;
  /** To look at a database and not to serve from it: its schema stays as it is, and only what it holds already can be read. */
  readonly toLook?: boolean;
}

export interface StorageDatabase extends Database {
  /** As it stands; `current` unless opened to look. */
  readonly schema: SchemaState;
  /** The evidence log over this database's audit events, signing with `signer`. */
  checkpoints(signer: NoteSigner): CheckpointLog;
}

/**
 * Opens the database and brings its schema up to date, unless to look. Rejects with `storage-unavailable` when it cannot be reached,
 * with `internal` when a newer version has been there.
 */
export async function openDatabase(options: StorageOptions): Promise<StorageDatabase> {
  const engine = await openEngine(options);
  const stamp = { clock: options.clock, ids: options.ids, nodeId: options.nodeId };
  return {
    schema: engine.schema,
    read: bindStores(engine.reads, stamp),
    write: (work) => engine.transaction((scope) => work(bindStores(scope, stamp))),
    async ping() {
      await statement(engine.reads, "SELECT 1");
    },
    checkpoints: (signer) => createCheckpointLog({ engine, signer, clock: options.clock, ids: options.ids }),
    close: () => engine.close(),
  };
}

function openEngine(options: StorageOptions): Promise<Engine> {
  const { url, log, timeoutMs = DEFAULT_TIMEOUT_MS, toLook = false } = options;
  const engineOptions = { url, timeoutMs, log, toLook };
  if (/^postgres(ql)?:\/\//.test(options.url)) return openPostgres(engineOptions);
  if (options.url.startsWith("sqlite:")) return openSqlite(engineOptions);
  throw new GatehouseError("invalid-input", "the database is sqlite:PATH or postgres://…");
}
