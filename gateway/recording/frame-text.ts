/** A sealed frame to its plaintext: opened with a stream's key, decompressed, decoded. */
import { Flag, FormatError, concat, decodeEvents, decodeHead } from "../../recordings/codec/index.js";
import type { RecordHead, RecordedEvent } from "../../recordings/codec/index.js";
import type { StreamOpener } from "./contract.js";
import { decompress } from "./zstd.js";

/** The plaintext. Throws when the key does not fit, or FormatError when what it opens is not what its head says. */
export function frameText(
  opener: StreamOpener,
  idBytes: Uint8Array,
  head: RecordHead,
  head40: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  const opened = opener.open(head.nonce, concat([idBytes, head40]), body);
  const plain = (head.flags & Flag.compressed) === 0 ? opened : decompress(opened);
  if (plain.length !== head.plainLen) throw new FormatError("frame is not as long as its head says", 20);
  return plain;
}

/** Head and events of a frame. Throws as `frameText` does. */
export function openFrame(
  opener: StreamOpener,
  idBytes: Uint8Array,
  head40: Uint8Array,
  body: Uint8Array,
): { readonly head: RecordHead; readonly events: readonly RecordedEvent[] } {
  const head = decodeHead(head40);
  const events = decodeEvents(frameText(opener, idBytes, head, head40, body), head.timeUs);
  if (events.length !== head.eventCount)
    throw new FormatError("frame does not hold as many events as its head says", 8);
  return { head, events };
}
