/**
 * What passes over the socket at `/live`: types only, since the socket's own room checks what comes in by hand. Terminal
 * bytes and a desktop's drawing travel as binary (`ArrayBuffer` in the page).
 */
import type {
  CHANNEL_KINDS,
  CHANNEL_OUTCOMES,
  CLIPBOARD_DIRECTIONS,
  END_REASONS,
  NOTICE_TOPICS,
  TRANSFER_DIRECTIONS,
} from "./constants.js";
import type { ProblemCode } from "./problems.js";
import type { SessionView } from "./sessions.js";

type EndReason = (typeof END_REASONS)[number];

/** Something changed that the page may want to fetch again. */
export interface NoticeMessage {
  readonly topic: (typeof NOTICE_TOPICS)[number];
  readonly id: string;
}

export interface WatchChannel {
  readonly channel: number;
  readonly kind: (typeof CHANNEL_KINDS)[number];
  readonly detail: string;
  /** Pixels on a desktop. */
  readonly cols: number;
  readonly rows: number;
  readonly pty: boolean;
  /** What brings an empty picture of that size here: escape sequences, or on a desktop whole Guacamole instructions. */
  readonly screen: string;
}
export interface WatchStartMessage {
  readonly session: SessionView;
  readonly channels: readonly WatchChannel[];
}
export type WatchAnswer =
  { readonly ok: true; readonly start: WatchStartMessage } | { readonly ok: false; readonly code: ProblemCode };

interface At {
  readonly channel: number;
  readonly atUs: number;
}
export type WatchEvent =
  | (At & { readonly type: "output"; readonly bytes: ArrayBuffer | Uint8Array; readonly stderr: boolean })
  | (At & { readonly type: "resize"; readonly cols: number; readonly rows: number })
  | (At & { readonly type: "channel-opened" } & Omit<WatchChannel, "screen" | "channel">)
  | (At & { readonly type: "channel-closed"; readonly outcome: (typeof CHANNEL_OUTCOMES)[number] })
  | (At & {
      readonly type: "transfer";
      readonly transfer: {
        readonly direction: (typeof TRANSFER_DIRECTIONS)[number];
        readonly path: string;
        readonly size: number;
        readonly sha256: string;
        readonly sequential: boolean;
      };
    })
  | (At & { readonly type: "gate"; readonly text: string })
  /** Whole Guacamole drawing instructions, newer than the desktop's `screen`. */
  | (At & { readonly type: "graphics"; readonly bytes: ArrayBuffer | Uint8Array })
  | (At & { readonly type: "pointer"; readonly x: number; readonly y: number; readonly mask: number })
  /** That something passed, never what. */
  | (At & {
      readonly type: "clipboard";
      readonly direction: (typeof CLIPBOARD_DIRECTIONS)[number];
      readonly size: number;
    });

export interface WatchEventMessage {
  readonly sessionId: string;
  readonly event: WatchEvent;
}
/** Beside the session's own reasons: `too-slow` (the watcher fell behind and was cut), `no-right` (may not watch any more). */
export interface WatchEndedMessage {
  readonly sessionId: string;
  readonly because: EndReason | "too-slow" | "no-right" | "unwatched";
}

export interface ServerToClient {
  notice: (message: NoticeMessage) => void;
  "watch:event": (message: WatchEventMessage) => void;
  "watch:ended": (message: WatchEndedMessage) => void;
}
export interface ClientToServer {
  watch: (input: { sessionId: string }, answer: (result: WatchAnswer) => void) => void;
  unwatch: (input: { sessionId: string }) => void;
}
