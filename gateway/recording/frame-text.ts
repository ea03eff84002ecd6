/** Sealed frames of one stream to their plaintext: opened with the stream's key, decompressed in order. */
import { Flag, FormatError, concat, decodeEvents, decodeHead, encodeUtf8 } from "../../recordings/codec/index.js";
import type { RecordHead, RecordedEvent } from "../../recordings/codec/index.js";
import type { StreamOpener } from "./contract.js";
import { FrameHistory } from "./frame-history.js";
import { unpack } from "./zstd.js";

/** Opens frames in the order of their stream, from one that is not continued (FORMAT.md §2.1) on. */
export class FrameOpener {
  readonly #opener: StreamOpener;
  readonly #id: Uint8Array;
  readonly #history = new FrameHistory();

  constructor(opener: StreamOpener, recordingId: string) {
    this.#opener = opener;
    this.#id = encodeUtf8(recordingId);
  }

  /** The plaintext. Throws when the key does not fit, or FormatError when what it opens is not what its head says. */
  text(head: RecordHead, head40: Uint8Array, body: Uint8Array): Uint8Array {
    const opened = this.#opener.open(head.nonce, concat([this.#id, head40]), body);
    const continued = (head.flags & Flag.continued) !== 0;
    const dictionary = continued ? this.#history.dictionary() : undefined;
    if (continued && dictionary === undefined) throw new FormatError("continued frame without the one before it", 2);
    if ((head.flags & Flag.dictionary) !== 0) throw new FormatError("unknown dictionary", 2);
    const plain = (head.flags & Flag.compressed) === 0 ? opened : unpack(opened, head.plainLen, dictionary);
    if (plain.length !== head.plainLen) throw new FormatError("frame is not as long as its head says", 20);
    this.#history.push(plain, continued);
    return plain;
  }

  /** The events. Throws as `text` does. */
  events(head40: Uint8Array, body: Uint8Array): readonly RecordedEvent[] {
    const head = decodeHead(head40);
    const events = decodeEvents(this.text(head, head40, body), head.timeUs);
    if (events.length !== head.eventCount)
      throw new FormatError("frame does not hold as many events as its head says", 8);
    return events;
  }
}
