/**
 * Open handles and what passed through each: size, order and digest. Replies to pipelined reads are put in order inside a
 * bounded window; what does not fit is digested in the order it passed and marked as not sequential.
 */
import type { TransferRecord } from "../../../domain/index.js";
import type { SftpRights } from "./table.js";

/** A running SHA-256; `digest` answers lower-case hex and is called once. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  digest(): string;
}

/** How many bytes may wait for their turn: in one transfer, and in all of a channel together. */
export class ReorderBudget {
  readonly perTransfer: number;
  #left: number;

  constructor(perTransfer: number, total: number) {
    this.perTransfer = perTransfer;
    this.#left = total;
  }
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** One direction of one file. */
export class TransferMeter {
  readonly #hash: RunningHash;
  readonly #budget: ReorderBudget;
  /** Pieces that came too early, by offset, in the order they passed. */
  readonly #early = new Map<number, Uint8Array>();
  #earlyBytes = 0;
  #next = 0;
  #size = 0;
  #sequential = true;

  constructor(hash: RunningHash, budget: ReorderBudget) {
    this.#hash = hash;
    this.#budget = budget;
  }

  /** Counts bytes that passed at an offset of the file. */
  add(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#size += bytes.length;
    if (!this.#sequential) this.#hash.update(bytes);
    else if (offset === this.#next) {
      this.#inOrder(bytes);
      this.#drain();
    } else if (!this.#keep(offset, bytes)) {
      this.spoil();
      this.#hash.update(bytes);
    }
  }

  /** From here on the digest is not that of the file: something is missing, repeated, or failed. */
  spoil(): void {
    if (!this.#sequential) return;
    this.#sequential = false;
    for (const bytes of this.#early.values()) this.#hash.update(bytes);
    this.#early.clear();
    this.#budget.give(this.#earlyBytes);
    this.#earlyBytes = 0;
  }

  /** What passed. To be called once. */
  finish(): { readonly size: number; readonly sha256: string; readonly sequential: boolean } {
    if (this.#early.size > 0) this.spoil();
    return { size: this.#size, sha256: this.#hash.digest(), sequential: this.#sequential };
  }

  #inOrder(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#next += bytes.length;
  }

  #drain(): void {
    for (let bytes = this.#early.get(this.#next); bytes !== undefined; bytes = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      this.#earlyBytes -= bytes.length;
      this.#budget.give(bytes.length);
      this.#inOrder(bytes);
    }
  }

  #keep(offset: number, bytes: Uint8Array): boolean {
    const fits = this.#earlyBytes + bytes.length <= this.#budget.perTransfer;
    if (offset < this.#next || this.#early.has(offset) || !fits || !this.#budget.take(bytes.length)) return false;
    this.#earlyBytes += bytes.length;
    this.#early.set(offset, Uint8Array.from(bytes));
    return true;
  }
}

/** A handle the target gave out. */
export class OpenHandle {
  readonly path: string;
  readonly kind: "file" | "directory";
  readonly access: SftpRights;
  /** Requests on it that the target has not answered. */
  outstanding = 0;
  /** CLOSE was passed on: no more requests. */
  closing = false;
  /** CLOSE was answered. */
  closed = false;
  readonly #creates: boolean;
  readonly #meter: () => TransferMeter;
  #down: TransferMeter | undefined;
  #up: TransferMeter | undefined;

  constructor(facts: {
    readonly path: string;
    readonly kind: "file" | "directory";
    readonly access: SftpRights;
    /** Opening it may have made or emptied the file, which is a transfer even when nothing follows. */
    readonly creates: boolean;
    readonly meter: () => TransferMeter;
  }) {
    this.path = facts.path;
    this.kind = facts.kind;
    this.access = facts.access;
    this.#creates = facts.creates;
    this.#meter = facts.meter;
  }

  /** What was read from it so far. */
  get download(): TransferMeter {
    return (this.#down ??= this.#meter());
  }
  /** What was written to it so far. */
  get upload(): TransferMeter {
    return (this.#up ??= this.#meter());
  }

  /** The transfers it was used for; `whole` is false when the channel ended before it was closed. To be called once. */
  transfers(whole: boolean): TransferRecord[] {
    if (this.kind === "directory") return [];
    const records: TransferRecord[] = [];
    const used = [
      ["download", this.#down],
      ["upload", this.#creates ? this.upload : this.#up],
    ] as const;
    for (const [direction, meter] of used) {
      if (meter === undefined) continue;
      if (!whole) meter.spoil();
      records.push({ direction, path: this.path, ...meter.finish() });
    }
    return records;
  }
}
