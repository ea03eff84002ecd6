/**
 * One recording while it is written: its two open frames, its container, and who waits for acceptance. An event is accepted
 * when the journal or the container that holds it was handed to the operating system; acceptance is in order. After a
 * failure nothing is accepted any more. It knows no channels (see tap.ts) and no other recordings (see recorder.ts).
 */
import { GatehouseError } from "../domain/index.js";
import type { EndReason, RecordingId, TapEvent } from "../domain/index.js";
import {
  EVENT_PAYLOAD_MAX,
  EventType,
  FRAME_HEAD_BYTES,
  Flag,
  RecordKind,
  Stream,
  TAG_BYTES,
  encodeHead,
  encodeUtf8,
  journalEntry,
  makeNonce,
} from "../../recordings/codec/index.js";
import type { StreamNumber } from "../../recordings/codec/index.js";
import { Acceptance } from "./acceptance.js";
import { INDEX_EVERY_BYTES } from "./container-file.js";
import type { ContainerFile, Reach } from "./container-file.js";
import type { FinishedRecording, RecorderDeps, RecordingCrypto } from "./contract.js";
import { OpenFrame } from "./open-frame.js";
import type { FramePlain } from "./open-frame.js";
import { CONTINUED_MOST, FrameHistory } from "./frame-history.js";
import { closeContainer } from "./closing-record.js";
import { RateQuota } from "./rate-quota.js";
import type { FrameCompressor, Packed } from "./zstd.js";

type Sealer = ReturnType<RecordingCrypto["newRecordingKeys"]>["sealer"];

/** From here on bytes go to the container at once instead of through the journal: measured, see test/bench. */
const BULK_BYTES = 16 * 1024;
/** The same for drawing, whose next frame comes soon: written twice it would be sealed twice. */
const DRAWN_BULK_BYTES = 4 * 1024;
/** A caller that does not wait for acceptance is stopped here; a window of every channel fits. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
const ROOM_WORTH_FILLING = 1024;
/** What may stand in pieces over two frames: streams of bytes. A fact or a row of instructions stays one event. */
const DIVISIBLE: ReadonlySet<number> = new Set([EventType.output, EventType.errorOutput, EventType.input]);
const CONTENT: ReadonlySet<number> = new Set([
  ...DIVISIBLE,
  EventType.graphics,
  EventType.pointer,
  EventType.clipboard,
]);

export interface RecordingHooks {
  readonly compressor: FrameCompressor;
  /** Something waits to be committed. */
  wake(recording: OpenRecording): void;
  /** It takes no more events; called once. */
  ended(recording: OpenRecording): void;
}

export class OpenRecording {
  readonly id: RecordingId;
  readonly finished: Promise<FinishedRecording>;
  readonly watchers = new Set<(event: TapEvent) => void>();
  /** Container bytes of the last seconds, for the fairness of the disk reserve; see recorder.ts. */
  recentBytes = 0;
  seenBytes = 0;
  readonly #deps: RecorderDeps;
  readonly #hooks: RecordingHooks;
  readonly #sealer: Sealer;
  readonly #headAt: number;
  readonly #startedUs: number;
  readonly #main = new OpenFrame(Stream.main);
  readonly #input = new OpenFrame(Stream.input);
  readonly #histories = [new FrameHistory(), new FrameHistory()] as const;
  #container!: ContainerFile;
  #lastUs = 0;
  /** Counters of nonces, by origin and stream; none is used twice under a key. */
  readonly #nonces = [0, 0, 0, 0];
  readonly #acceptance = new Acceptance();
  #state: "open" | "quota" | "closing" | "closed" | "failed" = "open";
  #failureListeners: ((because: "recorder-failed" | "quota") => void)[] = [];
  readonly #quota: RateQuota;
  #finish: (facts: FinishedRecording) => void = () => undefined;
  #closing: Promise<void> | undefined;
  /** Set while the container's running writes hold events that the journal does not. */
  #inContainerOnly = false;
  #needsSync = true;
  /** Whether the main stream's open frame holds drawing. */
  #drawn = false;
  /** The recording's id, then the head of the frame that is sealed. */
  readonly #bound: Uint8Array;

  constructor(deps: RecorderDeps, hooks: RecordingHooks, id: RecordingId, sealer: Sealer, startedUs: number) {
    this.#deps = deps;
    this.#hooks = hooks;
    this.#quota = new RateQuota(deps.quotas);
    this.id = id;
    this.#sealer = sealer;
    const idBytes = encodeUtf8(id);
    this.#headAt = idBytes.length;
    this.#bound = new Uint8Array(idBytes.length + FRAME_HEAD_BYTES);
    this.#bound.set(idBytes);
    this.#startedUs = startedUs;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  attach(container: ContainerFile): void {
    this.#container = container;
  }
  get container(): ContainerFile {
    return this.#container;
  }
  get live(): boolean {
    return this.#state === "open" || this.#state === "quota";
  }
  /** False past a quota, too. */
  get takesContent(): boolean {
    return this.#state === "open";
  }
  get failed(): boolean {
    return this.#state === "failed";
  }
  get elapsedUs(): number {
    return Math.max(this.#lastUs, Math.floor(this.#deps.clock.monotonicUs()) - this.#startedUs);
  }
  /** True when accepted events stand only in a container that was not synced since. */
  get needsSync(): boolean {
    return this.#needsSync;
  }
  /** True while a journal holds events that the container was not given. */
  get journaled(): boolean {
    return this.#main.handed || this.#input.handed;
  }
  /** What waits is worth a frame of the container at once. */
  get bulk(): boolean {
    return this.unhanded >= (this.#drawn ? DRAWN_BULK_BYTES : BULK_BYTES);
  }
  /** Bytes that wait for the journal or the container. */
  get unhanded(): number {
    return this.#main.unhanded + this.#input.unhanded;
  }

  /**
   * Encodes one event; a stream's bytes fill frames in pieces, everything else stays whole as long as an event may be. Its time is
   * later than that of every event before. Answers that time.
   */
  add(stream: StreamNumber, type: number, channel: number, payload: Uint8Array): number {
    this.#mustAccept(CONTENT.has(type));
    const frame = stream === Stream.main ? this.#main : this.#input;
    const atUs = this.#nextUs();
    const whole = !DIVISIBLE.has(type) && payload.length <= EVENT_PAYLOAD_MAX;
    if (payload.length > frame.room && (whole || frame.room < ROOM_WORTH_FILLING)) this.#closeFrame(frame);
    if (type === EventType.graphics) this.#drawn = true;
    if (whole || payload.length <= frame.room) {
      frame.push(type, channel, atUs, payload);
      return atUs;
    }
    let at = 0;
    while (at < payload.length) {
      const part = payload.subarray(at, at + frame.room);
      frame.push(type, channel, at === 0 ? atUs : this.#nextUs(), part);
      at += part.length;
      if (at < payload.length) this.#closeFrame(frame);
    }
    return atUs;
  }

  /** Resolves when everything added so far is accepted; `event` then goes to the watchers. */
  accepted(bytes: number, event?: TapEvent): Promise<void> {
    this.#mustAccept(bytes > 0);
    if (this.#acceptance.bytes + bytes > WAITING_BYTES_MAX) {
      this.fail("recorder-failed", new Error("too many bytes wait for acceptance"));
      return Promise.reject(refusal("recorder-failed"));
    }
    const reach = { main: this.#main.total, input: this.#input.total };
    return new Promise((resolve, reject) => {
      this.#acceptance.add({ reach, bytes, resolve, reject, event });
      if (this.unhanded > 0 || this.#container.busy) this.#hooks.wake(this);
      else this.#settle(this.#acceptance.reached);
    });
  }

  /** What waits, sealed as journal entries, or `undefined` when it must not or need not go there. */
  takeForJournal(): { readonly entries: readonly Uint8Array[]; readonly reach: Reach } | undefined {
    if (this.#state === "failed" || this.unhanded === 0 || this.#unconfirmedInContainer()) return undefined;
    const entries: Uint8Array[] = [];
    for (const frame of [this.#input, this.#main]) {
      const part = frame.hand();
      if (part === undefined) continue;
      const { head40, body } = this.#seal(part, 1);
      entries.push(journalEntry(this.id, head40, body));
    }
    return { entries, reach: { main: this.#main.total, input: this.#input.total } };
  }

  /** The container was written up to `reach`. */
  written(reach: Reach): void {
    if (this.#inContainerOnly) this.#needsSync = true;
    this.reached(reach);
  }

  /** Syncs the container. Rejects when that failed. */
  async sync(): Promise<void> {
    if (!this.live) return;
    this.#needsSync = false;
    await this.#container.sync();
  }

  /** The journal, or the container, holds everything up to `reach`. */
  reached(reach: Reach): void {
    this.#settle(reach);
    if (this.unhanded > 0) this.#hooks.wake(this);
  }

  /** Puts what waits for the journal into the container instead. */
  bypassJournal(): void {
    for (const frame of [this.#input, this.#main]) if (frame.unhanded > 0) this.#closeFrame(frame);
  }

  /** Puts what the main stream holds into the container. Kept input comes in fewer frames, with the journal's next file. */
  flushMain(): void {
    if (this.#state === "failed") return;
    this.#closeFrame(this.#main);
    this.#main.shrink();
  }

  /** Puts everything that is held here into the container; `drained` of the container tells when it is there. */
  flush(): void {
    if (this.#state === "failed") return;
    for (const frame of [this.#input, this.#main]) {
      this.#closeFrame(frame);
      frame.shrink();
    }
  }

  onFailure(listener: (because: "recorder-failed" | "quota") => void): void {
    this.#failureListeners.push(listener);
  }

  /** Ends the taking of events. `quota`: what was taken is still written and closed in order. */
  fail(because: "recorder-failed" | "quota", cause: unknown): void {
    if (this.#state === "failed" || this.#state === "closed" || (because === "quota" && this.#state !== "open")) return;
    const first = this.#state === "open" || this.#state === "closing";
    const wasLive = this.live;
    this.#state = because === "quota" ? "quota" : "failed";
    const detail = { recordingId: this.id, because, cause: cause instanceof Error ? cause.message : String(cause) };
    this.#deps.log(because === "quota" ? "warn" : "error", "recording cannot go on", detail);
    if (because === "recorder-failed") this.#giveUp(cause, wasLive);
    const listeners = first ? this.#failureListeners : [];
    this.#failureListeners = [];
    for (const listener of listeners) listener(because);
  }

  /** Writes what is held and the closing record. Resolves when done or when recording failed; never rejects. */
  close(because: EndReason): Promise<void> {
    this.#closing ??= this.#close(because);
    return this.#closing;
  }

  async #close(because: EndReason): Promise<void> {
    if (this.#state === "failed") return;
    this.flush();
    this.#state = "closing";
    this.#hooks.ended(this);
    try {
      await this.#container.drained();
      const durationUs = this.elapsedUs;
      this.#lastUs = durationUs;
      const endedAt = Math.floor(this.#deps.clock.now());
      const events = [this.#main.total, this.#input.total] as const;
      const facts = { because, endedAt, durationUs, events };
      const { closingHash } = closeContainer(this.#container, this.#deps.crypto.evidence, facts);
      await this.#container.drained();
      await this.#container.sync();
      this.#state = "closed";
      await this.#finishBlob();
      const { bytes, frames } = this.#container;
      this.#finish({ because, complete: true, durationUs, bytes, frames, closingHash });
    } catch (error) {
      this.fail("recorder-failed", error);
    }
  }

  /** The recording stands complete in its store; where that must still bring it elsewhere, it tries again by itself. */
  async #finishBlob(): Promise<void> {
    try {
      await this.#container.finish();
    } catch (error) {
      this.#deps.log("warn", "store could not finish a complete container yet", {
        recordingId: this.id,
        cause: String(error),
      });
    }
  }

  #giveUp(cause: unknown, wasLive: boolean): void {
    this.#acceptance.rejectAll(refusal("recorder-failed", cause));
    const { bytes, frames } = this.#container;
    this.#finish({
      because: "recorder-failed",
      complete: false,
      durationUs: this.#lastUs,
      bytes,
      frames,
      closingHash: null,
    });
    if (wasLive) this.#hooks.ended(this);
    void this.#container.abandon(cause).catch(() => undefined);
  }

  /** Past a quota no more content is taken, while closings and notes still are. */
  #mustAccept(content: boolean): void {
    if (this.#state === "open" || (this.#state === "quota" && !content)) return;
    throw refusal(this.#state.startsWith("clos") ? "internal" : "recorder-failed");
  }

  #nextUs(): number {
    const now = Math.floor(this.#deps.clock.monotonicUs()) - this.#startedUs;
    this.#lastUs = now > this.#lastUs ? now : this.#lastUs + 1;
    return this.#lastUs;
  }

  /** While events lie in an unfinished container write alone, later ones must not be accepted by the journal: recovery would find a gap. */
  #unconfirmedInContainer(): boolean {
    return this.#container.busy && this.#inContainerOnly;
  }

  #closeFrame(frame: OpenFrame): void {
    const whole = frame.take();
    if (whole === undefined) return;
    const end = whole.firstEvent + whole.eventCount;
    const { reached } = this.#acceptance;
    const accepted = whole.stream === Stream.main ? reached.main : reached.input;
    this.#inContainerOnly = (this.#container.busy && this.#inContainerOnly) || end > accepted;
    const history = this.#histories[whole.stream];
    const leans = history.continued < CONTINUED_MOST && this.#container.sinceIndexed < INDEX_EVERY_BYTES;
    const drawn = whole.stream === Stream.main && this.#drawn;
    if (whole.stream === Stream.main) this.#drawn = false;
    const packed = this.#hooks.compressor.pack(whole.plain, leans ? history.dictionary() : undefined, drawn);
    history.push(whole.plain, packed.continued);
    const { head40, body } = this.#seal(whole, 0, packed);
    const reach = { main: this.#main.closed, input: this.#input.closed };
    this.#container.frame(head40, body, reach, whole.stream === Stream.main && !packed.continued ? whole : undefined);
    const stored = head40.length + body.length;
    const passed = this.#quota.add(this.#lastUs, stored, whole.plain.length, this.#container.bytes);
    if (passed !== undefined) this.fail("quota", new Error(passed));
  }

  #seal(part: FramePlain, origin: 0 | 1, packed?: Packed): { head40: Uint8Array; body: Uint8Array } {
    const { stream, firstEvent, eventCount, timeUs, plain } = part;
    const counter = 2 * origin + stream;
    const nonce = makeNonce(origin, stream, this.#nonces[counter] ?? 0);
    this.#nonces[counter] = (this.#nonces[counter] ?? 0) + 1;
    const text = packed?.text ?? plain;
    const flags = (packed?.compressed ? Flag.compressed : 0) | (packed?.continued ? Flag.continued : 0);
    const bodyLen = text.length + TAG_BYTES;
    const kind = RecordKind.frame;
    const head40 = encodeHead({
      kind,
      stream,
      flags,
      firstEvent,
      eventCount,
      timeUs,
      plainLen: plain.length,
      bodyLen,
      nonce,
    });
    this.#bound.set(head40, this.#headAt);
    return { head40, body: this.#sealer.seal(stream, nonce, this.#bound, text) };
  }

  #settle(reach: Reach): void {
    const settled = this.#acceptance.settle(reach);
    if (this.watchers.size === 0 || settled.length === 0) return;
    queueMicrotask(() => {
      for (const { event } of settled) if (event !== undefined) this.#tell(event);
    });
  }

  #tell(event: TapEvent): void {
    for (const watcher of this.watchers) {
      try {
        watcher(event);
      } catch (error) {
        this.watchers.delete(watcher);
        this.#deps.log("warn", "a watcher failed and was removed", { recordingId: this.id, cause: String(error) });
      }
    }
  }
}

function refusal(code: "recorder-failed" | "internal", cause?: unknown): GatehouseError {
  const message = code === "internal" ? "recording is already closed" : "recording cannot go on";
  return new GatehouseError(code, message, cause);
}
