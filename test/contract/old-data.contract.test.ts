/** A data folder of the first release: the newest schema is put on top of it, and every row written then still reads. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSource, type DataSourceOptions } from "typeorm";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../gateway/storage/index.js";
import { Initial1700000000001 } from "../../gateway/storage/migrations/1-initial.js";
import { clock, ids, nodeId } from "../support/databases.js";
import { startPostgres } from "../support/postgres.js";
import { createRows, NOW } from "../support/rows.js";

interface Place {
  readonly url: string;
  readonly source: DataSourceOptions;
  readonly leave: () => Promise<void>;
}

async function inSqlite(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "gatehouse-old-"));
  const database = join(folder, "gatehouse.db");
  const source = { type: "better-sqlite3", database } as const;
  return { url: `sqlite:${database}`, source, leave: () => rm(folder, { recursive: true }) };
}

async function inPostgres(): Promise<Place> {
  const server = await startPostgres();
  return { url: server.url, source: { type: "postgres", url: server.url }, leave: () => server.stop() };
}

/** What the first release wrote: its own columns alone, and a snapshot that knew neither certificates nor obligations. */
async function writeOld(source: DataSourceOptions): Promise<{ readonly assetId: string; readonly sessionId: string }> {
  const session = createRows(ids).session();
  const assetId = ids.next();
  const old = await new DataSource({ ...source, migrations: [Initial1700000000001] }).initialize();
  await old.runMigrations({ transaction: "all" });
  await old.query(
    `INSERT INTO "asset" ("id", "unit_id", "name", "protocol", "host", "port", "description", "legacy_algorithms", "pin",
      "state", "created_at") VALUES ('${assetId}', 'u', 'web-01', 'ssh', '10.0.0.1', 22, '', false, 'p', 'active', ${NOW})`,
  );
  await old.query(
    `INSERT INTO "access_session" ("id", "unit_id", "grant_id", "person_id", "account_id", "asset_id", "node_id",
      "protocol", "state", "snapshot", "recording_id", "source_address", "started_at", "lease_until") VALUES
      ('${session.id}', 'u', 'g', 'p', 'a', '${assetId}', 'n', 'ssh', 'ended', '${JSON.stringify({ login: "alice" })}',
      'r', '::1', ${NOW}, ${NOW})`,
  );
  await old.destroy();
  return { assetId, sessionId: session.id };
}

describe.each([
  ["SQLite", inSqlite],
  ["PostgreSQL", inPostgres],
] as const)("an old data folder on %s", (_name, place) => {
  it("is brought up to date, keeps its rows and takes new ones, also when opened again", async () => {
    const there = await place();
    const { url, source } = there;
    try {
      const { assetId, sessionId } = await writeOld(source);
      const rows = createRows(ids);
      const desktop = { security: "nla", acceptsMissing: true } as const;
      const added = rows.asset({ protocol: "rdp", desktop });
      for (const time of ["first", "second"]) {
        const database = await openDatabase({ url, clock, ids, nodeId, log: () => undefined });
        expect(await database.read.assets.get(assetId as never), time).toMatchObject({ name: "web-01", desktop: null });
        const session = await database.read.sessions.get(sessionId as never);
        expect(session?.snapshot, time).toEqual({ login: "alice" });
        expect(await database.read.tickets.find({}), time).toEqual([]);
        if (time === "first") await database.write((tx) => tx.assets.insert(added));
        expect(await database.read.assets.get(added.id), time).toEqual(added);
        await database.close();
      }
    } finally {
      await there.leave();
    }
  });
});
