/** A database that goes away or stops answering: bounded refusals meanwhile, and everything works once it is back. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../gateway/storage/index.js";
import type { StorageDatabase } from "../../gateway/storage/index.js";
import { auditEntry, clock, ids, nodeId, openSqlite } from "../support/databases.js";
import { startPostgres } from "../support/postgres.js";
import type { TestPostgres } from "../support/postgres.js";
import { createRows } from "../support/rows.js";

const rows = createRows(ids);
const BOUND_MS = 1_200;
const unavailable = { code: "storage-unavailable" };

async function timed(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work.catch(() => undefined);
  return performance.now() - start;
}

describe("PostgreSQL that goes away", () => {
  let server: TestPostgres;
  let database: StorageDatabase;
  const logged: string[] = [];
  beforeAll(async () => {
    server = await startPostgres();
    const log = (_level: string, message: string): void => void logged.push(message);
    database = await openDatabase({ url: server.url, clock, ids, nodeId, log, timeoutMs: BOUND_MS });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  const write = (): Promise<void> => database.write((tx) => tx.audit.append(auditEntry()));

  it("refuses while the server is dead, and works again after its restart", async () => {
    const person = rows.person();
    await database.write((tx) => tx.people.insert(person));
    await server.kill();
    await expect(write()).rejects.toMatchObject(unavailable);
    await expect(database.read.people.get(person.id)).rejects.toMatchObject(unavailable);
    await expect(database.ping()).rejects.toMatchObject(unavailable);
    await server.restart();
    await write();
    expect(await database.read.people.get(person.id)).toEqual(person);
    await database.ping();
  });

  it("refuses a transaction that the server's death cut, and keeps nothing of it", async () => {
    const person = rows.person();
    const cut = database.write(async (tx) => {
      await tx.people.insert(person);
      await server.kill();
      await tx.people.count({});
    });
    await expect(cut).rejects.toMatchObject(unavailable);
    await server.restart();
    expect(await database.read.people.get(person.id)).toBeUndefined();
  });

  it("refuses within its bound while the server answers nothing, and works when it does again", async () => {
    await write();
    process.kill(server.pid(), "SIGSTOP");
    const workers = await stopWorkers(server.pid());
    try {
      const waits = await Promise.all(Array.from({ length: 15 }, () => timed(write())));
      expect(Math.max(...waits)).toBeLessThan(4 * BOUND_MS);
      await expect(write()).rejects.toMatchObject(unavailable);
      await expect(database.ping()).rejects.toMatchObject(unavailable);
    } finally {
      for (const pid of [server.pid(), ...workers]) process.kill(pid, "SIGCONT");
    }
    await pause(200);
    await Promise.all(Array.from({ length: 15 }, write));
    await database.ping();
  });

  it("throws connections away that went silent, so that a network that came back is used at once", async () => {
    const proxy = await startProxy(Number(new URL(server.url).port));
    const url = server.url.replace(/:\d+\//, `:${proxy.port}/`);
    const far = await openDatabase({ url, clock, ids, nodeId, log: () => undefined, timeoutMs: BOUND_MS });
    const farWrite = (): Promise<void> =>
      far.write(async (tx) => {
        await tx.audit.append(auditEntry());
        await pause(20);
      });
    await Promise.all(Array.from({ length: 10 }, farWrite));
    proxy.silence();
    const refused = await Promise.allSettled(Array.from({ length: 10 }, farWrite));
    expect(refused.map((one) => one.status)).toEqual(Array.from({ length: 10 }, () => "rejected"));
    await Promise.all(Array.from({ length: 10 }, farWrite));
    await far.close();
    await proxy.stop();
  });

  it("refuses to open what is not there", async () => {
    const url = "postgres://gatehouse@127.0.0.1:1/none";
    const opening = openDatabase({ url, clock, ids, nodeId, log: () => undefined, timeoutMs: BOUND_MS });
    await expect(opening).rejects.toMatchObject(unavailable);
  });
});

describe("SQLite that another process holds", () => {
  it("waits for the lock, refuses past its bound and works afterwards", async () => {
    const opened = await openSqlite();
    const { url, database } = opened;
    const bounded = await openDatabase({ url, clock, ids, nodeId, log: () => undefined, timeoutMs: 300 });
    const write = (of: StorageDatabase): Promise<void> => of.write((tx) => tx.audit.append(auditEntry()));
    let release = (): void => undefined;
    const held = database.write(async (tx) => {
      await tx.audit.append(auditEntry());
      await new Promise<void>((resolve) => (release = resolve));
    });
    await pause(20);
    await expect(write(bounded)).rejects.toMatchObject(unavailable);
    const waiting = write(bounded);
    release();
    await held;
    await waiting;
    expect(await bounded.read.audit.find({})).toHaveLength(2);
    await bounded.close();
    await opened.close();
  });
});

/** A way to the server that can fall silent: connections made before `silence` carry nothing more, later ones do. */
async function startProxy(target: number): Promise<{ port: number; silence(): void; stop(): Promise<void> }> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.pipe(far).pipe(near);
    pairs.add([near, far]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      for (const [near, far] of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    async stop() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Stops every process of the server; answers the workers' ids. */
async function stopWorkers(postmaster: number): Promise<number[]> {
  const { readdir, readFile } = await import("node:fs/promises");
  const stopped: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const status = await readFile(`/proc/${entry}/status`, "utf8").catch(() => "");
    if (!new RegExp(`^PPid:\\s+${postmaster}$`, "m").test(status)) continue;
    process.kill(Number(entry), "SIGSTOP");
    stopped.push(Number(entry));
  }
  return stopped;
}
