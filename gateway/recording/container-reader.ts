/**
 * Reads a container by its time index: the closing record's, the recorder's for a recording that is open here, or one made by
 * walking the heads. Opens main-stream frames only with the key it is given; judges nothing (that is the verifier's part).
 */
import type { BlobReader } from "../domain/index.js";
import {
  FRAME_HEAD_BYTES,
  HASH_BYTES,
  RecordKind,
  decodeClosingBody,
  decodeEvents,
  decodeHead,
  decodePrelude,
  encodeUtf8,
  splitClosing,
} from "../../recordings/codec/index.js";
import type {
  ClosingBody,
  ContainerHeader,
  RecordHead,
  RecordedEvent,
  StreamNumber,
} from "../../recordings/codec/index.js";
import { CHUNK_BYTES } from "./blob-chunks.js";
import type { ContainerReader, StreamOpener } from "./contract.js";
import { FrameOpener } from "./frame-text.js";

type Index = ClosingBody["index"];
export interface FramePart {
  readonly head: RecordHead;
  readonly plain: Uint8Array;
}

const PRELUDE_MOST = 12 + 65_536;
const CLOSING_MARK = encodeUtf8('{"because":');
const CLOSING_SEARCH = 256 * 1024;
const CLOSING_MOST = 4 * 1024 * 1024 + 1024;

/** Undefined when the blob holds no whole prelude. Throws FormatError when it is no container. The reader owns `blob`. */
export async function openContainer(
  blob: BlobReader,
  openerFor: (header: ContainerHeader) => StreamOpener,
  live?: { readonly bytes: number; readonly index: Index },
): Promise<BlobContainerReader | undefined> {
  const prelude = decodePrelude(await blob.read(0, Math.min(blob.size, PRELUDE_MOST)));
  if (prelude === undefined) return undefined;
  const closing = live === undefined ? await findClosing(blob, prelude.length) : undefined;
  const end = live?.bytes ?? closing?.bytes ?? blob.size;
  const { header, length } = prelude;
  return new BlobContainerReader(blob, header, closing, openerFor(header), {
    from: length,
    end,
    index: live?.index ?? closing?.index ?? [],
  });
}

export class BlobContainerReader implements ContainerReader {
  readonly header: ContainerHeader;
  readonly closing: ClosingBody | undefined;
  readonly #blob: BlobReader;
  readonly #opener: StreamOpener;
  readonly #range: { readonly from: number; readonly end: number; readonly index: Index };

  constructor(
    blob: BlobReader,
    header: ContainerHeader,
    closing: ClosingBody | undefined,
    opener: StreamOpener,
    range: { readonly from: number; readonly end: number; readonly index: Index },
  ) {
    this.#blob = blob;
    this.header = header;
    this.closing = closing;
    this.#opener = opener;
    this.#range = range;
  }

  /** Length of what is read. */
  get bytes(): number {
    return this.#range.end;
  }

  async *events(fromUs: number, toUs: number): AsyncGenerator<RecordedEvent> {
    for await (const { head, plain } of this.frames(fromUs, toUs)) {
      for (const event of decodeEvents(plain, head.timeUs)) {
        if (event.atUs > toUs) return;
        yield event;
      }
    }
  }

  /** Main-stream frames from the one that holds `fromUs`, or the first after it. */
  async *frames(fromUs = 0, toUs = Infinity): AsyncGenerator<FramePart> {
    const opener = new FrameOpener(this.#opener, this.header.recordingId);
    let held: FramePart | undefined;
    for await (const { head, head40, body } of this.#records(this.#offsetBefore(fromUs), 0)) {
      if (held !== undefined && head.timeUs > fromUs) yield held;
      if (head.timeUs > toUs) return;
      held = { head, plain: opener.text(head, head40, body) };
    }
    if (held !== undefined) yield held;
  }

  /** Events of the input stream, for whoever was given its key. */
  async *inputEvents(key: StreamOpener): AsyncGenerator<RecordedEvent> {
    const opener = new FrameOpener(key, this.header.recordingId);
    for await (const { head40, body } of this.#records(this.#range.from, 1)) yield* opener.events(head40, body);
  }

  close(): Promise<void> {
    return this.#blob.close();
  }

  #offsetBefore(timeUs: number): number {
    let offset = this.#range.from;
    for (const [at, where] of this.#range.index) {
      if (at > timeUs) break;
      offset = where;
    }
    return offset;
  }

  async *#records(from: number, stream: StreamNumber): AsyncGenerator<SealedFrame> {
    const window = new Window(this.#blob, this.#range.end);
    for (let at = from; at + FRAME_HEAD_BYTES <= this.#range.end;) {
      const head40 = await window.bytes(at, FRAME_HEAD_BYTES);
      if (head40.length < FRAME_HEAD_BYTES) return;
      const head = decodeHead(head40);
      const end = at + FRAME_HEAD_BYTES + head.bodyLen + HASH_BYTES;
      if (head.kind !== RecordKind.frame || end > this.#range.end) return;
      if (head.stream === stream) yield { head, head40, body: await window.bytes(at + FRAME_HEAD_BYTES, head.bodyLen) };
      at = end;
    }
  }
}

interface SealedFrame {
  readonly head: RecordHead;
  readonly head40: Uint8Array;
  readonly body: Uint8Array;
}

/** Reads ahead, so that small records do not cost a read each. */
class Window {
  readonly #blob: BlobReader;
  readonly #end: number;
  #from = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(blob: BlobReader, end: number) {
    this.#blob = blob;
    this.#end = end;
  }

  /** Fewer than `length` only at the end. The answer is a copy. */
  async bytes(at: number, length: number): Promise<Uint8Array> {
    const inside = at >= this.#from && at + length <= this.#from + this.#bytes.length;
    if (!inside) {
      this.#from = at;
      this.#bytes = await this.#blob.read(at, Math.min(Math.max(length, CHUNK_BYTES), this.#end - at));
    }
    return this.#bytes.slice(at - this.#from, at - this.#from + length);
  }
}

/** The closing record is found from the end: its JSON begins with a fixed text, and head, lengths and its own `bytes` must agree. */
async function findClosing(blob: BlobReader, from: number): Promise<ClosingBody | undefined> {
  for (const span of [CLOSING_SEARCH, CLOSING_MOST]) {
    const start = Math.max(from, blob.size - span);
    const tail = Buffer.from(await blob.read(start, blob.size - start));
    for (
      let mark = tail.lastIndexOf(CLOSING_MARK);
      mark >= FRAME_HEAD_BYTES;
      mark = tail.lastIndexOf(CLOSING_MARK, mark - 1)
    ) {
      const closing = closingAt(tail, mark - FRAME_HEAD_BYTES, start);
      if (closing !== undefined) return closing;
    }
    if (start === from) return undefined;
  }
  return undefined;
}

function closingAt(tail: Buffer, at: number, start: number): ClosingBody | undefined {
  if (tail[at] !== RecordKind.closing) return undefined;
  try {
    const head = decodeHead(tail, at);
    if (at + FRAME_HEAD_BYTES + head.bodyLen + HASH_BYTES !== tail.length) return undefined;
    const body = tail.subarray(at + FRAME_HEAD_BYTES, tail.length - HASH_BYTES);
    const closing = decodeClosingBody(splitClosing(body).json);
    return closing.bytes === start + at ? closing : undefined;
  } catch {
    // Bytes that only look like a closing record.
    return undefined;
  }
}
