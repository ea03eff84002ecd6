/** The databases that a contract suite runs over, each opened empty. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asId } from "../../gateway/domain/index.js";
import type { AuditEntry, Clock, Database, NodeId } from "../../gateway/domain/index.js";
import { createIds, openDatabase } from "../../gateway/storage/index.js";
import type { StorageDatabase } from "../../gateway/storage/index.js";
import { openMemoryDatabase } from "./memory-database.js";
import { startPostgres } from "./postgres.js";
import { NOW } from "./rows.js";

export const ids = createIds();
export const clock: Clock = { now: () => NOW, monotonicUs: () => 0 };
export const nodeId = asId<NodeId>("0190-node");

export interface Opened<D extends Database> {
  readonly url: string;
  readonly database: D;
  /** Opens the same data once more, as another node (or, on SQLite, another process) would. */
  again(): Promise<D>;
  close(): Promise<void>;
}

export async function openSqlite(): Promise<Opened<StorageDatabase>> {
  const folder = await mkdtemp(join(tmpdir(), "gatehouse-stores-"));
  const url = `sqlite:${join(folder, "data", "gatehouse.db")}`;
  const again = (): Promise<StorageDatabase> => open(url);
  const database = await again();
  return {
    url,
    database,
    again,
    async close() {
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function openPostgres(): Promise<Opened<StorageDatabase>> {
  const server = await startPostgres();
  const database = await open(server.url);
  return {
    url: server.url,
    database,
    again: () => open(server.url),
    async close() {
      await database.close();
      await server.stop();
    },
  };
}

export async function openMemory(): Promise<Opened<Database>> {
  const database = openMemoryDatabase({ clock, ids, nodeId });
  return { url: "memory:", database, again: async () => database, close: () => database.close() };
}

/** What a silent database is given is tried where one falls silent (outage.contract.test.ts); a busy one is waited for. */
function open(url: string): Promise<StorageDatabase> {
  return openDatabase({ url, clock, ids, nodeId, log: () => undefined, timeoutMs: 30_000 });
}

/** An audit entry about something of its own. */
export function auditEntry(more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    verb: "person.created",
    actorId: null,
    object: { kind: "person", id: ids.next() },
    sourceAddress: "10.0.0.9",
    ...more,
  };
}
