/**
 * One stream's open frame: events that are encoded but not yet in the container. It grows only when there is something to
 * hold, so that an idle session costs next to nothing. Part of it may already have been *handed* to the node journal; a later
 * container frame holds those events again, in one piece.
 */
import { EVENT_HEAD_MOST, FRAME_PLAIN_MAX, putEvent } from "../../recordings/codec/index.js";
import type { StreamNumber } from "../../recordings/codec/index.js";

/** Plaintext of a frame and what its head says about it. `plain` may be a view that the next `push` overwrites. */
export interface FramePlain {
  readonly stream: StreamNumber;
  readonly firstEvent: number;
  readonly eventCount: number;
  readonly timeUs: number;
  readonly plain: Uint8Array;
}

const SMALLEST_BUFFER = 256;
const KEPT_BUFFER = 2048;
const EMPTY = new Uint8Array(0);

export class OpenFrame {
  readonly #stream: StreamNumber;
  #bytes: Uint8Array = EMPTY;
  #length = 0;
  #firstEvent = 0;
  #count = 0;
  #timeUs = 0;
  #lastUs = 0;
  #handedBytes = 0;
  #handedCount = 0;
  #unhandedTimeUs = 0;

  constructor(stream: StreamNumber) {
    this.#stream = stream;
  }

  /** Number of events of this stream so far, closed frames included. */
  get total(): number {
    return this.#firstEvent + this.#count;
  }
  /** Number of events of this stream in closed frames. */
  get closed(): number {
    return this.#firstEvent;
  }
  /** Bytes that neither the journal nor the container was given. */
  get unhanded(): number {
    return this.#length - this.#handedBytes;
  }
  /** True when the journal was given part of it. */
  get handed(): boolean {
    return this.#handedBytes > 0;
  }
  /** How long a payload may still be for this frame. */
  get room(): number {
    return FRAME_PLAIN_MAX - EVENT_HEAD_MOST - this.#length;
  }

  push(type: number, channel: number, atUs: number, payload: Uint8Array): void {
    if (this.#count === 0) this.#timeUs = atUs;
    if (this.#handedBytes === this.#length) this.#unhandedTimeUs = atUs;
    this.#reserve(this.#length + EVENT_HEAD_MOST + payload.length);
    const dtUs = this.#count === 0 ? 0 : atUs - this.#lastUs;
    this.#length = putEvent(this.#bytes, this.#length, type, channel, dtUs, payload);
    this.#lastUs = atUs;
    this.#count++;
  }

  /** The events not handed out before, as a frame of their own; they stay here for the container. */
  hand(): FramePlain | undefined {
    if (this.unhanded === 0) return undefined;
    const rest = this.#bytes.subarray(this.#handedBytes, this.#length);
    const part: FramePlain = {
      stream: this.#stream,
      firstEvent: this.#firstEvent + this.#handedCount,
      eventCount: this.#count - this.#handedCount,
      timeUs: this.#unhandedTimeUs,
      plain: this.#handedBytes === 0 ? rest : withoutFirstDelay(rest),
    };
    this.#handedBytes = this.#length;
    this.#handedCount = this.#count;
    return part;
  }

  /** Everything here, once: the frame is empty afterwards. */
  take(): FramePlain | undefined {
    if (this.#count === 0) return undefined;
    const whole: FramePlain = {
      stream: this.#stream,
      firstEvent: this.#firstEvent,
      eventCount: this.#count,
      timeUs: this.#timeUs,
      plain: this.#bytes.subarray(0, this.#length),
    };
    this.#firstEvent += this.#count;
    this.#count = 0;
    this.#length = 0;
    this.#handedBytes = 0;
    this.#handedCount = 0;
    return whole;
  }

  /** Gives a large buffer back; for quiet moments. */
  shrink(): void {
    if (this.#length === 0 && this.#bytes.length > KEPT_BUFFER) this.#bytes = EMPTY;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(length, SMALLEST_BUFFER, Math.min(2 * this.#bytes.length, FRAME_PLAIN_MAX)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** A frame's first event has no delay (FORMAT.md §3): type ‖ channel ‖ 0 ‖ the rest. */
function withoutFirstDelay(events: Uint8Array): Uint8Array {
  const delayAt = varintEnd(events, 1);
  const delayEnd = varintEnd(events, delayAt);
  const plain = new Uint8Array(events.length - (delayEnd - delayAt) + 1);
  plain.set(events.subarray(0, delayAt));
  plain.set(events.subarray(delayEnd), delayAt + 1);
  return plain;
}

function varintEnd(bytes: Uint8Array, at: number): number {
  let next = at;
  while ((bytes[next] ?? 0) >= 0x80) next++;
  return next + 1;
}
