/**
 * Reads recordings for replay, search and export. Containers are opened and decompressed here; terminals and desktops are emulated
 * in workers, which get plaintext only and never a key. Who may read is decided before, by the broker.
 */
import { GatehouseError } from "../domain/index.js";
import type { BlobReader, BlobStore, RecordingId } from "../domain/index.js";
import {
  AsciicastWriter,
  EventType,
  asciicastHeader,
  decodeJson,
  encodeUtf8,
  verifyContainer,
} from "../../recordings/codec/index.js";
import type { ContainerHeader, RecordedEvent, Verdict } from "../../recordings/codec/index.js";
import { blobChunks } from "./blob-chunks.js";
import { openContainer } from "./container-reader.js";
import type { BlobContainerReader } from "./container-reader.js";
import type { Derived, Keyframe, Library, Recorder, RecorderDeps, RecordingCrypto, StreamOpener } from "./contract.js";
import {
  DerivedFileWriter,
  derivedName,
  readDerived,
  readDirectory,
  readKeyframe,
  readThumbnail,
} from "./derive/derived-file.js";
import type { Directory, Sealer } from "./derive/derived-file.js";
import { batches } from "./derive/frames.js";
import { OpenDerivations } from "./derive/open-derivations.js";
import { WorkerPool } from "./derive/pool.js";
import type { Summary } from "./derive/protocol.js";
import { guacExport } from "./guac-export.js";
import { LiveDesktops } from "./live-desktops.js";
import { nodeVerifyCrypto } from "./node-crypto.js";
import { containerName } from "./recorder.js";
import { textStream } from "./text-stream.js";

export interface LibraryDeps {
  readonly blobs: BlobStore;
  readonly crypto: RecordingCrypto;
  /** How many worker threads derive at once; 1 or 2. One more draws what people watch. */
  readonly workers: number;
  /** The built worker file; by default the one beside this file. */
  readonly workerUrl?: URL;
  /** How long a worker may take over one batch (512 KiB of events) before the derivation fails. 20 s by default. */
  readonly hangMs?: number;
  /** This node's recorder: what it holds of open recordings is put into their containers before they are read. */
  readonly recorder?: Pick<Recorder, "flush">;
  readonly log: RecorderDeps["log"];
}

const HANG_MS = 20_000;
const DIRECTORIES_KEPT = 16;
/** A keyframe that is this much older than what was asked for is still good enough on an open recording. */
const OPEN_STALE_US = 30_000_000;

/** The library of a node. `close` ends its workers. */
export function createLibrary(deps: LibraryDeps): Library {
  return new NodeLibrary(deps);
}

class NodeLibrary implements Library {
  readonly #deps: LibraryDeps;
  readonly #pool: WorkerPool;
  /** A worker for live screens alone, so that nobody who watches waits for a long recording. */
  readonly #watching: WorkerPool;
  readonly #making = new Map<RecordingId, Promise<void>>();
  readonly #directories = new Map<RecordingId, Directory>();
  readonly #open = new OpenDerivations();
  readonly #live: LiveDesktops;

  constructor(deps: LibraryDeps) {
    this.#deps = deps;
    const url = deps.workerUrl ?? new URL("./derive/worker.js", import.meta.url);
    const hangMs = deps.hangMs ?? HANG_MS;
    this.#pool = new WorkerPool(url, Math.max(1, deps.workers), hangMs);
    this.#watching = new WorkerPool(url, 1, hangMs);
    this.#live = new LiveDesktops({ now: this.#watching, past: this.#pool }, deps.log, (id, work) =>
      this.#reading(id, work),
    );
  }

  async read(id: RecordingId): Promise<BlobContainerReader | undefined> {
    const live = await this.#deps.recorder?.flush(id);
    const blob = await this.#deps.blobs.open(containerName(id));
    if (blob === undefined) return undefined;
    try {
      const openerFor = (header: ContainerHeader): StreamOpener => this.#deps.crypto.mainOpener(id, header.keys.main);
      const reader = await openContainer(blob, openerFor, live);
      if (reader === undefined) await blob.close();
      return reader;
    } catch (error) {
      await blob.close();
      throw error;
    }
  }

  async derived(id: RecordingId): Promise<Derived> {
    return this.#reading(id, async (reader) => {
      if (reader.closing === undefined) {
        const { derived } = await this.#openDerivation(id, reader, 0);
        const keyframes = this.#live.keyframes(id);
        return keyframes === undefined ? derived : { ...derived, keyframes };
      }
      this.#isClosed(id);
      return this.#kept(id, reader, (blob, sealer, directory) => readDerived(blob, sealer, directory));
    });
  }

  async keyframe(id: RecordingId, channel: number, atUs: number): Promise<Keyframe> {
    return this.#reading(id, async (reader) => {
      if (reader.closing === undefined) {
        const followed = await this.#live.keyframe(id, reader, channel, atUs);
        if (followed !== undefined) return followed;
        const derivation = await this.#openDerivation(id, reader, atUs);
        return derivation.keyframe(channel, atUs) ?? emptyScreen(derivation.derived.channels, channel);
      }
      return this.#kept(id, reader, async (blob, sealer, directory) => {
        const found = await readKeyframe(blob, sealer, directory, channel, atUs);
        return found ?? emptyScreen(directory.summary.channels, channel);
      });
    });
  }

  async liveScreens(id: RecordingId): Promise<readonly Keyframe[]> {
    return this.#reading(id, async (reader) => {
      const desktops = await this.#live.screens(id, reader);
      if (desktops !== undefined) return desktops;
      const screens: Keyframe[] = [];
      const keyframe = (one: Keyframe): void => void screens.push(one);
      const mode = { what: "screens", keyframes: false } as const;
      await this.#watching.run({ mode, from: [], batches: batches(reader), keyframe });
      return screens;
    });
  }

  grew(id: RecordingId, bytes: number): void {
    this.#live.grew(id, bytes);
  }

  thumbnail(id: RecordingId, channel: number, atUs: number): Promise<Uint8Array | undefined> {
    return this.#reading(id, async (reader) => {
      if (reader.closing === undefined) return undefined;
      return this.#kept(id, reader, (blob, sealer, directory) => readThumbnail(blob, sealer, directory, channel, atUs));
    });
  }

  async verify(id: RecordingId): Promise<Verdict> {
    await this.#deps.recorder?.flush(id);
    const chunks = await this.raw(id);
    if (chunks === undefined) throw new GatehouseError("not-found", "recording has no container");
    return verifyContainer(chunks, nodeVerifyCrypto, this.#deps.crypto.evidence.publicKey);
  }

  async raw(id: RecordingId): Promise<AsyncIterable<Uint8Array> | undefined> {
    const blob = await this.#deps.blobs.open(containerName(id));
    return blob === undefined ? undefined : closing(blob, blobChunks(blob));
  }

  async *asciicast(id: RecordingId, channel: number): AsyncGenerator<Uint8Array> {
    const reader = await this.#mustRead(id);
    try {
      const writer = new AsciicastWriter();
      let plain = false;
      for await (const event of reader.events(0, Infinity)) {
        if (event.channel !== channel) continue;
        if (event.type === EventType.channelOpen) {
          const opening = openingOf(event);
          plain = opening.pty === undefined;
          const { cols, rows, term } = opening.pty ?? { cols: 80, rows: 24, term: "xterm" };
          const facts = { cols, rows, startedAt: reader.header.startedAt, title: opening.detail, env: { TERM: term } };
          yield encodeUtf8(asciicastHeader(facts));
        } else {
          const line = writer.event(plain ? withCarriageReturns(event) : event);
          if (line !== "") yield encodeUtf8(line);
        }
      }
      const rest = writer.end();
      if (rest !== "") yield encodeUtf8(rest);
    } finally {
      await reader.close();
    }
  }

  async *text(id: RecordingId, channel: number): AsyncGenerator<Uint8Array> {
    const reader = await this.#mustRead(id);
    try {
      yield* textStream((text) =>
        this.#pool.run({ mode: { what: "text", channel }, from: [], batches: batches(reader), text }),
      );
    } finally {
      await reader.close();
    }
  }

  async *guac(id: RecordingId, channel: number): AsyncGenerator<Uint8Array> {
    const reader = await this.#mustRead(id);
    try {
      yield* guacExport(reader.events(0, Infinity), channel);
    } finally {
      await reader.close();
    }
  }

  async *input(id: RecordingId, opener: StreamOpener): AsyncGenerator<RecordedEvent> {
    const reader = await this.#mustRead(id);
    try {
      yield* reader.inputEvents(opener);
    } finally {
      await reader.close();
    }
  }

  async remove(id: RecordingId): Promise<void> {
    await this.#making.get(id)?.catch(() => undefined);
    this.#directories.delete(id);
    this.#isClosed(id);
    await this.#deps.blobs.remove(derivedName(id));
    await this.#deps.blobs.remove(containerName(id));
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#watching.close()]);
  }

  async #mustRead(id: RecordingId): Promise<BlobContainerReader> {
    const reader = await this.read(id);
    if (reader === undefined) throw new GatehouseError("not-found", "recording has no container");
    return reader;
  }

  async #reading<T>(id: RecordingId, work: (reader: BlobContainerReader) => Promise<T>): Promise<T> {
    const reader = await this.#mustRead(id);
    try {
      return await work(reader);
    } finally {
      await reader.close();
    }
  }

  /** Derived data of a recording that is still written: made up to now, held in memory for a while, never stored. */
  #openDerivation(id: RecordingId, reader: BlobContainerReader, atUs: number): ReturnType<OpenDerivations["get"]> {
    const oldest = atUs === 0 ? Infinity : atUs - OPEN_STALE_US;
    return this.#open.get(id, reader.bytes, oldest, async (keyframe) => {
      const summary = await this.#pool.run({
        // Desktops of an open recording are followed by themselves.
        mode: { what: "derive", emulate: !(await this.#live.has(id, reader)) },
        from: [],
        batches: batches(reader),
        keyframe,
      });
      return mustHave(summary);
    });
  }

  /** Nothing of an open recording is held once it is closed. */
  #isClosed(id: RecordingId): void {
    this.#open.forget(id);
    this.#live.forget(id);
  }

  /** Lends the derived file, made first when there is none. */
  async #kept<T>(
    id: RecordingId,
    reader: BlobContainerReader,
    use: (blob: BlobReader, sealer: Sealer, directory: Directory) => Promise<T>,
  ): Promise<T> {
    const sealer = this.#deps.crypto.derivedSealer(id, reader.header.keys.main);
    const found = await this.#useFile(id, sealer, use);
    if (found !== undefined) return found.value;
    let making = this.#making.get(id);
    if (making === undefined) {
      making = this.#make(id, reader, sealer).finally(() => this.#making.delete(id));
      this.#making.set(id, making);
    }
    await making;
    const made = await this.#useFile(id, sealer, use);
    if (made === undefined) throw new GatehouseError("internal", "derived data cannot be read back");
    return made.value;
  }

  async #useFile<T>(
    id: RecordingId,
    sealer: Sealer,
    use: (blob: BlobReader, sealer: Sealer, directory: Directory) => Promise<T>,
  ): Promise<{ readonly value: T } | undefined> {
    const blob = await this.#deps.blobs.open(derivedName(id));
    if (blob === undefined) return undefined;
    try {
      const directory = this.#directories.get(id) ?? (await readDirectory(blob, sealer));
      if (directory === undefined) return undefined;
      this.#remember(id, directory);
      return { value: await use(blob, sealer, directory) };
    } finally {
      await blob.close();
    }
  }

  async #make(id: RecordingId, reader: BlobContainerReader, sealer: Sealer): Promise<void> {
    try {
      await this.#makeFile(id, reader, sealer, true);
    } catch (error) {
      this.#deps.log("error", "screens of a recording could not be emulated", {
        recordingId: id,
        cause: String(error),
      });
      await this.#makeFile(id, reader, sealer, false);
    }
  }

  /** Without `emulate` there are no keyframes, typed commands and screen lines: what remains when output was made to break an emulator. */
  async #makeFile(id: RecordingId, reader: BlobContainerReader, sealer: Sealer, emulate: boolean): Promise<void> {
    const file = await DerivedFileWriter.create(this.#deps.blobs, id, sealer);
    try {
      const durationUs = reader.closing?.durationUs;
      const summary = mustHave(
        await this.#pool.run({
          mode: { what: "derive", emulate, ...(durationUs === undefined ? {} : { durationUs }) },
          from: [],
          batches: batches(reader),
          keyframe: (one) => file.keyframe(one),
          thumbnail: (one) => file.thumbnail(one),
        }),
      );
      await file.finish({ ...summary, durationUs: durationUs ?? summary.durationUs });
    } catch (error) {
      await file.abandon();
      await this.#deps.blobs.remove(derivedName(id));
      throw error;
    }
  }

  #remember(id: RecordingId, directory: Directory): void {
    this.#directories.delete(id);
    this.#directories.set(id, directory);
    const [oldest] = this.#directories.keys();
    if (this.#directories.size > DIRECTORIES_KEPT && oldest !== undefined) this.#directories.delete(oldest);
  }
}

async function* closing(blob: BlobReader, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    await blob.close();
  }
}

function mustHave(summary: Summary | undefined): Summary {
  if (summary === undefined) throw new GatehouseError("internal", "derive worker answered without a summary");
  return summary;
}

function emptyScreen(channels: Derived["channels"], channel: number): Keyframe {
  const { cols, rows, fromUs } = channels.find((one) => one.channel === channel) ?? { cols: 80, rows: 24, fromUs: 0 };
  return { channel, atUs: fromUs, cols, rows, state: "" };
}

function openingOf(event: RecordedEvent): {
  readonly detail: string;
  readonly pty?: { cols: number; rows: number; term: string };
} {
  return decodeJson(event.payload) as { detail: string; pty?: { cols: number; rows: number; term: string } };
}

/** A channel without a terminal sends bare line feeds; a player needs both. */
function withCarriageReturns(event: RecordedEvent): RecordedEvent {
  if (event.type !== EventType.output && event.type !== EventType.errorOutput) return event;
  const text = Buffer.from(event.payload).toString("latin1").replace(/\r?\n/g, "\r\n");
  return { ...event, payload: Buffer.from(text, "latin1") };
}
