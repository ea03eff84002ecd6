/**
 * How long it takes to find a command among a million, on both databases: `ROWS` commands of a skewed vocabulary, then searches
 * by common and rare words, alone and together. Prints one line a database and kind of search: p50 and p99 in milliseconds.
 * Run by `node test/bench/run-ts.mjs test/bench/search.bench.ts`.
 */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asId } from "../../gateway/domain/index.js";
import type { NodeId } from "../../gateway/domain/index.js";
import { createIds, openDatabase } from "../../gateway/storage/index.js";
import type { StorageDatabase } from "../../gateway/storage/index.js";
import pg from "pg";
import { startPostgres } from "../support/postgres.js";

const ROWS = Number(process.env["GATEHOUSE_BENCH_ROWS"] ?? 1_000_000);
const BATCH = 5_000;
const COMMANDS_A_RECORDING = 200;
const WORDS = 50_000;
const TOKENS = 5;
const RUNS = 100;
const ids = createIds();

/** A fixed sequence, so that two runs compare. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function token(word: number): string {
  return createHash("sha256").update(`word ${word}`).digest("hex").slice(0, 16);
}

/** Low words are common (word 0 stands in about a fifth of all commands), high ones rare. */
function pick(random: () => number): number {
  return Math.floor(WORDS ** random()) - 1;
}

async function fill(database: StorageDatabase): Promise<void> {
  const random = sequence(7);
  const recordings = Array.from({ length: Math.ceil(ROWS / COMMANDS_A_RECORDING) }, () => ids.next());
  for (let from = 0; from < ROWS; from += BATCH) {
    const entries = Array.from({ length: Math.min(BATCH, ROWS - from) }, (_unused, offset) => ({
      id: ids.next(),
      recordingId: recordings[Math.floor((from + offset) / COMMANDS_A_RECORDING)] ?? "",
      kind: "command" as const,
      atUs: offset,
      at: 1_700_000_000_000 + from + offset,
      sealed: "s".repeat(120),
      tokens: Array.from({ length: TOKENS }, () => token(pick(random))),
    }));
    await database.write((tx) => tx.search.add(entries));
  }
}

async function measure(database: StorageDatabase, name: string): Promise<void> {
  const random = sequence(11);
  const cases: Record<string, () => number[]> = {
    "one common word": () => [Math.floor(random() * 3)],
    "one rare word": () => [Math.floor(random() * 40_000) + 1_000],
    "two common words": () => [Math.floor(random() * 4), Math.floor(random() * 4) + 4],
    "common and rare": () => [Math.floor(random() * 4), Math.floor(random() * 5_000) + 200],
    "three words": () => [0, 1, Math.floor(random() * 200) + 5],
    "words that never meet": () => [0, 9_999_999],
  };
  for (const [label, words] of Object.entries(cases)) {
    const times: number[] = [];
    let found = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const start = performance.now();
      found += (await database.read.search.find({ tokens: words().map(token), kind: "command", limit: 50 })).length;
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const at = (share: number): string => (times[Math.floor(share * (RUNS - 1))] ?? 0).toFixed(1);
    print(`${name} · ${label}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${found / RUNS} found`);
  }
}

async function bench(name: string, url: string): Promise<void> {
  const clock = { now: () => 1_800_000_000_000, monotonicUs: () => 0 };
  const nodeId = asId<NodeId>("bench");
  const database = await openDatabase({ url, clock, ids, nodeId, log: () => undefined, timeoutMs: 120_000 });
  const start = performance.now();
  await fill(database);
  print(`${name} · ${ROWS} commands added in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  await settle(url);
  await measure(database, name);
  await database.close();
}

/** What PostgreSQL's own housekeeping does within minutes; a million commands never come in one minute but here. */
async function settle(url: string): Promise<void> {
  if (!url.startsWith("postgres")) return;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("VACUUM ANALYZE");
  await client.end();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const folder = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
await bench("SQLite", `sqlite:${join(folder, "bench.db")}`);
await rm(folder, { recursive: true });
const server = await startPostgres();
await bench("PostgreSQL", server.url);
await server.stop();
