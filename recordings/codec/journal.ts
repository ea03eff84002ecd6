/** The node journal's entries (FORMAT.md §5): sealed frames that were accepted while small, each with its recording's id. */
import { concat, crc32c, getU32, setU32 } from "./bytes.js";
import { decodeHead } from "./head.js";
import { isUuid } from "./prelude.js";
import { FRAME_BODY_MAX, FRAME_HEAD_BYTES, FormatError, RecordKind } from "./types.js";
import type { RecordHead } from "./types.js";

const ID_BYTES = 16;
const LENGTH_BYTES = 4;
const CRC_BYTES = 4;
const LENGTH_MIN = ID_BYTES + FRAME_HEAD_BYTES;
const LENGTH_MAX = LENGTH_MIN + FRAME_BODY_MAX;

export interface JournalEntry {
  readonly recordingId: string;
  readonly head: RecordHead;
  readonly headBytes: Uint8Array;
  readonly body: Uint8Array;
  /** Where the entry begins in the journal. */
  readonly offset: number;
}

/** `u32 length ‖ recording id ‖ 40 bytes ‖ body ‖ u32 CRC-32C of all before`; `length` counts id, head and body. Throws FormatError on a bad id. */
export function journalEntry(recordingId: string, head40: Uint8Array, body: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES);
  setU32(length, 0, LENGTH_MIN + body.length);
  const all = concat([length, idBytes(recordingId), head40, body, new Uint8Array(CRC_BYTES)]);
  setU32(all, all.length - CRC_BYTES, crc32c(all.subarray(0, -CRC_BYTES)));
  return all;
}

/** All whole entries from the start; stops in silence at the first that is torn or corrupt, where `goodBytes` points. Never throws. */
export function decodeJournal(bytes: Uint8Array): {
  readonly entries: readonly JournalEntry[];
  readonly goodBytes: number;
} {
  const entries: JournalEntry[] = [];
  let at = 0;
  for (;;) {
    const entry = entryAt(bytes, at);
    if (entry === undefined) return { entries, goodBytes: at };
    entries.push(entry);
    at += LENGTH_MIN + entry.body.length + LENGTH_BYTES + CRC_BYTES;
  }
}

function entryAt(bytes: Uint8Array, at: number): JournalEntry | undefined {
  if (bytes.length - at < LENGTH_BYTES) return undefined;
  const length = getU32(bytes, at);
  const end = at + LENGTH_BYTES + length;
  if (length < LENGTH_MIN || length > LENGTH_MAX || end + CRC_BYTES > bytes.length) return undefined;
  if (crc32c(bytes.subarray(at, end)) !== getU32(bytes, end)) return undefined;
  const headBytes = new Uint8Array(bytes.subarray(at + LENGTH_BYTES + ID_BYTES, at + LENGTH_BYTES + LENGTH_MIN));
  const head = frameHead(headBytes);
  if (head?.bodyLen !== length - LENGTH_MIN) return undefined;
  const recordingId = idText(bytes.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + ID_BYTES));
  return { recordingId, head, headBytes, body: new Uint8Array(bytes.subarray(end - head.bodyLen, end)), offset: at };
}

function frameHead(bytes: Uint8Array): RecordHead | undefined {
  try {
    const head = decodeHead(bytes);
    return head.kind === RecordKind.frame ? head : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function idBytes(id: string): Uint8Array {
  if (!isUuid(id)) throw new FormatError("recording id is not a UUID", 0);
  const digits = id.replaceAll("-", "");
  return Uint8Array.from({ length: ID_BYTES }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

function idText(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    "-",
  );
}
