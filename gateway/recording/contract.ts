/**
 * What the recording room gives to others: a recorder for one node, a reader, derived data. Events go through the codec
 * into a blob store; keys never come here (the vault's sealers do the sealing).
 */
import type { BlobStore, Clock, EndReason, RecordingId, Tap } from "../domain/index.js";
import type { ClosingBody, ContainerHeader, RecordedEvent, Verdict } from "../../recordings/codec/index.js";

/** The vault's part, as this room sees it (the same shape as `Vault` gives). */
export interface RecordingCrypto {
  newRecordingKeys(recordingId: string): {
    readonly wrapped: { readonly main: string; readonly input: string };
    readonly sealer: {
      seal(stream: 0 | 1, nonce: Uint8Array, additional: Uint8Array, plain: Uint8Array): Uint8Array;
      open(nonce: Uint8Array, additional: Uint8Array, body: Uint8Array): Uint8Array;
    };
  };
  mainOpener(recordingId: string, wrapped: string): StreamOpener;
  derivedSealer(
    recordingId: string,
    wrappedMain: string,
  ): { seal(plain: Uint8Array): Uint8Array; open(body: Uint8Array): Uint8Array };
  readonly evidence: { readonly publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array };
}
export interface StreamOpener {
  open(nonce: Uint8Array, additional: Uint8Array, body: Uint8Array): Uint8Array;
}

export interface Quotas {
  /** Container bytes a session may write in all, and a second averaged over `rateWindowMs`. */
  readonly sessionBytes: number;
  readonly bytesPerSecond: number;
  readonly rateWindowMs: number;
  /** Below this many free bytes no session opens; below half of it the fastest-recording session ends, then the next. */
  readonly reserveBytes: number;
}

export interface RecorderDeps {
  readonly blobs: BlobStore;
  /** Always on this node's own disk. */
  readonly journal: BlobStore;
  readonly crypto: RecordingCrypto;
  readonly clock: Clock;
  readonly nodeId: string;
  readonly quotas: Quotas;
  readonly log: (level: "info" | "warn" | "error", message: string, detail: Readonly<Record<string, unknown>>) => void;
}

export interface OpenTap {
  readonly tap: Tap;
  /** Resolves with the closing facts once `tap.close` finished, or with what is known when recording failed. */
  readonly finished: Promise<FinishedRecording>;
}

export interface FinishedRecording {
  readonly because: EndReason;
  readonly complete: boolean;
  readonly durationUs: number;
  readonly bytes: number;
  readonly frames: number;
  readonly closingHash: string | null;
  /** Set by recovery alone: the container was changed while the node was down, and was left as it is. */
  readonly altered?: { readonly record: number; readonly offset: number; readonly what: string };
  /** Set by recovery alone: I/O failed, nothing is lost yet, and the next start is to try again. */
  readonly postponed?: true;
}

export interface Recorder {
  /** Creates the container and its header; rejects with `storage-unavailable` when free space is under the reserve or a write fails. */
  open(input: {
    readonly recordingId: RecordingId;
    readonly sessionId: string;
    readonly meta: Readonly<Record<string, unknown>>;
  }): Promise<OpenTap>;
  /** Whether a session may open now. */
  health(): Promise<{ readonly ok: boolean; readonly freeBytes: number }>;
  /**
   * Closes the open main-stream frames of all recordings and answers each one's newest chain hash; the caller logs them (every 10 s).
   * Kept input follows within a minute, and stands in the journal until then.
   */
  heads(): Promise<readonly { readonly recordingId: RecordingId; readonly head: string; readonly bytes: number }[]>;
  /** Puts what the recording holds into its container, for a reader; its length and time index then. Undefined: not open on this node. */
  flush(
    recordingId: RecordingId,
  ): Promise<{ readonly bytes: number; readonly index: ClosingBody["index"] } | undefined>;
  /** After all taps closed. */
  close(): Promise<void>;
}

/** What the next start does with recordings that a dead process left open. */
export type Recover = (
  deps: RecorderDeps,
  openIds: readonly RecordingId[],
) => Promise<readonly (FinishedRecording & { readonly recordingId: RecordingId })[]>;

export interface ContainerReader {
  readonly header: ContainerHeader;
  readonly closing: ClosingBody | undefined;
  /** Main-stream events from the frame that holds `fromUs` (or the first after) on, in order; stops at `toUs`. */
  events(fromUs: number, toUs: number): AsyncIterable<RecordedEvent>;
  close(): Promise<void>;
}

export interface Derived {
  readonly durationUs: number;
  readonly channels: readonly {
    readonly channel: number;
    readonly kind: string;
    readonly detail: string;
    readonly pty: boolean;
    readonly fromUs: number;
    readonly toUs: number;
    readonly cols: number;
    readonly rows: number;
  }[];
  readonly markers: readonly {
    readonly atUs: number;
    readonly channel: number;
    readonly kind: "command" | "transfer" | "alert" | "note" | "forward" | "clipboard" | "keys" | "watch";
    readonly text: string;
    /** The facts that `text` tells in English, by name, for a page in another language; absent where `text` is foreign as it stands. */
    readonly parts?: Readonly<Record<string, string | number | boolean>>;
  }[];
  readonly activity: readonly number[];
  readonly keyframes: readonly { readonly channel: number; readonly atUs: number }[];
  /** Event times of a desktop's small pictures, per channel; each can be had through `Library.thumbnail`. */
  readonly thumbnails: readonly { readonly channel: number; readonly atUs: number }[];
  /** Lines the screen showed, for search; bounded. */
  readonly screen: readonly { readonly atUs: number; readonly channel: number; readonly text: string }[];
}

export interface Keyframe {
  readonly channel: number;
  readonly atUs: number;
  readonly cols: number;
  readonly rows: number;
  /**
   * What brings an empty picture of that size here: for a terminal escape sequences, modes included; for a desktop whole
   * Guacamole instructions (cols and rows are then pixels).
   */
  readonly state: string;
}

/**
 * How many container bytes a live recording may be ahead of the newest state that is held of its desktops: what a watcher who
 * comes late waits for at most, besides what was written since the last `Library.grew`.
 */
export const LIVE_BEHIND_BYTES = 32 * 1024 * 1024;

/** Reads containers, makes and keeps derived data (`<id>.derived`, sealed), through a bounded pool of workers. */
export interface Library {
  read(id: RecordingId): Promise<ContainerReader | undefined>;
  /** Kept or made now. For a recording still open: made up to now and not kept. */
  derived(id: RecordingId): Promise<Derived>;
  /** The newest keyframe of the channel at or before `atUs`; an empty screen when there is none. */
  keyframe(id: RecordingId, channel: number, atUs: number): Promise<Keyframe>;
  /**
   * State of every open terminal and desktop of a live recording now, for watchers and for an operator who comes back. A desktop
   * costs at most what was drawn since its newest kept keyframe (`LIVE_BEHIND_BYTES`).
   */
  liveScreens(id: RecordingId): Promise<readonly Keyframe[]>;
  /**
   * Says how long an open recording's container is now (as `Recorder.heads` tells). When its desktop was drawn further than
   * `LIVE_BEHIND_BYTES` since its newest held state, it is followed to now in the background. Answers at once, never throws;
   * costs nothing for a recording of terminals.
   */
  grew(id: RecordingId, bytes: number): void;
  verify(id: RecordingId): Promise<Verdict>;
  raw(id: RecordingId): Promise<AsyncIterable<Uint8Array> | undefined>;
  asciicast(id: RecordingId, channel: number): AsyncIterable<Uint8Array>;
  text(id: RecordingId, channel: number): AsyncIterable<Uint8Array>;
  /** A desktop as the plain instruction stream that Guacamole's own tools play. */
  guac(id: RecordingId, channel: number): AsyncIterable<Uint8Array>;
  /** The newest small picture (PNG, at most 240 pixels wide) of a desktop at or before `atUs`; undefined when there is none. */
  thumbnail(id: RecordingId, channel: number, atUs: number): Promise<Uint8Array | undefined>;
  /** Kept input, through an opener that only two persons can get. */
  input(id: RecordingId, opener: StreamOpener): AsyncIterable<RecordedEvent>;
  /** Removes container and everything derived from it. */
  remove(id: RecordingId): Promise<void>;
  close(): Promise<void>;
}
