/** Events inside a frame's plaintext (FORMAT.md §3). */
import { byteAt } from "./bytes.js";
import { EVENT_PAYLOAD_MAX, FormatError } from "./types.js";
import type { RecordedEvent } from "./types.js";

/** Most that type, channel, time and length of one event take. */
export const EVENT_HEAD_MOST = 24;

/**
 * One event's bytes. `dtUs` is microseconds since the previous event in the same frame, 0 for the first. Throws RangeError
 * for a number that is not whole and safe or a payload over 65,536 bytes (a bug of the caller).
 */
export function encodeEvent(type: number, channel: number, dtUs: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(EVENT_HEAD_MOST + payload.length);
  return bytes.subarray(0, putEvent(bytes, 0, type, channel, dtUs, payload));
}

/** `encodeEvent` into `bytes` at `at`, where there must be room for the payload and `EVENT_HEAD_MOST`; answers where it ends. */
export function putEvent(
  bytes: Uint8Array,
  at: number,
  type: number,
  channel: number,
  dtUs: number,
  payload: Uint8Array,
): number {
  if (!Number.isInteger(type) || type < 0 || type > 255) throw new RangeError("event type is not a byte");
  if (payload.length > EVENT_PAYLOAD_MAX) throw new RangeError("event payload is too long");
  bytes[at] = type;
  let next = putVarint(bytes, at + 1, channel);
  next = putVarint(bytes, next, dtUs);
  next = putVarint(bytes, next, payload.length);
  bytes.set(payload, next);
  return next + payload.length;
}

/**
 * The events of a frame, in order, with absolute times. Payloads are views into `plain`. Throws FormatError on a cut,
 * an over-long number, a first event whose `dt` is not 0, or a length that passes the end.
 */
export function decodeEvents(plain: Uint8Array, frameTimeUs: number): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  let at = 0;
  let atUs = frameTimeUs;
  while (at < plain.length) {
    const type = byteAt(plain, at);
    const channel = getVarint(plain, at + 1);
    const dt = getVarint(plain, channel.next);
    const length = getVarint(plain, dt.next);
    if (events.length === 0 && dt.value !== 0) throw new FormatError("first event is not at the frame's time", at);
    atUs += dt.value;
    if (!Number.isSafeInteger(atUs)) throw new FormatError("event time is out of bounds", channel.next);
    const end = length.next + length.value;
    if (length.value > EVENT_PAYLOAD_MAX || end > plain.length) {
      throw new FormatError("event passes the end of its frame", dt.next);
    }
    events.push({ type, channel: channel.value, atUs, payload: plain.subarray(length.next, end) });
    at = end;
  }
  return events;
}

function putVarint(bytes: Uint8Array, at: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("not a whole number");
  let rest = value;
  let next = at;
  while (rest >= 0x80) {
    bytes[next++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[next++] = rest;
  return next;
}

/** Unsigned LEB128 in its shortest form, up to 2^53 − 1. */
function getVarint(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  let scale = 1;
  for (let next = at; next < bytes.length && next < at + 8; next++) {
    const byte = byteAt(bytes, next);
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte >= 0x80) continue;
    if (byte === 0 && next > at) throw new FormatError("number is not in its shortest form", at);
    if (!Number.isSafeInteger(value)) throw new FormatError("number is out of bounds", at);
    return { value, next: next + 1 };
  }
  throw new FormatError("number is cut short or too long", at);
}
