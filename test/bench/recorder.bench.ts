/**
 * The recorder alone, on a folder of its own: acceptance latency of key echo beside many sessions, throughput of bulk output, memory of
 * idle recordings, and the first picture of an 8-hour recording. Build first, bundle it with rolldown
 * (packages external) and run it with `node --expose-gc`; it prints one JSON line a figure.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordingId } from "../../gateway/domain/index.js";
import { createLibrary, createRecorder } from "../../gateway/recording/index.js";
import type { RecorderDeps } from "../../gateway/recording/index.js";
import { createLocalBlobs } from "../../gateway/storage/blobs/local.js";
import { TestRecordingCrypto } from "../support/recording-crypto.js";

const shell = {
  kind: "shell",
  detail: "",
  pty: { term: "xterm", cols: 120, rows: 40 },
  keepBytes: Infinity,
  beyond: "cut",
} as const;
const workerUrl = new URL("../../dist/gateway/recording/derive/worker.js", import.meta.url);
const folder = await mkdtemp(join(tmpdir(), "recorder-bench-"));
const crypto = new TestRecordingCrypto();
let skewUs = 0;
const clock = { now: () => Date.now(), monotonicUs: () => Number(process.hrtime.bigint() / 1000n) + skewUs };
const quotas = { sessionBytes: 1e12, bytesPerSecond: 1e12, rateWindowMs: 10_000, reserveBytes: 1e6 };
const blobs = createLocalBlobs(join(folder, "blobs"));
const journal = createLocalBlobs(join(folder, "journal"));
const deps: RecorderDeps = {
  blobs,
  journal,
  crypto,
  clock,
  nodeId: randomUUID(),
  quotas,
  log: (level, message, detail) => console.error(level, message, detail),
};
const recorder = await createRecorder(deps);
const open = async () => {
  const recordingId = randomUUID() as RecordingId;
  const { tap, finished } = await recorder.open({ recordingId, sessionId: randomUUID(), meta: {} });
  return { tap, finished, id: recordingId, channel: await tap.openChannel(shell) };
};
const say = (name: string, figures: object) => console.log(JSON.stringify({ name, ...figures }));
const ms = (from: bigint) => Number(process.hrtime.bigint() - from) / 1e6;
const quantile = (values: number[], q: number) =>
  Number((values.sort((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? 0).toFixed(3));

async function echo(sessions: number, keys: number): Promise<void> {
  const all = await Promise.all(Array.from({ length: sessions }, open));
  const waits: number[] = [];
  await Promise.all(
    all.map(async ({ channel }, n) => {
      await new Promise((resolve) => setTimeout(resolve, (n / sessions) * 100));
      for (let key = 0; key < keys; key++) {
        const from = process.hrtime.bigint();
        await channel.input(Buffer.from("x"), { endsLine: false, secret: false });
        await channel.output(Buffer.from("x"));
        waits.push(ms(from));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }),
  );
  say("key and echo accepted, ms", {
    sessions,
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    most: quantile(waits, 1),
  });
  await Promise.all(all.map(({ tap }) => tap.close("left")));
}

async function bulk(name: string, chunk: Buffer, megabytes: number): Promise<void> {
  const { tap, channel, finished } = await open();
  const from = process.hrtime.bigint();
  const waiting: Promise<void>[] = [];
  for (let n = 0; n < (megabytes * 1e6) / chunk.length; n++) {
    waiting.push(channel.output(chunk));
    if (waiting.length >= 32) await waiting.shift();
  }
  await Promise.all(waiting);
  const took = ms(from);
  await tap.close("left");
  say(`bulk ${name}`, {
    megabytes,
    ms: Math.round(took),
    mbPerS: Math.round((megabytes * 1000) / took),
    ratio: Number(((await finished).bytes / (megabytes * 1e6)).toFixed(3)),
  });
}

async function idle(count: number): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const all = [];
  for (let n = 0; n < count; n += 50) all.push(...(await Promise.all(Array.from({ length: 50 }, open))));
  await Promise.all(all.map(({ channel }) => channel.output(Buffer.from("user@host:~$ "))));
  await recorder.heads();
  globalThis.gc?.();
  const after = process.memoryUsage();
  const each = (key: "heapUsed" | "rss" | "external") => Math.round((after[key] - before[key]) / count);
  say("memory an idle recording, bytes", {
    count,
    heap: each("heapUsed"),
    external: each("external"),
    rss: each("rss"),
  });
  const from = process.hrtime.bigint();
  await recorder.heads();
  say("heads of all, ms", { count, ms: Math.round(ms(from)) });
  await Promise.all(all.map(({ tap }) => tap.close("left")));
}

async function eightHours(): Promise<void> {
  const { tap, channel, id } = await open();
  const screenful = () =>
    `\u001b[H${Array.from({ length: 38 }, (_, row) => `\u001b[${row + 1};1H\u001b[3${row % 8}m${randomBytes(40).toString("base64")}\u001b[0m`).join("")}`;
  for (let second = 0; second < 8 * 3600; second++) {
    skewUs += 1_000_000;
    await channel.output(
      Buffer.from(second % 20 === 0 ? screenful() : `tick ${second} ${"x".repeat(second % 60)}\r\n`),
    );
    if (second % 10 === 0) await recorder.heads();
  }
  await tap.close("left");
  const library = createLibrary({
    blobs,
    crypto,
    workers: 1,
    workerUrl,
    log: () => undefined,
  });
  const from = process.hrtime.bigint();
  const { durationUs, keyframes } = await library.derived(id);
  say("8 h derived once, ms", { ms: Math.round(ms(from)), keyframes: keyframes.length });
  const waits: number[] = [];
  for (let n = 0; n < 50; n++) {
    const fresh = createLibrary({ blobs, crypto, workers: 1, workerUrl, log: () => undefined });
    const atUs = Math.floor((durationUs * (n + 0.5)) / 50);
    const begin = process.hrtime.bigint();
    const keyframe = await fresh.keyframe(id, channel.number, atUs);
    const reader = await fresh.read(id);
    for await (const event of reader?.events(keyframe.atUs, atUs) ?? []) if (event.atUs > atUs) break;
    await reader?.close();
    waits.push(ms(begin));
  }
  say("first picture anywhere in 8 h, ms", { p50: quantile(waits, 0.5), most: quantile(waits, 1) });
  await library.close();
}

await echo(1, 50);
await echo(200, 30);
await bulk("base64, 32 KiB chunks", Buffer.from(randomBytes(24_576).toString("base64")), 64);
await bulk(
  "log lines, 32 KiB chunks",
  Buffer.from(
    Array.from(
      { length: 420 },
      () =>
        `Nov 22 01:${10 + Math.floor(Math.random() * 50)}:00 web-01 app[${Math.floor(Math.random() * 9999)}]: GET /api/v1/items/${Math.floor(Math.random() * 1e6)} 200\r\n`,
    ).join(""),
  ),
  64,
);
await idle(2000);
await eightHours();
await recorder.close();
await rm(folder, { recursive: true });
