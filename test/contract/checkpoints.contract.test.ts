/** The evidence log on both databases: numbers, tree, signed checkpoints, proofs, and tables that only grow. */
import { generateKeyPairSync, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditRow, CheckpointLog } from "../../gateway/domain/index.js";
import {
  leafHash,
  parseNote,
  rootOf,
  verifyConsistency,
  verifyExport,
  verifyInclusion,
  verifyNote,
} from "../../gateway/storage/index.js";
import type { NoteSigner, StorageDatabase } from "../../gateway/storage/index.js";
import { auditEntry, openPostgres, openSqlite } from "../support/databases.js";
import type { Opened } from "../support/databases.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const signer: NoteSigner = {
  name: "gatehouse.test/log",
  publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url"),
  sign: (message) => sign(null, message, privateKey),
};
const bytes = (base64: string): Buffer => Buffer.from(base64, "base64");

describe.each([
  ["SQLite", openSqlite],
  ["PostgreSQL", openPostgres],
] as const)("the evidence log on %s", (name, open) => {
  let opened: Opened<StorageDatabase>;
  let log: CheckpointLog;
  beforeAll(async () => {
    opened = await open();
    log = opened.database.checkpoints(signer);
  });
  afterAll(() => opened?.close());

  async function happen(times: number): Promise<void> {
    await opened.database.write(async (tx) => {
      for (let count = 0; count < times; count += 1) await tx.audit.append(auditEntry());
    });
  }

  async function allRows(): Promise<AuditRow[]> {
    const rows: AuditRow[] = [];
    for (let offset = 0; ; offset += 1_000) {
      const page = await opened.database.read.audit.find({}, { orderBy: "seq", limit: 1_000, offset });
      rows.push(...page);
      if (page.length < 1_000) return rows;
    }
  }

  it("has no checkpoint while nothing happened", async () => {
    expect(await log.advance()).toBeUndefined();
    expect(await log.latest()).toBeUndefined();
    expect(await log.list(10)).toEqual([]);
  });

  it("numbers what was committed, in order and without gaps, and signs the tree over it", async () => {
    for (const times of [1, 2, 5, 1, 7]) {
      await happen(times);
      const failing = opened.database.write(async (tx) => {
        await tx.audit.append(auditEntry());
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      const checkpoint = await log.advance();
      const rows = await allRows();
      expect(rows.map((row) => row.seq)).toEqual(rows.map((_row, index) => index));
      const { size, root } = rootOf(rows.map((row) => leafHash(row.leaf)));
      expect(checkpoint).toMatchObject({ size, root: root.toString("base64") });
      const note = parseNote(checkpoint!.note);
      expect(verifyNote(note!, signer)).toBe(true);
      expect(note).toMatchObject({ size, root });
      expect(await log.latest()).toEqual(checkpoint);
    }
    expect(await log.advance()).toBeUndefined();
    expect((await log.list(2)).map((checkpoint) => checkpoint.size)).toEqual([16, 9]);
  });

  it("proves every event in every checkpoint, and each checkpoint a beginning of the later ones", async () => {
    const rows = await allRows();
    const checkpoints = await log.list(100);
    expect(checkpoints.length).toBeGreaterThanOrEqual(5);
    for (const { size, root } of checkpoints) {
      for (const row of rows.slice(0, size)) {
        const proof = (await log.inclusion(row.seq!, size)).map(bytes);
        const held = verifyInclusion({ index: row.seq!, size, leafHash: leafHash(row.leaf), proof, root: bytes(root) });
        expect(held, `${row.seq} in ${size}`).toBe(true);
      }
      for (const older of checkpoints.filter((one) => one.size <= size)) {
        const proof = (await log.consistency(older.size, size)).map(bytes);
        const [fromRoot, toRoot] = [bytes(older.root), bytes(root)];
        expect(verifyConsistency({ from: older.size, to: size, fromRoot, toRoot, proof })).toBe(true);
      }
    }
    expect(await log.consistency(0, rows.length)).toEqual([]);
  });

  it("refuses proofs outside the log", async () => {
    const outside = { code: "not-found" };
    await expect(log.inclusion(0, 1_000_000)).rejects.toMatchObject(outside);
    await expect(log.inclusion(5, 5)).rejects.toMatchObject(outside);
    await expect(log.inclusion(-1, 5)).rejects.toMatchObject(outside);
    await expect(log.consistency(6, 5)).rejects.toMatchObject(outside);
    await expect(log.consistency(1, 1_000_000)).rejects.toMatchObject(outside);
  });

  it("works off a backlog larger than a step, and exports what an outsider can verify", async () => {
    await happen(2_300);
    await log.advance();
    const rows = await allRows();
    const newest = await log.latest();
    expect(newest?.size).toBe(rows.length);
    const lines = [{ note: newest!.note }, ...rows.map(({ seq, leaf }) => ({ seq, leaf }))].map((line) =>
      JSON.stringify(line),
    );
    const oldest = (await log.list(1_000)).at(-1);
    expect(await verifyExport(lines, signer, oldest!.note)).toMatchObject({
      ok: true,
      size: rows.length,
      complete: true,
    });
  });

  it.each(["UPDATE", "DELETE"])("refuses %s on what stands in the log", async (word) => {
    const raw = await rawStatements(name, opened);
    const set = { audit_event: `"leaf" = 'x'`, tree_node: `"hash" = 'x'`, checkpoint: `"root" = 'x'` };
    for (const [table, change] of Object.entries(set)) {
      const sql = word === "UPDATE" ? `UPDATE "${table}" SET ${change}` : `DELETE FROM "${table}"`;
      await expect(raw.run(sql), sql).rejects.toThrow(/append-only/);
    }
    await expect(raw.run(`UPDATE "audit_event" SET "seq" = NULL WHERE "seq" = 0`)).rejects.toThrow(/append-only/);
    await expect(raw.run(`UPDATE "audit_event" SET "seq" = 999999 WHERE "seq" = 0`)).rejects.toThrow(/append-only/);
    await raw.close();
  });

  it("has one sequencer at a time, however many ask", async () => {
    const other = await opened.again();
    const logs = [log, other.checkpoints(signer)];
    const before = (await log.latest())?.size ?? 0;
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([
        happen(3),
        ...logs.map((one) => one.advance()),
        happen(2),
        ...logs.map((one) => one.advance()),
      ]);
    }
    await log.advance();
    const rows = await allRows();
    expect(rows).toHaveLength(before + 50);
    expect(rows.map((row) => row.seq)).toEqual(rows.map((_row, index) => index));
    expect((await log.latest())?.root).toBe(rootOf(rows.map((row) => leafHash(row.leaf))).root.toString("base64"));
    await other.close();
  });
});

interface RawStatements {
  run(sql: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Past every store: what someone with the database's own password could try. */
async function rawStatements(name: string, opened: Opened<StorageDatabase>): Promise<RawStatements> {
  if (name === "SQLite") {
    const { default: Sqlite } = await import("better-sqlite3");
    const database = new Sqlite(opened.url.replace("sqlite:", ""));
    return { run: async (sql) => database.prepare(sql).run(), close: async () => void database.close() };
  }
  const { default: pg } = await import("pg");
  const client = new pg.Client(opened.url);
  await client.connect();
  return { run: (sql) => client.query(sql), close: () => client.end() };
}
