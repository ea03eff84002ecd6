/**
 * The node's write-ahead journal: small sealed frames of all recordings, appended in one write at a time by the recorder
 * (FORMAT.md §5). A file is removed when every event in it stands in a synced container. It holds no plaintext.
 */
import { GatehouseError } from "../domain/index.js";
import type { BlobStore, BlobWriter, Clock } from "../domain/index.js";
import { appendJoined } from "./joined-append.js";
import type { OpenRecording } from "./open-recording.js";

export const JOURNAL_PREFIX = "journal-";

/** One file of the journal. */
export interface JournalFile {
  readonly name: string;
  readonly writer: BlobWriter;
  /** Whose frames are in it. */
  readonly recordings: Set<OpenRecording>;
  readonly openedUs: number;
  bytes: number;
  unsynced: boolean;
}

export class Journal {
  readonly #store: BlobStore;
  readonly #clock: Clock;
  readonly #prefix: string;
  #files = 0;
  #current: JournalFile | undefined;

  constructor(store: BlobStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    const startedAt = clock.now();
    this.#prefix = `${JOURNAL_PREFIX}${String(Math.floor(startedAt)).padStart(14, "0")}-`;
  }

  get current(): JournalFile | undefined {
    return this.#current;
  }

  /** Appends entries of these recordings. One call at a time. Rejects when they may not have been written. */
  async append(entries: readonly Uint8Array[], recordings: Iterable<OpenRecording>): Promise<void> {
    this.#current ??= await this.#create();
    const file = this.#current;
    for (const recording of recordings) file.recordings.add(recording);
    file.bytes += await appendJoined(file.writer, entries);
    file.unsynced = true;
  }

  /** The next append begins a new file; answers the one before. Not while an append runs. */
  rotate(): JournalFile | undefined {
    const file = this.#current;
    this.#current = undefined;
    return file;
  }

  async sync(file = this.#current): Promise<void> {
    if (file?.unsynced !== true) return;
    file.unsynced = false;
    await file.writer.sync();
  }

  async remove(file: JournalFile): Promise<void> {
    await file.writer.abandon();
    await this.#store.remove(file.name);
  }

  async #create(): Promise<JournalFile> {
    for (;;) {
      this.#files++;
      const name = `${this.#prefix}${String(this.#files).padStart(8, "0")}`;
      try {
        const writer = await this.#store.create(name);
        return { name, writer, recordings: new Set(), openedUs: this.#clock.monotonicUs(), bytes: 0, unsynced: false };
      } catch (error) {
        if (!(error instanceof GatehouseError) || error.code !== "conflict") throw error;
      }
    }
  }
}
