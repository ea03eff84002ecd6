/** The 40 bytes before every body (FORMAT.md §2) and the nonce in them. */
import { byteAt, getU16, getU32, getU64, setU16, setU32, setU64 } from "./bytes.js";
import {
  CLOSING_JSON_MAX,
  EVENT_HEAD_MIN,
  FRAME_BODY_MAX,
  FRAME_HEAD_BYTES,
  FRAME_PLAIN_MAX,
  FRAME_PLAIN_SPARE,
  Flag,
  FormatError,
  RecordKind,
  SIGNATURE_BYTES,
  TAG_BYTES,
} from "./types.js";
import type { RecordHead } from "./types.js";

const NONCE_BYTES = 12;
const KNOWN_FLAGS = Flag.compressed | Flag.continued | Flag.dictionary;
const U32_MAX = 0xffff_ffff;

/** u8 origin (0 container, 1 journal) ‖ u8 stream ‖ u16 zero ‖ u64 counter. Throws RangeError when the counter does not fit. */
export function makeNonce(origin: 0 | 1, stream: 0 | 1, counter: number | bigint): Uint8Array {
  const count = BigInt(counter);
  if (count < 0n || count >= 1n << 64n) throw new RangeError("nonce counter out of range");
  const nonce = new Uint8Array(NONCE_BYTES);
  nonce[0] = origin;
  nonce[1] = stream;
  setU32(nonce, 4, Number(count & 0xffff_ffffn));
  setU32(nonce, 8, Number(count >> 32n));
  return nonce;
}

/** The head's 40 bytes. Throws FormatError when `decodeHead` would not take them. */
export function encodeHead(head: RecordHead): Uint8Array {
  if (head.nonce.length !== NONCE_BYTES) throw new FormatError("nonce is not 12 bytes", 28);
  const bytes = new Uint8Array(FRAME_HEAD_BYTES);
  bytes[0] = head.kind;
  bytes[1] = head.stream;
  setU16(bytes, 2, head.flags);
  setU32(bytes, 4, head.firstEvent);
  setU32(bytes, 8, head.eventCount);
  setU64(bytes, 12, head.timeUs);
  setU32(bytes, 20, head.plainLen);
  setU32(bytes, 24, head.bodyLen);
  bytes.set(head.nonce, 28);
  const read = decodeHead(bytes);
  const held = (
    ["kind", "stream", "flags", "firstEvent", "eventCount", "timeUs", "plainLen", "bodyLen"] as const
  ).every((name) => read[name] === head[name]);
  if (!held) throw new FormatError("a number does not fit its field", 0);
  return bytes;
}

/** The head at `offset`. Throws FormatError for whatever FORMAT.md §2 does not allow; `FormatError.offset` is within `bytes`. */
export function decodeHead(bytes: Uint8Array, offset = 0): RecordHead {
  if (bytes.length - offset < FRAME_HEAD_BYTES) throw new FormatError("record head is cut short", offset);
  const timeUs = getU64(bytes, offset + 12);
  if (timeUs === undefined) throw new FormatError("event time is out of bounds", offset + 12);
  const head: RecordHead = {
    kind: byteAt(bytes, offset),
    stream: byteAt(bytes, offset + 1),
    flags: getU16(bytes, offset + 2),
    firstEvent: getU32(bytes, offset + 4),
    eventCount: getU32(bytes, offset + 8),
    timeUs,
    plainLen: getU32(bytes, offset + 20),
    bodyLen: getU32(bytes, offset + 24),
    nonce: new Uint8Array(bytes.subarray(offset + 28, offset + FRAME_HEAD_BYTES)),
  };
  if (head.kind === RecordKind.frame) checkFrame(head, offset);
  else if (head.kind === RecordKind.closing) checkClosing(head, offset);
  else throw new FormatError("unknown kind of record", offset);
  return head;
}

function checkFrame(head: RecordHead, offset: number): void {
  const plainMost = FRAME_PLAIN_MAX + FRAME_PLAIN_SPARE;
  require(head.stream === 0 || head.stream === 1, "unknown stream", offset + 1);
  require((head.flags & ~KNOWN_FLAGS) === 0, "unknown flag", offset + 2);
  require(head.flags !== Flag.dictionary, "dictionary without compression", offset + 2);
  require(head.flags === 0 || (head.flags & Flag.compressed) !== 0, "continued without compression", offset + 2);
  require(head.eventCount >= 1, "frame without events", offset + 8);
  require(head.firstEvent + head.eventCount <= U32_MAX, "event number is out of bounds", offset + 8);
  require(head.plainLen <= plainMost, "plain length is out of bounds", offset + 20);
  require(head.plainLen >= head.eventCount * EVENT_HEAD_MIN, "more events than the frame can hold", offset + 20);
  const compressed = (head.flags & Flag.compressed) !== 0;
  require(head.bodyLen > TAG_BYTES && head.bodyLen <= FRAME_BODY_MAX, "body length is out of bounds", offset + 24);
  require(compressed || head.bodyLen === head.plainLen + TAG_BYTES, "body length is not the plain length", offset + 24);
  const named = head.nonce[0] === 0 || head.nonce[0] === 1;
  require(named && head.nonce[1] === head.stream && getU16(head.nonce, 2) === 0, "malformed nonce", offset + 28);
}

function checkClosing(head: RecordHead, offset: number): void {
  const zero = head.stream === 0 && head.flags === 0 && head.firstEvent === 0 && head.eventCount === 0;
  require(zero && head.nonce.every((byte) => byte === 0), "closing record with fields of a frame", offset + 1);
  require(head.plainLen >= 2 && head.plainLen <= CLOSING_JSON_MAX, "closing record's length is out of bounds", offset +
    20);
  require(head.bodyLen === head.plainLen + SIGNATURE_BYTES, "closing record's lengths disagree", offset + 24);
}

function require(holds: boolean, message: string, offset: number): void {
  if (!holds) throw new FormatError(message, offset);
}
