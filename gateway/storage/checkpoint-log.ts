/**
 * The evidence log over the committed audit events. One sequencer at a time, on whichever node, numbers the events that have
 * no number yet, adds their leaves to the stored tree (its complete subtrees, so that a proof reads a few rows of any size
 * of log) and signs a checkpoint over what it numbered, all in one transaction.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { GatehouseError } from "../domain/index.js";
import type { Checkpoint, CheckpointLog, Clock, Ids } from "../domain/index.js";
import type { Engine } from "./engine.js";
import { checkpoints, treeNodes } from "./entities/index.js";
import {
  consistencySpans,
  foldSubtrees,
  growTree,
  inclusionSpans,
  leafHash,
  nodeName,
  signNote,
  subtreesOf,
} from "./log/index.js";
import type { NoteSigner, Span } from "./log/index.js";
import { statement } from "./scope.js";
import type { Scope } from "./scope.js";
import { createStore } from "./store.js";

/** Events numbered in one transaction: a backlog is worked off in steps that hold the write queue briefly. */
const BATCH = 1_000;
const INSERT_ROWS = 500;
/** Any one number, the same on every node. */
const SEQUENCER_LOCK = 715_002;

export interface CheckpointDeps {
  readonly engine: Engine;
  readonly signer: NoteSigner;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function createCheckpointLog(deps: CheckpointDeps): CheckpointLog {
  const reads = createStore(deps.engine.reads, checkpoints);
  const newest = (limit: number): Promise<Checkpoint[]> => reads.find({}, { orderBy: "size", descending: true, limit });
  return {
    latest: async () => (await newest(1))[0],
    list: newest,
    async advance() {
      let signed: Checkpoint | undefined;
      for (;;) {
        const step = await deps.engine.transaction((scope) => sequence(deps, scope), "latest");
        signed = step?.checkpoint ?? signed;
        if (step === undefined || step.count < BATCH) return signed;
        await nextTurn();
      }
    },
    async inclusion(seq, size) {
      await assertSize(deps.engine.reads, size);
      if (!Number.isSafeInteger(seq) || seq < 0 || seq >= size) throw outside();
      return hashesOf(deps.engine.reads, inclusionSpans(seq, size));
    },
    async consistency(from, to) {
      await assertSize(deps.engine.reads, to);
      if (!Number.isSafeInteger(from) || from < 0 || from > to) throw outside();
      return from === 0 ? [] : hashesOf(deps.engine.reads, consistencySpans(from, to));
    },
  };
}

interface Step {
  readonly count: number;
  readonly checkpoint: Checkpoint;
}

/** One batch; undefined when nothing waits or another node is at it. */
async function sequence(deps: CheckpointDeps, scope: Scope): Promise<Step | undefined> {
  if (!(await takeTurn(scope))) return undefined;
  const size = await treeSize(scope);
  const leaves = await numberEvents(scope, size);
  if (leaves.length === 0) return undefined;
  const edge = await hashesByName(scope, subtreesOf({ begin: 0, end: size }).map(nodeName));
  const grown = growTree(size, edge, leaves.map(leafHash));
  await storeNodes(scope, grown);
  const end = size + leaves.length;
  const known = new Map<string, Uint8Array>([...edge, ...grown]);
  const root = foldSubtrees(subtreesOf({ begin: 0, end }).map((node) => hashIn(known, nodeName(node))));
  const checkpoint: Checkpoint = {
    id: deps.ids.next(),
    size: end,
    root: root.toString("base64"),
    note: await signNote(deps.signer, end, root),
    at: deps.clock.now(),
  };
  await createStore(scope, checkpoints).insert(checkpoint);
  return { count: leaves.length, checkpoint };
}

/** SQLite's write queue is turn enough. On PostgreSQL the lock is held until the transaction ends. */
async function takeTurn(scope: Scope): Promise<boolean> {
  if (scope.dialect === "sqlite") return true;
  const { rows } = await statement<{ taken: boolean }>(
    scope,
    `SELECT pg_try_advisory_xact_lock(${SEQUENCER_LOCK}) AS "taken"`,
  );
  return rows[0]?.taken === true;
}

/** Numbers are dense, so the tree's size is the next number. */
async function treeSize(scope: Scope): Promise<number> {
  const { rows } = await statement<{ newest: number | string | null }>(
    scope,
    `SELECT MAX("seq") AS "newest" FROM "audit_event"`,
  );
  const newest = rows[0]?.newest ?? null;
  return newest === null ? 0 : Number(newest) + 1;
}

async function numberEvents(scope: Scope, size: number): Promise<string[]> {
  const { rows } = await statement<{ seq: number | string; leaf: string }>(
    scope,
    `UPDATE "audit_event" SET "seq" = waiting."number" FROM (
       SELECT "id", ${size} - 1 + ROW_NUMBER() OVER (ORDER BY "id") AS "number"
       FROM "audit_event" WHERE "seq" IS NULL ORDER BY "id" LIMIT ${BATCH}
     ) AS waiting WHERE "audit_event"."id" = waiting."id"
     RETURNING "audit_event"."seq" AS "seq", "audit_event"."leaf" AS "leaf"`,
  );
  return [...rows].sort((a, b) => Number(a.seq) - Number(b.seq)).map((row) => row.leaf);
}

async function storeNodes(scope: Scope, nodes: ReadonlyMap<string, Buffer>): Promise<void> {
  const rows = [...nodes].map(([name, hash]) => [name, hash.toString("base64")]);
  for (let from = 0; from < rows.length; from += INSERT_ROWS) {
    const batch = rows.slice(from, from + INSERT_ROWS);
    const sql = `INSERT INTO "${treeNodes.name}" ("id", "hash") VALUES ${batch.map(() => "(?, ?)").join(", ")}`;
    await statement(scope, sql, batch.flat());
  }
}

async function hashesOf(scope: Scope, spans: readonly Span[]): Promise<string[]> {
  const names = spans.flatMap((span) => subtreesOf(span).map(nodeName));
  const known = await hashesByName(scope, names);
  return spans.map((span) =>
    foldSubtrees(subtreesOf(span).map((node) => hashIn(known, nodeName(node)))).toString("base64"),
  );
}

async function hashesByName(scope: Scope, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  if (names.length === 0) return new Map();
  const rows = await createStore(scope, treeNodes).find({ id: { in: names } }, { limit: 1_000 });
  return new Map(rows.map((row) => [row.id, Buffer.from(row.hash, "base64")]));
}

function hashIn(known: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const hash = known.get(name);
  if (hash === undefined) throw new GatehouseError("internal", `the log has lost subtree ${name}`);
  return hash;
}

async function assertSize(scope: Scope, size: number): Promise<void> {
  if (!Number.isSafeInteger(size) || size < 0 || size > (await treeSize(scope))) throw outside();
}

function outside(): GatehouseError {
  return new GatehouseError("not-found", "the log does not reach so far");
}
