/**
 * Eight hours of somebody's work at a terminal, recorded under a clock that runs ahead: commands with their output, a monitor that redraws
 * the screen for minutes, now and then a long listing. Written into a stopped gateway's data folder by its own recorder and keys.
 */
import { join } from "node:path";
import { asId } from "../../gateway/domain/index.js";
import type { ChannelTap, Clock, Grant, Person, RecordingId } from "../../gateway/domain/index.js";
import { createRecorder } from "../../gateway/recording/index.js";
import type { Recorder } from "../../gateway/recording/index.js";
import { createLocalBlobs } from "../../gateway/storage/index.js";
import { clock as wall, ids, rows, type OpenedData } from "./seed.js";

const HOURS = 8;
const SECONDS = HOURS * 3600;
const STEP_SECONDS = 2;
const HEADS_EVERY = 10;
const MONITOR_EVERY = 300;
const MONITOR_FOR = 60;
const LISTING_EVERY = 1_800;
const LISTING_LINES = 40_000;
const GENEROUS = { sessionBytes: 1e12, bytesPerSecond: 1e12, rateWindowMs: 10_000, reserveBytes: 1e6 };
const PTY = { term: "xterm", cols: 120, rows: 40 };

export interface LongRecording {
  readonly id: string;
  readonly bytes: number;
  readonly shownBytes: number;
}

function listing(lines: number, seed: number): Buffer {
  const text = Array.from({ length: lines }, (_, n) => {
    const size = (Math.imul(seed + n, 2_654_435_761) >>> 0).toString();
    return `-rw-r--r-- 1 root adm ${size.padStart(10)} Nov  3 10:${String(n % 60).padStart(2, "0")} \u001b[32m${size}.log\u001b[0m`;
  });
  return Buffer.from(`${text.join("\r\n")}\r\n`);
}

function monitor(second: number): Buffer {
  const lines = Array.from({ length: PTY.rows - 1 }, (_, n) => {
    const load = (Math.imul(second + 31 * n, 1_103_515_245) >>> 16) % 1_000;
    return `\u001b[${n + 2};1H\u001b[K${String(1_000 + n).padStart(6)} app      20   0  ${load}m  ${load * 3}m S \u001b[1m${(load / 10).toFixed(1)}\u001b[0m  0.3 worker-${n}`;
  });
  return Buffer.from(`\u001b[H\u001b[Ktop - ${second}${lines.join("")}`);
}

function shownAt(second: number): Buffer {
  if (second > 0 && second % LISTING_EVERY === 0) return listing(LISTING_LINES, second);
  if (second % MONITOR_EVERY >= MONITOR_EVERY - MONITOR_FOR) return monitor(second);
  return Buffer.concat([
    Buffer.from(`ls -l /srv/app-${second}\r\n`),
    listing(5 + (second % 30), second),
    Buffer.from("$ "),
  ]);
}

async function work(channel: ChannelTap, recorder: Recorder, tick: (second: number) => void): Promise<number> {
  let shownBytes = 0;
  for (let second = 0; second < SECONDS; second += STEP_SECONDS) {
    tick(second);
    const shown = shownAt(second);
    shownBytes += shown.length;
    await channel.output(shown);
    if (second % HEADS_EVERY === 0) await recorder.heads();
  }
  return shownBytes;
}

/** Records the eight hours and writes the rows of the session they belong to. */
export async function recordEightHours(
  { folder, database, vault, nodeId }: OpenedData,
  login: string,
): Promise<LongRecording> {
  const [person] = await database.read.people.find({ login });
  const [grant] = person === undefined ? [] : await database.read.grants.find({ personId: person.id });
  if (person === undefined || grant === undefined) throw new Error("nobody to record");
  const startedAt = wall.now() - SECONDS * 1_000;
  let second = 0;
  const clock: Clock = { now: () => startedAt + second * 1_000, monotonicUs: () => second * 1_000_000 };
  const recorder = await createRecorder({
    blobs: createLocalBlobs(join(folder, "recordings")),
    journal: createLocalBlobs(join(folder, "journal")),
    crypto: vault,
    clock,
    nodeId,
    quotas: GENEROUS,
    log: () => undefined,
  });
  const recordingId = asId<RecordingId>(ids.next());
  const sessionId = ids.next();
  const { tap, finished } = await recorder.open({ recordingId, sessionId, meta: { login } });
  const channel = await tap.openChannel({ kind: "shell", detail: "", pty: PTY, keepBytes: Infinity, beyond: "cut" });
  const shownBytes = await work(channel, recorder, (now) => {
    second = now;
  });
  second = SECONDS;
  await channel.close();
  await tap.close("left");
  const facts = await finished;
  await recorder.close();
  if (!facts.complete) throw new Error(`the long recording ended because ${facts.because}`);
  const span = { startedAt, endedAt: startedAt + SECONDS * 1_000 };
  await writeRows(database, { person, grant, sessionId, recordingId, nodeId, span, facts });
  return { id: recordingId, bytes: facts.bytes, shownBytes };
}

async function writeRows(
  database: OpenedData["database"],
  input: {
    readonly person: Person;
    readonly grant: Grant;
    readonly sessionId: string;
    readonly recordingId: RecordingId;
    readonly nodeId: OpenedData["nodeId"];
    readonly span: { readonly startedAt: number; readonly endedAt: number };
    readonly facts: {
      readonly durationUs: number;
      readonly bytes: number;
      readonly frames: number;
      readonly closingHash: string | null;
    };
  },
): Promise<void> {
  const { person, grant, recordingId, nodeId, span, facts } = input;
  const { startedAt, endedAt } = span;
  const { durationUs, bytes, frames, closingHash } = facts;
  const { unitId, accountId, assetId } = grant;
  const session = rows.session({
    id: asId(input.sessionId),
    unitId,
    grantId: grant.id,
    personId: person.id,
    accountId,
    assetId,
    nodeId,
    state: "ended",
    because: "left",
    recordingId,
    startedAt,
    endedAt,
    leaseUntil: endedAt,
  });
  const closed = { outcome: "recorded", openedAt: startedAt, closedAt: endedAt } as const;
  await database.write(async (tx) => {
    await tx.sessions.insert(session);
    await tx.channels.insert(rows.channel(session.id, 1, { ...closed, bytesOut: 0 }));
    const sealed = { durationUs, bytes, frames, closingHash };
    const at = { id: recordingId, sessionId: session.id, unitId, nodeId, startedAt, endedAt };
    await tx.recordings.insert(rows.recording({ ...at, ...sealed, state: "complete" }));
  });
}
