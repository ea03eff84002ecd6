/**
 * The container being written: chains records in the order they come, hands them to the blob store one write at a time (what
 * gathered meanwhile goes in the next), and keeps the time index for the closing record. It knows no keys.
 */
import { GatehouseError } from "../domain/index.js";
import type { BlobWriter } from "../domain/index.js";
import type { ClosingBody } from "../../recordings/codec/index.js";
import { appendJoined } from "./joined-append.js";
import { sha256 } from "./node-crypto.js";

const INDEX_EVERY_US = 30_000_000;
/** Also how far from an indexed frame a continued one may stand. */
export const INDEX_EVERY_BYTES = 1024 * 1024;

/** How far the recording's two streams are in the container once a record is written. */
export interface Reach {
  readonly main: number;
  readonly input: number;
}

/** What an unfinished container already holds. */
export interface Resumed {
  readonly facts: { readonly bytes: number; readonly frames: number };
  readonly head: Uint8Array;
  readonly mainFrames: readonly (readonly [timeUs: number, offset: number, firstEvent: number])[];
}

export interface ContainerEvents {
  /** Records up to these event numbers were handed to the operating system. */
  written(reach: Reach): void;
  failed(error: unknown): void;
}

export class ContainerFile {
  readonly #writer: BlobWriter;
  readonly #events: ContainerEvents;
  #head: Uint8Array;
  #bytes: number;
  #frames = 0;
  readonly #index: number[] = [];
  #queue: Uint8Array[] = [];
  #queuedReach: Reach = { main: 0, input: 0 };
  #writing = false;
  #failure: unknown;
  #idle: (() => void)[] = [];

  /** `prelude`, or all that `resumed` tells of, must already stand in `writer`. */
  constructor(writer: BlobWriter, prelude: Uint8Array, events: ContainerEvents, resumed?: Resumed) {
    this.#writer = writer;
    this.#events = events;
    this.#head = resumed?.head ?? sha256([prelude]);
    this.#bytes = prelude.length;
    for (const [timeUs, offset, firstEvent] of resumed?.mainFrames ?? []) {
      this.#bytes = offset;
      this.#addToIndex(timeUs, firstEvent);
    }
    this.#bytes = resumed?.facts.bytes ?? prelude.length;
    this.#frames = resumed?.facts.frames ?? 0;
  }

  /** Length, with what still waits to be written. */
  get bytes(): number {
    return this.#bytes;
  }
  get frames(): number {
    return this.#frames;
  }
  /** Bytes since the newest entry of the index. */
  get sinceIndexed(): number {
    return this.#bytes - (this.#index[this.#index.length - 2] ?? 0);
  }
  /** The chain's newest hash. */
  get head(): Uint8Array {
    return this.#head;
  }
  /** Bytes that the next write will take. */
  get queued(): number {
    return this.#queue.reduce((sum, part) => sum + part.length, 0);
  }
  get busy(): boolean {
    return this.#writing;
  }

  /** Chains a frame and sees to its writing; `reach` is where the streams stand with it. */
  frame(
    head40: Uint8Array,
    body: Uint8Array,
    reach: Reach,
    main?: { readonly timeUs: number; readonly firstEvent: number },
  ): void {
    if (main !== undefined) this.#addToIndex(main.timeUs, main.firstEvent);
    this.#frames++;
    this.#append(head40, body, reach);
  }

  /** Chains the closing record; nothing may follow. */
  closing(head40: Uint8Array, body: Uint8Array): void {
    this.#append(head40, body, this.#queuedReach);
  }

  index(): ClosingBody["index"] {
    const entries: [number, number, number][] = [];
    for (let at = 0; at < this.#index.length; at += 3)
      entries.push([this.#index[at] ?? 0, this.#index[at + 1] ?? 0, this.#index[at + 2] ?? 0]);
    return entries;
  }

  /** Resolves when nothing waits to be written; rejects when writing failed. */
  async drained(): Promise<void> {
    if (this.#writing && this.#failure === undefined) await new Promise<void>((resolve) => this.#idle.push(resolve));
    if (this.#failure !== undefined)
      throw new GatehouseError("recorder-failed", "container cannot be written", this.#failure);
  }

  /** Resolves when all that was written before is on stable storage. */
  async sync(): Promise<void> {
    await this.#writer.sync();
  }

  async finish(): Promise<void> {
    await this.#writer.sync();
    await this.#writer.finish();
  }

  /** Stops writing for good; what waits is dropped. */
  async abandon(cause: unknown): Promise<void> {
    this.#failure ??= cause;
    this.#queue = [];
    this.#wakeIdle();
    await this.#writer.abandon();
  }

  #append(head40: Uint8Array, body: Uint8Array, reach: Reach): void {
    this.#head = sha256([this.#head, head40, body]);
    this.#queue.push(head40, body, this.#head);
    this.#bytes += head40.length + body.length + this.#head.length;
    this.#queuedReach = reach;
    if (!this.#writing && this.#failure === undefined) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#queue.length > 0) {
        const parts = this.#queue;
        const reach = this.#queuedReach;
        this.#queue = [];
        await appendJoined(this.#writer, parts);
        if (this.#failure !== undefined) return;
        this.#events.written(reach);
      }
    } catch (error) {
      this.#failure ??= error;
      this.#events.failed(error);
    } finally {
      this.#writing = false;
      this.#wakeIdle();
    }
  }

  #wakeIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const wake of waiting) wake();
  }

  #addToIndex(timeUs: number, firstEvent: number): void {
    const last = this.#index.length - 3;
    const due =
      last < 0 ||
      timeUs - (this.#index[last] ?? 0) >= INDEX_EVERY_US ||
      this.#bytes - (this.#index[last + 1] ?? 0) >= INDEX_EVERY_BYTES;
    if (due) this.#index.push(timeUs, this.#bytes, firstEvent);
  }
}
