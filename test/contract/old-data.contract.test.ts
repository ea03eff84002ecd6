/** Data folders of earlier schemas: the newest is put on top of each, and every row written then still reads. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSource, type DataSourceOptions } from "typeorm";
import { describe, expect, it } from "vitest";
import { renewNameKeys } from "../../gateway/broker/registry/name-keys.js";
import { openDatabase } from "../../gateway/storage/index.js";
import { Initial1700000000001 } from "../../gateway/storage/migrations/1-initial.js";
import { Desktops1700000000002 } from "../../gateway/storage/migrations/2-desktops.js";
import { nameKey } from "../../gateway/text/index.js";
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

/** What an installation had before units, vendors and second persons: people, what they hold, a page, an event. */
async function writePeople(source: DataSourceOptions): Promise<void> {
  const old = await new DataSource({
    ...source,
    migrations: [Initial1700000000001, Desktops1700000000002],
  }).initialize();
  await old.runMigrations({ transaction: "all" });
  const person = (id: string, login: string): string =>
    `INSERT INTO "person" ("id", "unit_id", "login", "display_name", "locale", "state", "password_hash",
      "totp_enrolled_at", "totp_last_step", "failures", "created_at", "credential_epoch") VALUES
      ('${id}', 'top', '${login}', 'O', 'en', 'active', 'h', ${NOW}, 0, 0, ${NOW}, 1)`;
  for (const statement of [
    `INSERT INTO "unit" VALUES ('top', NULL, 'Bureau', ${NOW})`,
    `INSERT INTO "unit" VALUES ('u1', 'top', 'Oil', ${NOW})`,
    `INSERT INTO "unit" VALUES ('u2', 'top', 'OiI', ${NOW})`,
    `INSERT INTO "unit" VALUES ('u3', 'top', '信息 Ⅰ', ${NOW})`,
    person("officer", "olga"),
    person("approver", "anna"),
    `INSERT INTO "power_holding" VALUES ('officer', 'security', NULL, ${NOW})`,
    `INSERT INTO "role_holding" VALUES ('approver:approver:top', 'approver', 'approver', 'top', 'officer', ${NOW})`,
    `INSERT INTO "web_session" VALUES ('page', 'officer', 1, ${NOW}, ${NOW + 5}, ${NOW + 9}, NULL, '::1', 'curl')`,
    `INSERT INTO "audit_event" VALUES ('e1', 0, ${NOW}, 'person.created', NULL, 'person', 'officer', '{}')`,
    `INSERT INTO "audit_event" VALUES ('e2', NULL, ${NOW}, 'person.created', NULL, 'person', 'approver', '{}')`,
  ])
    await old.query(statement);
  await old.destroy();
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

  it("is left as it is by who only looks, whether it is empty, old or of now", async () => {
    const there = await place();
    const look = async (): Promise<string> => {
      const database = await openDatabase({ url: there.url, clock, ids, nodeId, log: () => undefined, toLook: true });
      await database.ping();
      await database.close();
      return database.schema;
    };
    try {
      expect([await look(), await look()]).toEqual(["empty", "empty"]);
      await writeOld(there.source);
      expect([await look(), await look()]).toEqual(["older", "older"]);
      await (await openDatabase({ url: there.url, clock, ids, nodeId, log: () => undefined })).close();
      expect(await look()).toBe("current");
    } finally {
      await there.leave();
    }
  });

  it("that a newer version brought up to date is refused, to look and to serve, and stays as it is", async () => {
    const there = await place();
    const open = (toLook: boolean) =>
      openDatabase({ url: there.url, clock, ids, nodeId, log: () => undefined, toLook });
    try {
      await (await open(false)).close();
      const raw = await new DataSource(there.source).initialize();
      await raw.query(`INSERT INTO "migrations" ("timestamp", "name") VALUES (1900000000004, 'Later1900000000004')`);
      for (const toLook of [false, true]) await expect(open(toLook)).rejects.toThrow(/newer version/);
      await raw.query(`DELETE FROM "migrations" WHERE "name" = 'Later1900000000004'`);
      await raw.destroy();
      await (await open(false)).close();
    } finally {
      await there.leave();
    }
  });

  it("has its units' names told apart as now, but for those that look alike already", async () => {
    const there = await place();
    try {
      await writePeople(there.source);
      const lines: unknown[] = [];
      const log = (_level: string, _message: string, detail: unknown): void => void lines.push(detail);
      const database = await openDatabase({ url: there.url, clock, ids, nodeId, log: () => undefined });
      for (const time of ["first", "second"]) {
        await renewNameKeys({ database, log });
        const units = await database.read.units.find({}, { orderBy: "id" });
        expect(
          units.map((unit) => unit.nameKey === nameKey(unit.name)),
          time,
        ).toEqual([true, true, false, true]);
      }
      expect(lines).toEqual([{ unit: "u2" }, { unit: "u2" }]);
      await database.close();
    } finally {
      await there.leave();
    }
  });

  it("says of people and what they hold what they always were, and keeps its rules", async () => {
    const there = await place();
    try {
      await writePeople(there.source);
      const database = await openDatabase({ url: there.url, clock, ids, nodeId, log: () => undefined });
      const { read } = database;
      expect(await read.units.get("top" as never)).toMatchObject({ nameKey: "bureau", state: "active" });
      expect(await read.people.get("officer" as never)).toMatchObject({
        passwordAt: "here",
        reviewedAt: NOW,
        sponsorId: null,
        approvesFrom: null,
        lastSignInAt: null,
      });
      expect(await read.powers.get("officer" as never)).toMatchObject({ unitId: "top", confirmedBy: null });
      expect(await read.roles.find({})).toMatchObject([{ id: "approver:approver:top", confirmedBy: null }]);
      expect(await read.webSessions.get("page" as never)).toMatchObject({ steppedUpAt: NOW, via: "password" });
      expect(await read.audit.find({}, { orderBy: "id" })).toMatchObject([
        { id: "e1", seq: 0, unitId: null },
        { id: "e2", seq: null, unitId: null },
      ]);
      const rows = createRows(ids);
      const approver = await read.people.get("approver" as never);
      const audits = database.write((tx) => tx.powers.insert(rows.power(approver!, "audit")));
      await expect(audits).rejects.toMatchObject({ code: "exclusive-powers" });
      await expect(database.write((tx) => tx.powers.remove("officer" as never))).rejects.toMatchObject({
        code: "last-of-power",
      });
      await database.write((tx) => tx.roles.insert(rows.role(rows.person({ id: "officer" as never }), "operator")));
      await database.close();
    } finally {
      await there.leave();
    }
  });
});
