/** Finding a command among a million, on both databases: runs search.bench.ts and takes its slowest kind of search. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ms, type Row } from "./figures.js";

const BOUND_MS = 100;
const LINE = /^(\S+) · (.+): p50 ([\d.]+) ms, p99 ([\d.]+) ms/;
const run = promisify(execFile);

export async function measureSearch(): Promise<Row[]> {
  const program = ["run-ts.mjs", "search.bench.ts"].map((name) => join(import.meta.dirname, name));
  const { stdout } = await run(process.execPath, program, { maxBuffer: 1 << 24 });
  const slowest = new Map<string, { what: string; p50: number; p99: number }>();
  for (const line of stdout.split("\n")) {
    const [, database, what, p50, p99] = LINE.exec(line) ?? [];
    if (database === undefined || what === undefined) continue;
    const known = slowest.get(database);
    if (known === undefined || known.p99 < Number(p99))
      slowest.set(database, { what, p50: Number(p50), p99: Number(p99) });
  }
  if (slowest.size < 2) throw new Error(`search.bench.ts said nothing to read:\n${stdout}`);
  return [...slowest].map(([database, { what, p50, p99 }]) => ({
    what: `a command among 1,000,000, ${database}`,
    gatehouse: `p99 ${ms(p99)} (p50 ${ms(p50)})`,
    peers: `slowest kind: ${what}`,
    ratio: "",
    bound: `≤ ${BOUND_MS} ms`,
    ok: p99 <= BOUND_MS,
  }));
}
