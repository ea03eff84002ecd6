/**
 * Splits a container that arrives in pieces into prelude and records. It checks framing only (FORMAT.md §1 and §2); chain,
 * order and signature are `verifyContainer`'s. Holds at most one unfinished record in memory.
 */
import { concat } from "./bytes.js";
import { decodeHead } from "./head.js";
import { PRELUDE_FIXED_BYTES, decodePrelude, preludeLength } from "./prelude.js";
import { FRAME_HEAD_BYTES, FormatError, HASH_BYTES, RecordKind } from "./types.js";
import type { ContainerHeader, RecordHead } from "./types.js";

export interface ScannedRecord {
  readonly head: RecordHead;
  /** The 40 bytes as they stand in the container. */
  readonly headBytes: Uint8Array;
  readonly body: Uint8Array;
  /** The chain hash stored behind the body; not yet checked. */
  readonly hash: Uint8Array;
  /** Where the record's head begins in the container. */
  readonly offset: number;
  /** Records count from 1; the prelude is 0. */
  readonly index: number;
}

/** Feed it with `push`, then call `end` once. */
export class ContainerScanner {
  /** The piece being gathered and how much of it is there. */
  #piece = new Uint8Array(PRELUDE_FIXED_BYTES);
  #filled = 0;
  #state: "magic" | "header" | "head" | "body" = "magic";
  #prelude: Uint8Array | undefined;
  #header: ContainerHeader | undefined;
  #head: { readonly head: RecordHead; readonly bytes: Uint8Array } | undefined;
  #goodBytes = 0;
  #records = 0;
  #closed = false;
  #fault: FormatError | undefined;

  /** Known once the whole prelude passed. */
  get header(): ContainerHeader | undefined {
    return this.#header;
  }
  /** The prelude's bytes (what H₀ covers), known together with `header`. */
  get prelude(): Uint8Array | undefined {
    return this.#header === undefined ? undefined : this.#prelude;
  }
  /** Length of prelude and whole records so far. */
  get goodBytes(): number {
    return this.#goodBytes;
  }
  /** Whole records so far. */
  get records(): number {
    return this.#records;
  }
  /** The bytes of the unfinished record, or prelude, at the end. */
  get pending(): Uint8Array {
    const piece = this.#piece.subarray(0, this.#filled);
    return this.#state === "body" && this.#head !== undefined ? concat([this.#head.bytes, piece]) : piece;
  }
  /** True once a closing record passed. */
  get closed(): boolean {
    return this.#closed;
  }
  /** Malformed bytes that were found but perhaps not thrown yet. */
  get fault(): FormatError | undefined {
    return this.#fault;
  }

  /**
   * The records these bytes complete; bodies are copies. Throws FormatError (`offset` counts from the container's start) on
   * malformed bytes; when whole records stood before them in the same piece, those are returned and the next `push`
   * or `end` throws.
   */
  push(bytes: Uint8Array): ScannedRecord[] {
    if (this.#fault !== undefined) throw this.#fault;
    const records: ScannedRecord[] = [];
    try {
      this.#take(bytes, records);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#fault = error;
      if (records.length === 0) throw error;
    }
    return records;
  }

  /** Throws the fault that `push` held back, if any. A container cut short is not a fault: see `closed`. */
  end(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  #take(bytes: Uint8Array, records: ScannedRecord[]): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#closed) throw new FormatError("bytes after the closing record", this.#goodBytes);
      const part = bytes.subarray(at, at + this.#piece.length - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#state === "magic") preludeLength(this.#piece.subarray(0, this.#filled));
      if (this.#filled === this.#piece.length) this.#whole(records);
    }
  }

  #whole(records: ScannedRecord[]): void {
    switch (this.#state) {
      case "magic":
        this.#magicDone();
        break;
      case "header":
        this.#headerDone();
        break;
      case "head":
        this.#headDone();
        break;
      case "body":
        records.push(this.#recordDone());
        break;
    }
  }

  #magicDone(): void {
    const length = preludeLength(this.#piece) ?? PRELUDE_FIXED_BYTES;
    const prelude = new Uint8Array(length);
    prelude.set(this.#piece);
    this.#next("header", prelude, PRELUDE_FIXED_BYTES);
  }

  #headerDone(): void {
    this.#prelude = this.#piece;
    this.#header = decodePrelude(this.#piece)?.header;
    this.#goodBytes = this.#piece.length;
    this.#next("head", new Uint8Array(FRAME_HEAD_BYTES), 0);
  }

  #headDone(): void {
    const bytes = this.#piece;
    try {
      this.#head = { head: decodeHead(bytes), bytes };
    } catch (error) {
      throw error instanceof FormatError ? new FormatError(error.message, this.#goodBytes + error.offset) : error;
    }
    this.#next("body", new Uint8Array(this.#head.head.bodyLen + HASH_BYTES), 0);
  }

  #recordDone(): ScannedRecord {
    const held = this.#head;
    if (held === undefined) throw new Error("record without a head");
    const bodyLen = held.head.bodyLen;
    this.#records++;
    const record: ScannedRecord = {
      head: held.head,
      headBytes: held.bytes,
      body: this.#piece.subarray(0, bodyLen),
      hash: this.#piece.subarray(bodyLen),
      offset: this.#goodBytes,
      index: this.#records,
    };
    this.#goodBytes += FRAME_HEAD_BYTES + this.#piece.length;
    this.#closed = held.head.kind === RecordKind.closing;
    this.#next("head", new Uint8Array(FRAME_HEAD_BYTES), 0);
    return record;
  }

  #next(state: "header" | "head" | "body", piece: Uint8Array<ArrayBuffer>, filled: number): void {
    this.#state = state;
    this.#piece = piece;
    this.#filled = filled;
  }
}
