/** What passes over the socket, checked by hand: what comes in is small and strict, what goes out is a copy. */
import type { EndReason, ErrorCode, SessionId, TapEvent } from "../domain/index.js";
import { asId } from "../domain/index.js";
import type { Notice, WatchStart } from "../broker/index.js";

/** Beside a session's own reasons: fell behind · may not any more · asked to stop. */
export type WatchEnd = EndReason | "too-slow" | "no-right" | "unwatched";
export type WatchAnswer =
  { readonly ok: true; readonly start: WatchStart } | { readonly ok: false; readonly code: ErrorCode };

export interface ServerToClient {
  notice: (message: Pick<Notice, "topic" | "id">) => void;
  "watch:event": (message: { readonly sessionId: SessionId; readonly event: TapEvent }) => void;
  "watch:ended": (message: { readonly sessionId: SessionId; readonly because: WatchEnd }) => void;
}
/** Nothing that a peer sends is trusted to have its type. */
export interface ClientToServer {
  watch: (input: unknown, answer: unknown) => void;
  unwatch: (input: unknown) => void;
}

const SESSION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** `{sessionId}` and nothing else; undefined for anything that is not exactly that. */
export function readSessionId(input: unknown): SessionId | undefined {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return undefined;
  const entries = Object.entries(input);
  const [key, value] = entries[0] ?? [];
  if (entries.length !== 1 || key !== "sessionId" || typeof value !== "string" || !SESSION_ID.test(value))
    return undefined;
  return asId<SessionId>(value);
}

/**
 * The event with bytes of its own: the recorder's buffer may be used again before the socket has sent it. Of the clipboard
 * only what is named here goes out: that something passed, never what.
 */
export function copyEvent(event: TapEvent): TapEvent {
  switch (event.type) {
    case "output":
    case "graphics":
      return { ...event, bytes: Buffer.from(event.bytes) };
    case "clipboard": {
      const { type, channel, atUs, direction, size } = event;
      return { type, channel, atUs, direction, size };
    }
    default:
      return event;
  }
}

const EVENT_OVERHEAD_BYTES = 200;

/** About how many bytes an event takes on its way. */
export function sizeOf(event: TapEvent): number {
  switch (event.type) {
    case "output":
    case "graphics":
      return EVENT_OVERHEAD_BYTES + event.bytes.byteLength;
    case "gate":
      return EVENT_OVERHEAD_BYTES + event.text.length * 3;
    case "channel-opened":
      return EVENT_OVERHEAD_BYTES + event.detail.length * 3;
    case "transfer":
      return EVENT_OVERHEAD_BYTES + event.transfer.path.length * 3;
    case "resize":
    case "channel-closed":
    case "pointer":
    case "clipboard":
      return EVENT_OVERHEAD_BYTES;
  }
}

/** About how many bytes the first pictures take on their way. */
export function sizeOfStart({ channels }: WatchStart): number {
  return channels.reduce((sum, { screen }) => sum + EVENT_OVERHEAD_BYTES + Buffer.byteLength(screen), 0);
}
