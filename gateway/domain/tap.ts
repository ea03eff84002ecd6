/**
 * Where a session's bytes are handed to its recorder. A door calls a tap and waits: a byte may be shown only after the
 * promise resolved (promise 2). When a tap rejects, or `failed` fires, the session ends.
 */
import type { ChannelKind, ChannelOutcome, EndReason } from "./sessions.js";
import type { RecordingId } from "./ids.js";

/** What watchers receive, after it was accepted. `bytes` of input are never among it. */
export type TapEvent =
  | {
      readonly type: "output";
      readonly channel: number;
      readonly atUs: number;
      readonly bytes: Uint8Array;
      readonly stderr: boolean;
    }
  | {
      readonly type: "resize";
      readonly channel: number;
      readonly atUs: number;
      readonly cols: number;
      readonly rows: number;
    }
  | {
      readonly type: "channel-opened";
      readonly channel: number;
      readonly atUs: number;
      readonly kind: ChannelKind;
      readonly detail: string;
      readonly cols: number;
      readonly rows: number;
      readonly pty: boolean;
    }
  | {
      readonly type: "channel-closed";
      readonly channel: number;
      readonly atUs: number;
      readonly outcome: ChannelOutcome;
    }
  | { readonly type: "transfer"; readonly channel: number; readonly atUs: number; readonly transfer: TransferRecord }
  | { readonly type: "gate"; readonly channel: number; readonly atUs: number; readonly text: string }
  | {
      /** Whole Guacamole drawing instructions; never clipboard, files, or anything of the operator's keys. */
      readonly type: "graphics";
      readonly channel: number;
      readonly atUs: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: "pointer";
      readonly channel: number;
      readonly atUs: number;
      readonly x: number;
      readonly y: number;
      readonly mask: number;
    }
  | {
      /** That something was copied or pasted, without what it was. */
      readonly type: "clipboard";
      readonly channel: number;
      readonly atUs: number;
      readonly direction: ClipboardRecord["direction"];
      readonly size: number;
    };

export interface TransferRecord {
  readonly direction: "upload" | "download";
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly sequential: boolean;
}

/** One text that passed between the two clipboards. */
export interface ClipboardRecord {
  /** `copy`: target → operator · `paste`: operator → target. */
  readonly direction: "copy" | "paste";
  readonly mimetype: string;
  /** The text as it passed, at most `CLIPBOARD_TEXT_LONGEST` characters of it. */
  readonly text: string;
  /** Bytes of the whole. */
  readonly size: number;
  /** Hex, of the whole. */
  readonly sha256: string;
  readonly truncated: boolean;
}
export const CLIPBOARD_TEXT_LONGEST = 8_192;

export interface ChannelOpening {
  readonly kind: ChannelKind;
  /** Command, path, `host:port`: for people. */
  readonly detail: string;
  /** Present when the channel has a pty. */
  readonly pty?: { readonly term: string; readonly cols: number; readonly rows: number };
  /** Present on a desktop: pixels, and dots an inch. */
  readonly desktop?: { readonly width: number; readonly height: number; readonly dpi: number };
  /** Bytes each channel keeps before it goes on as digest or is cut; Infinity for terminals. */
  readonly keepBytes: number;
  readonly beyond: "digest" | "cut";
}

export interface ChannelTap {
  /** Unique in the recording, never reused; what the container calls the channel. */
  readonly number: number;
  /** Target → operator. Resolves when accepted; rejects with `recorder-failed`. May be called again before it resolved; accepted in order. */
  output(bytes: Uint8Array, stderr?: boolean): Promise<void>;
  /**
   * Operator → target. Kept under the input key, or, when `secret`, only counted as one redaction without length.
   * The main stream gets a mark (when, and whether a line was ended), never the bytes.
   */
  input(bytes: Uint8Array, mark: { readonly endsLine: boolean; readonly secret: boolean }): Promise<void>;
  resize(cols: number, rows: number): Promise<void>;
  /**
   * Target → operator on a desktop: whole Guacamole drawing instructions (`size img blob end sync …`), at most 65,536 bytes a
   * call. Resolves when accepted, with the event's time; may be called again before it resolved, accepted in order.
   */
  graphics(bytes: Uint8Array): Promise<number>;
  /** The operator's pointer, as often as it moves; the tap thins it out (buttons never). Resolves when accepted. */
  pointer(x: number, y: number, mask: number): Promise<void>;
  /** Before the text passes. */
  clipboard(record: ClipboardRecord): Promise<void>;
  /** A line the gate itself wrote to the operator. */
  gate(text: string): Promise<void>;
  transfer(record: TransferRecord): Promise<void>;
  exit(exit: { readonly code: number } | { readonly signal: string; readonly core: boolean }): Promise<void>;
  /** Bytes so far in each direction, and whether the bound was passed. */
  readonly counters: { readonly bytesIn: number; readonly bytesOut: number; readonly digested: boolean };
  /** The channel's end. Answers how it counts. */
  close(): Promise<ChannelOutcome>;
}

export interface Tap {
  readonly recordingId: RecordingId;
  openChannel(opening: ChannelOpening): Promise<ChannelTap>;
  /** Facts that belong to the whole session: alerts, watchers, revocation. */
  note(
    kind: "alert" | "watch" | "refused" | "forward" | "session",
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  /** Adds a watcher of accepted events; answers how to remove it. A watcher that throws is removed. */
  watch(listener: (event: TapEvent) => void): () => void;
  /** Fires once, when recording cannot go on (`recorder-failed`) or a quota was passed (`quota`). */
  onFailure(listener: (because: Extract<EndReason, "recorder-failed" | "quota">) => void): void;
  /** Microseconds since the recording began. */
  readonly elapsedUs: number;
  close(because: EndReason): Promise<void>;
}

/** What a tap rejects with when the channel kept all it may keep and its policy is to be cut: these bytes were not recorded and may not pass. Only the channel ends. */
export class ChannelCut extends Error {
  override readonly name = "ChannelCut";
  readonly channel: number;
  constructor(channel: number) {
    super("channel passed the bound of what it may record");
    this.channel = channel;
  }
}
