/**
 * Reads a container that a dead process left and says how much of it holds: chain and order are recomputed record by record.
 * A torn end is told apart from a changed one: a kill leaves an unfinished record, a power cut may leave zeros; anything else
 * that breaks the chain was changed by someone.
 */
import type { BlobReader } from "../domain/index.js";
import {
  ContainerScanner,
  Flag,
  FormatError,
  HASH_BYTES,
  RecordKind,
  decodeClosingBody,
  equal,
  splitClosing,
  toHex,
} from "../../recordings/codec/index.js";
import type { ClosingBody, ContainerHeader, ScannedRecord } from "../../recordings/codec/index.js";
import { blobChunks } from "./blob-chunks.js";
import { sha256 } from "./node-crypto.js";

interface Facts {
  /** Of the part that holds. */
  readonly bytes: number;
  readonly frames: number;
}

export type Salvaged =
  | { readonly state: "no-header" }
  | {
      readonly state: "altered";
      readonly facts: Facts;
      readonly altered: { readonly record: number; readonly offset: number; readonly what: string };
    }
  | { readonly state: "closed"; readonly facts: Facts; readonly closing: ClosingBody; readonly closingHash: string }
  | {
      readonly state: "open";
      readonly facts: Facts;
      readonly header: ContainerHeader;
      readonly prelude: Uint8Array;
      readonly head: Uint8Array;
      readonly events: readonly [main: number, input: number];
      /** `[timeUs, offset, firstEvent]` of every main frame that is not continued. */
      readonly mainFrames: readonly (readonly [number, number, number])[];
      readonly lastHeadUs: number;
      /** Where the last main frame begins. */
      readonly lastMainUs: number;
    };

/** Reads the whole blob once. Throws only for I/O. */
export async function salvage(blob: BlobReader): Promise<Salvaged> {
  const scanner = new ContainerScanner();
  const walk = new Walk();
  let fault: string | undefined;
  try {
    for await (const chunk of blobChunks(blob)) {
      const records = scanner.push(chunk);
      if (scanner.prelude !== undefined) walk.begin(scanner.prelude);
      fault = walk.take(records);
      if (fault !== undefined) break;
    }
    scanner.end();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    fault ??= error.message;
  }
  const { header, prelude } = scanner;
  if (header === undefined || prelude === undefined) return { state: "no-header" };
  const facts = { bytes: walk.bytes, frames: walk.frames };
  if (fault !== undefined && !(await endsInZeros(blob))) {
    return { state: "altered", facts, altered: { record: walk.records + 1, offset: walk.bytes, what: fault } };
  }
  const { closing, head, events, mainFrames, lastHeadUs, lastMainUs } = walk;
  if (closing !== undefined) return { state: "closed", facts, closing, closingHash: toHex(head) };
  return { state: "open", facts, header, prelude, head, events, mainFrames, lastHeadUs, lastMainUs };
}

class Walk {
  head: Uint8Array = new Uint8Array(0);
  bytes = 0;
  frames = 0;
  records = 0;
  readonly events: [number, number] = [0, 0];
  readonly mainFrames: [number, number, number][] = [];
  lastHeadUs = 0;
  lastMainUs = 0;
  closing: ClosingBody | undefined;

  begin(prelude: Uint8Array): void {
    if (this.head.length > 0) return;
    this.head = sha256([prelude]);
    this.bytes = prelude.length;
  }

  /** What is wrong with the first record that does not fit, if one does not. */
  take(records: readonly ScannedRecord[]): string | undefined {
    for (const record of records) {
      const { head, headBytes, body, hash, offset } = record;
      if (!equal(sha256([this.head, headBytes, body]), hash)) return "chain broke";
      if (head.kind === RecordKind.closing) this.closing = decodeClosingBody(splitClosing(body).json);
      else if (head.firstEvent !== this.events[head.stream as 0 | 1]) return "events are not consecutive";
      else this.#frame(record);
      this.records++;
      this.head = hash;
      this.bytes = offset + headBytes.length + body.length + hash.length;
    }
    return undefined;
  }

  #frame({ head, offset }: ScannedRecord): void {
    this.frames++;
    this.events[head.stream as 0 | 1] += head.eventCount;
    this.lastHeadUs = Math.max(this.lastHeadUs, head.timeUs);
    if (head.stream !== 0) return;
    if ((head.flags & Flag.continued) === 0) this.mainFrames.push([head.timeUs, offset, head.firstEvent]);
    this.lastMainUs = head.timeUs;
  }
}

/** What a file system shows of blocks that were allocated but never reached the disk. */
async function endsInZeros(blob: BlobReader): Promise<boolean> {
  const end = await blob.read(Math.max(0, blob.size - HASH_BYTES), HASH_BYTES);
  return end.every((byte) => byte === 0);
}
