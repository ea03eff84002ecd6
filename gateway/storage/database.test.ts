import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asId } from "../domain/index.js";
import type { NodeId, Unit, UnitId } from "../domain/index.js";
import { createIds, openDatabase } from "./index.js";
import type { StorageDatabase } from "./index.js";

const ids = createIds();
const clock = { now: () => 1_800_000_000_000, monotonicUs: () => 0 };

function unit(name: string): Unit {
  const createdAt = clock.now();
  return { id: asId<UnitId>(ids.next()), parentId: null, name, nameKey: name, state: "active", createdAt };
}

describe("SQLite behind one queue", () => {
  let folder: string;
  let database: StorageDatabase;
  const open = (timeoutMs: number): Promise<StorageDatabase> =>
    openDatabase({
      url: `sqlite:${join(folder, "gatehouse.db")}`,
      clock,
      ids,
      nodeId: asId<NodeId>("node"),
      log: () => undefined,
      timeoutMs,
    });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-storage-"));
    database = await open(10_000);
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });

  it("keeps two good transactions beside one that rolls back", async () => {
    const turn = () => new Promise((resolve) => setTimeout(resolve, 10));
    const insert = async (name: string, fails: boolean) =>
      database.write(async (tx) => {
        await tx.units.insert(unit(name));
        await turn();
        await tx.units.insert(unit(`${name} again`));
        if (fails) throw new Error("no");
      });
    const outcomes = await Promise.allSettled([insert("bad", true), insert("a", false), insert("b", false)]);
    expect(outcomes.map((one) => one.status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    const names = (await database.read.units.find({}, { orderBy: "name" })).map((row) => row.name);
    expect(names).toEqual(["a", "a again", "b", "b again"]);
  });

  it("lets everything else on the node go on while a long transaction runs", async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      ticking = setImmediate(count);
    };
    let ticking = setImmediate(count);
    const rows = Array.from({ length: 160 }, (_, at) => unit(`u${String(at)}`));
    await database.write(async (tx) => {
      for (const row of rows) await tx.units.insert(row);
    });
    clearImmediate(ticking);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it("ends a transaction that takes too long, and the next one works", async () => {
    const bounded = await open(400);
    const slow = bounded.write(async (tx) => {
      await tx.units.insert(unit("slow"));
      await new Promise((resolve) => setTimeout(resolve, 600));
      await tx.units.insert(unit("too late"));
    });
    await expect(slow).rejects.toMatchObject({ code: "storage-unavailable" });
    await bounded.write((tx) => tx.units.insert(unit("next")));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await bounded.close();
    expect((await database.read.units.find({})).map((row) => row.name)).toEqual(["next"]);
  });
});
