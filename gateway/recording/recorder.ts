/**
 * The recorder of one node: opens recordings, commits what they hold in groups through one journal write at a time, syncs at
 * least every second, and keeps the disk reserve. What happens within one recording is open-recording.ts.
 */
import { GatehouseError } from "../domain/index.js";
import type { RecordingId } from "../domain/index.js";
import { EventType, SUITE, Stream, encodeJson, encodePrelude, toBase64, toHex } from "../../recordings/codec/index.js";
import { ContainerFile } from "./container-file.js";
import type { Reach } from "./container-file.js";
import type { OpenTap, Recorder, RecorderDeps } from "./contract.js";
import { Journal } from "./journal.js";
import type { JournalFile } from "./journal.js";
import { OpenRecording } from "./open-recording.js";
import { SessionTap } from "./tap.js";
import { FrameCompressor } from "./zstd.js";

/** Shorter than the promised second by what a sync itself may take. */
const SYNC_EVERY_MS = 700;
const JOURNAL_BYTES_MAX = 64 * 1024 * 1024;
/** A file of the journal is begun anew after this long; as long may kept input wait for its container frame. */
const JOURNAL_US_MAX = 50_000_000;
const SYNCS_AT_ONCE = 2;
/** Free space is looked at every fourth tick, and at each from four times the reserve on. */
const FREE_EVERY_TICKS = 4;
const NEAR_RESERVE = 4;

/** What a container is called in the blob store. */
export function containerName(id: string): string {
  return `${id}.ghr`;
}

/** Opens the node's recorder. Recordings of a dead process are to be recovered before (see recover.ts). */
export async function createRecorder(deps: RecorderDeps): Promise<NodeRecorder> {
  const recorder = new NodeRecorder(deps);
  await recorder.start();
  return recorder;
}

export class NodeRecorder implements Recorder {
  readonly #deps: RecorderDeps;
  readonly #journal: Journal;
  readonly #compressor: FrameCompressor;
  readonly #recordings = new Map<RecordingId, OpenRecording>();
  readonly #waking = new Set<OpenRecording>();
  #scheduled = false;
  #committing = false;
  #rotateDue = false;
  #ticks = 0;
  #freeBytes = 0;
  #retiring: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #closed = false;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#compressor = new FrameCompressor(deps.clock);
    this.#journal = new Journal(deps.journal, deps.clock);
  }

  async start(): Promise<void> {
    await this.health();
    this.#timer = setInterval(() => {
      this.#ticking ??= this.#tick().finally(() => {
        this.#ticking = undefined;
      });
    }, SYNC_EVERY_MS);
    this.#timer.unref();
  }

  async open(input: Parameters<Recorder["open"]>[0]): Promise<OpenTap> {
    const { recordingId, sessionId, meta } = input;
    const health = await this.health();
    if (this.#closed || !health.ok) throw unavailable("no room for a recording");
    const { wrapped, sealer } = this.#deps.crypto.newRecordingKeys(recordingId);
    const { clock, nodeId, crypto } = this.#deps;
    const startedUs = Math.floor(clock.monotonicUs());
    const signer = toBase64(crypto.evidence.publicKey);
    const startedAt = Math.floor(clock.now());
    const prelude = encodePrelude({
      v: 1,
      suite: SUITE,
      recordingId,
      sessionId,
      nodeId,
      startedAt,
      keys: wrapped,
      signer,
    });
    const hooks = {
      compressor: this.#compressor,
      wake: (one: OpenRecording) => this.#wake(one),
      ended: (one: OpenRecording) => this.#ended(one),
    };
    const recording = new OpenRecording(this.#deps, hooks, recordingId, sealer, startedUs);
    try {
      const writer = await this.#deps.blobs.create(containerName(recordingId));
      await writer.append(prelude);
      const written = (reach: Reach): void => recording.written(reach);
      const failed = (error: unknown): void => recording.fail("recorder-failed", error);
      recording.attach(new ContainerFile(writer, prelude, { written, failed }));
      this.#recordings.set(recordingId, recording);
      recording.add(Stream.main, EventType.session, 0, encodeJson(meta));
      await recording.accepted(0);
    } catch (error) {
      this.#recordings.delete(recordingId);
      throw error instanceof GatehouseError && error.code === "conflict"
        ? error
        : unavailable("cannot write a recording", error);
    }
    return { tap: new SessionTap(recording), finished: recording.finished };
  }

  async health(): Promise<{ readonly ok: boolean; readonly freeBytes: number }> {
    try {
      const [blobs, journal] = await Promise.all([this.#deps.blobs.health(), this.#deps.journal.health()]);
      const freeBytes = Math.min(blobs.freeBytes, journal.freeBytes);
      this.#freeBytes = freeBytes;
      return { ok: blobs.writable && journal.writable && freeBytes >= this.#deps.quotas.reserveBytes, freeBytes };
    } catch (error) {
      this.#deps.log("error", "recording storage does not answer", { cause: String(error) });
      return { ok: false, freeBytes: 0 };
    }
  }

  async heads(): Promise<
    readonly { readonly recordingId: RecordingId; readonly head: string; readonly bytes: number }[]
  > {
    const recordings = [...this.#recordings.values()];
    for (const recording of recordings) recording.flushMain();
    this.#rotateOld();
    const heads = [];
    for (const recording of recordings) {
      const written = await recording.container.drained().then(
        () => true,
        () => false,
      );
      if (!written || recording.failed) continue;
      const { head, bytes } = recording.container;
      heads.push({ recordingId: recording.id, head: toHex(head), bytes });
    }
    return heads;
  }

  async flush(
    id: RecordingId,
  ): Promise<{ readonly bytes: number; readonly index: readonly (readonly [number, number, number])[] } | undefined> {
    const recording = this.#recordings.get(id);
    if (recording === undefined) return undefined;
    recording.flush();
    const { container } = recording;
    const { bytes } = container;
    const index = container.index();
    await container.drained();
    return { bytes, index };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#ticking;
    while (this.#committing || this.#scheduled) await new Promise((resolve) => setImmediate(resolve));
    const last = this.#journal.rotate();
    if (last !== undefined) this.#retire(last);
    await this.#retiring;
  }

  #wake(recording: OpenRecording): void {
    this.#waking.add(recording);
    this.#schedule();
  }

  #ended(recording: OpenRecording): void {
    this.#recordings.delete(recording.id);
    this.#waking.delete(recording);
  }

  /** After the events of this turn of the loop, so that what came in together is committed together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
    });
  }

  #commit(): void {
    const entries: Uint8Array[] = [];
    const reaches: { recording: OpenRecording; reach: Reach }[] = [];
    for (const recording of this.#waking) {
      const { bulk } = recording;
      if (this.#committing && !bulk) continue;
      this.#waking.delete(recording);
      // A busy container wakes its recording when it is done.
      if (bulk && !recording.container.busy) recording.bypassJournal();
      if (bulk || this.#committing) continue;
      const taken = recording.takeForJournal();
      if (taken === undefined) continue;
      entries.push(...taken.entries);
      reaches.push({ recording, reach: taken.reach });
    }
    if (this.#committing) return;
    if (this.#rotateDue) this.#rotate();
    if (entries.length > 0) void this.#append(entries, reaches);
  }

  async #append(
    entries: readonly Uint8Array[],
    reaches: readonly { recording: OpenRecording; reach: Reach }[],
  ): Promise<void> {
    this.#committing = true;
    try {
      await this.#journal.append(
        entries,
        reaches.map(({ recording }) => recording),
      );
      for (const { recording, reach } of reaches) if (!recording.failed) recording.reached(reach);
      if ((this.#journal.current?.bytes ?? 0) >= JOURNAL_BYTES_MAX) this.#rotateDue = true;
    } catch (error) {
      this.#journalFailed(error);
    } finally {
      this.#committing = false;
      if (this.#waking.size > 0 || this.#rotateDue) this.#schedule();
    }
  }

  /** Nothing can be accepted without the journal: every recording ends. A later one may try with a new file. */
  #journalFailed(error: unknown): void {
    const file = this.#journal.rotate();
    const recordings = new Set([...this.#recordings.values(), ...(file?.recordings ?? [])]);
    for (const recording of recordings) recording.fail("recorder-failed", error);
    // The file stays for the recovery of what it holds.
    void file?.writer.abandon().catch(() => undefined);
  }

  #rotateOld(): void {
    const { current } = this.#journal;
    if (current === undefined || this.#deps.clock.monotonicUs() - current.openedUs < JOURNAL_US_MAX) return;
    this.#rotateDue = true;
    this.#schedule();
  }

  #rotate(): void {
    this.#rotateDue = false;
    const file = this.#journal.rotate();
    if (file === undefined) return;
    for (const recording of file.recordings) if (recording.live && recording.journaled) recording.flush();
    this.#retire(file);
  }

  #retire(file: JournalFile): void {
    this.#retiring = this.#retiring
      .then(() => this.#retireNow(file))
      .catch((error: unknown) => {
        this.#deps.log("error", "journal file could not be retired", { file: file.name, cause: String(error) });
      });
  }

  /** Removes a journal file once its events stand in synced containers; keeps it when one of its recordings failed. */
  async #retireNow(file: JournalFile): Promise<void> {
    await this.#journal.sync(file);
    await eachOf([...file.recordings], SYNCS_AT_ONCE, (recording) => this.#settleContainer(recording));
    if ([...file.recordings].some((recording) => recording.failed)) {
      await file.writer.abandon();
      return;
    }
    await this.#journal.remove(file);
  }

  async #settleContainer(recording: OpenRecording): Promise<void> {
    try {
      await recording.container.drained();
      if (recording.live) await recording.sync();
      else await recording.finished;
    } catch (error) {
      recording.fail("recorder-failed", error);
    }
  }

  async #tick(): Promise<void> {
    this.#ticks++;
    this.#rotateOld();
    try {
      await this.#journal.sync();
    } catch (error) {
      this.#journalFailed(error);
    }
    const bulk = [...this.#recordings.values()].filter((recording) => recording.needsSync);
    await eachOf(bulk, SYNCS_AT_ONCE, async (recording) => {
      await recording.sync().catch((error: unknown) => recording.fail("recorder-failed", error));
    });
    if (this.#recordings.size > 0) await this.#keepReserve();
  }

  /** Below half the reserve the fastest recording ends, one each tick, so that one flood does not end the others. */
  async #keepReserve(): Promise<void> {
    let fastest: OpenRecording | undefined;
    for (const recording of this.#recordings.values()) {
      const { bytes } = recording.container;
      recording.recentBytes = recording.recentBytes / 2 + (bytes - recording.seenBytes);
      recording.seenBytes = bytes;
      if (recording.live && recording.recentBytes > (fastest?.recentBytes ?? -1)) fastest = recording;
    }
    const { reserveBytes } = this.#deps.quotas;
    const near = this.#freeBytes < NEAR_RESERVE * reserveBytes;
    if (!near && this.#ticks % FREE_EVERY_TICKS !== 0) return;
    const { freeBytes } = await this.health();
    if (freeBytes < reserveBytes / 2) fastest?.fail("quota", new Error("disk reserve is nearly used up"));
  }
}

function unavailable(message: string, cause?: unknown): GatehouseError {
  return new GatehouseError("storage-unavailable", message, cause);
}

/** Runs `work` over all items, `atOnce` at a time. */
async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const runner = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, runner));
}
