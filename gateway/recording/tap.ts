/**
 * The taps a door writes to: one for the session, one for each channel. They turn bytes into events, keep the bound on what a
 * channel keeps, and see that a secret leaves no trace but one mark. Acceptance is the recording's affair.
 */
import { CLIPBOARD_TEXT_LONGEST, ChannelCut, GatehouseError } from "../domain/index.js";
import type {
  ChannelOpening,
  ChannelOutcome,
  ChannelTap,
  ClipboardRecord,
  EndReason,
  RecordingId,
  Tap,
  TapEvent,
  TransferRecord,
} from "../domain/index.js";
import { EVENT_PAYLOAD_MAX, EventType, Stream, encodeJson, encodeUtf8 } from "../../recordings/codec/index.js";
import { ChannelBytes } from "./channel-bytes.js";
import type { OpenRecording } from "./open-recording.js";
import { APART_US, PointerTrail } from "./pointer-trail.js";
import type { PointerPlace } from "./pointer-trail.js";

/** Bits of an input mark's one byte (FORMAT.md §3, type 7). A mark without bits says that typing of a line began. */
const Mark = { typingBegan: 0, endsLine: 1, secret: 2 } as const;

/** Peers choose these texts. A fact has to fit one frame whole, in the longest form that JSON gives a character. */
const TEXT_LONGEST = 4096;
const SIGNAL_LONGEST = 64;
const MIMETYPE_LONGEST = 256;

/** How long the last place of a pause may wait to be written. */
const TRAIL_MS = APART_US / 1000;

const CTRL_C = 3;
const CTRL_D = 4;

export class SessionTap implements Tap {
  readonly #recording: OpenRecording;
  #channels = 0;

  constructor(recording: OpenRecording) {
    this.#recording = recording;
  }

  get recordingId(): RecordingId {
    return this.#recording.id;
  }
  get elapsedUs(): number {
    return this.#recording.elapsedUs;
  }

  async openChannel(opening: ChannelOpening): Promise<ChannelTap> {
    this.#channels++;
    const channel = new RecordedChannel(this.#recording, this.#channels, opening);
    await channel.opened();
    return channel;
  }

  async note(kind: string, detail: Readonly<Record<string, unknown>>): Promise<void> {
    this.#recording.add(Stream.main, EventType.note, 0, encodeJson({ ...detail, kind }));
    await this.#recording.accepted(0);
  }

  watch(listener: (event: TapEvent) => void): () => void {
    const { watchers } = this.#recording;
    watchers.add(listener);
    return () => {
      watchers.delete(listener);
    };
  }

  onFailure(listener: (because: "recorder-failed" | "quota") => void): void {
    this.#recording.onFailure(listener);
  }

  close(because: EndReason): Promise<void> {
    return this.#recording.close(because);
  }
}

class RecordedChannel implements ChannelTap {
  readonly number: number;
  readonly #recording: OpenRecording;
  readonly #opening: ChannelOpening;
  readonly #bytes: ChannelBytes;
  #outcome: Promise<ChannelOutcome> | undefined;
  #lineBegun = false;
  #secretMarked = false;
  readonly #trail = new PointerTrail();
  #trailTimer: NodeJS.Timeout | undefined;

  constructor(recording: OpenRecording, number: number, opening: ChannelOpening) {
    this.#recording = recording;
    this.number = number;
    this.#opening = opening;
    // Drawing builds on what was drawn: a desktop kept in part would show what never was.
    this.#bytes = new ChannelBytes(opening.desktop === undefined ? opening.keepBytes : Infinity);
  }

  get counters(): { readonly bytesIn: number; readonly bytesOut: number; readonly digested: boolean } {
    const { bytesIn, bytesOut, digested } = this.#bytes;
    return { bytesIn, bytesOut, digested };
  }

  opened(): Promise<void> {
    const { kind, detail, pty, desktop } = this.#opening;
    const atUs = this.#add(EventType.channelOpen, encodeJson({ kind, detail, pty, desktop }));
    const { cols, rows } = desktop === undefined ? (pty ?? { cols: 80, rows: 24 }) : inPixels(desktop);
    const channel = this.number;
    return this.#accepted(0, {
      type: "channel-opened",
      channel,
      atUs,
      kind,
      detail,
      cols,
      rows,
      pty: pty !== undefined,
    });
  }

  async output(bytes: Uint8Array, stderr = false): Promise<void> {
    this.#mustBeOpen();
    const kept = this.#keep("out", bytes);
    if (kept.length === 0) {
      this.#digestIfPassed(bytes.length > 0);
      return this.#accepted(0);
    }
    const type = stderr ? EventType.errorOutput : EventType.output;
    const atUs = this.#recording.add(Stream.main, type, this.number, kept);
    this.#digestIfPassed(kept.length < bytes.length);
    return this.#accepted(bytes.length, { type: "output", channel: this.number, atUs, bytes: kept, stderr });
  }

  async input(bytes: Uint8Array, mark: { readonly endsLine: boolean; readonly secret: boolean }): Promise<void> {
    this.#mustBeOpen();
    if (this.#opening.desktop !== undefined) this.#key(bytes, mark);
    else if (mark.secret) this.#markSecret(mark.endsLine);
    else this.#keepInput(bytes, mark.endsLine);
    return this.#accepted(mark.secret ? 0 : bytes.length);
  }

  async resize(cols: number, rows: number): Promise<void> {
    this.#mustBeOpen();
    const size = [clampU16(cols), clampU16(rows)] as const;
    const payload = new Uint8Array(4);
    size.forEach((value, at) => payload.set([value & 0xff, value >>> 8], 2 * at));
    const atUs = this.#add(EventType.resize, payload);
    return this.#accepted(0, { type: "resize", channel: this.number, atUs, cols: size[0], rows: size[1] });
  }

  async graphics(bytes: Uint8Array): Promise<number> {
    this.#mustBeOpen();
    if (bytes.length > EVENT_PAYLOAD_MAX) throw new GatehouseError("internal", "drawing is longer than one event");
    const kept = this.#bytes.take("out", bytes);
    const atUs = this.#add(EventType.graphics, kept);
    await this.#accepted(kept.length, { type: "graphics", channel: this.number, atUs, bytes: kept });
    return atUs;
  }

  async pointer(x: number, y: number, mask: number): Promise<void> {
    this.#mustBeOpen();
    const place = { x: pixel(x), y: pixel(y), mask: mask & 0xff };
    const due = this.#trail.offer(this.#recording.elapsedUs, place);
    if (due !== undefined) return this.#point(due);
    if (this.#trail.holds) this.#trailTimer ??= setTimeout(() => this.#pointAtRest(), TRAIL_MS).unref();
  }

  async clipboard(record: ClipboardRecord): Promise<void> {
    this.#mustBeOpen();
    const { direction, size, sha256 } = record;
    const text = wholeCharacters(record.text, CLIPBOARD_TEXT_LONGEST);
    const truncated = record.truncated || text.length < record.text.length;
    const mimetype = record.mimetype.slice(0, MIMETYPE_LONGEST);
    const fact = encodeJson({ direction, mimetype, text, size, sha256, truncated });
    const atUs = this.#add(EventType.clipboard, fact);
    return this.#accepted(fact.length, { type: "clipboard", channel: this.number, atUs, direction, size });
  }

  async gate(text: string): Promise<void> {
    this.#mustBeOpen();
    const atUs = this.#add(EventType.gate, encodeUtf8(text));
    return this.#accepted(0, { type: "gate", channel: this.number, atUs, text });
  }

  async transfer(record: TransferRecord): Promise<void> {
    this.#mustBeOpen();
    const { direction, size, sha256, sequential } = record;
    const path = record.path.slice(0, TEXT_LONGEST);
    const atUs = this.#add(EventType.transfer, encodeJson({ direction, path, size, sha256, sequential }));
    return this.#accepted(0, { type: "transfer", channel: this.number, atUs, transfer: { ...record, path } });
  }

  async exit(exit: { readonly code: number } | { readonly signal: string; readonly core: boolean }): Promise<void> {
    this.#mustBeOpen();
    const detail =
      "code" in exit ? { code: exit.code } : { signal: exit.signal.slice(0, SIGNAL_LONGEST), core: exit.core };
    this.#add(EventType.exit, encodeJson(detail));
    return this.#accepted(0);
  }

  close(): Promise<ChannelOutcome> {
    this.#outcome ??= this.#close();
    return this.#outcome;
  }

  async #close(): Promise<ChannelOutcome> {
    clearTimeout(this.#trailTimer);
    this.#pointAtRest();
    const { bytesIn, bytesOut, digested } = this.#bytes;
    const outcome = digested ? "digested" : "recorded";
    const digests = digested ? this.#bytes.digests() : {};
    const atUs = this.#add(EventType.channelClose, encodeJson({ outcome, bytesIn, bytesOut, ...digests }));
    await this.#accepted(0, { type: "channel-closed", channel: this.number, atUs, outcome });
    return outcome;
  }

  #add(type: number, payload: Uint8Array): number {
    return this.#recording.add(Stream.main, type, this.number, payload);
  }

  #accepted(bytes: number, event?: TapEvent): Promise<void> {
    return this.#recording.accepted(bytes, event);
  }

  /** The part of `bytes` that is still kept; the rest was hashed. Throws ChannelCut where nothing may pass unrecorded. */
  #keep(direction: "in" | "out", bytes: Uint8Array): Uint8Array {
    if (this.#opening.beyond === "cut" && this.#bytes.wouldPass(bytes.length)) throw new ChannelCut(this.number);
    return this.#bytes.take(direction, bytes);
  }

  #digestIfPassed(passed: boolean): void {
    if (!passed || !this.#bytes.startDigest()) return;
    this.#add(EventType.digest, encodeJson({ keptBytes: this.#bytes.kept }));
  }

  #keepInput(bytes: Uint8Array, endsLine: boolean): void {
    this.#secretMarked = false;
    const kept = this.#keep("in", bytes);
    if (kept.length > 0) this.#recording.add(Stream.input, EventType.input, this.number, kept);
    if (kept.length < bytes.length) this.#digestIfPassed(true);
    if (this.#opening.pty === undefined) return;
    const last = bytes.at(-1);
    const dropsLine = last === CTRL_C || last === CTRL_D;
    if (!this.#lineBegun && !dropsLine && !(endsLine && bytes.length === 1)) this.#mark(Mark.typingBegan);
    if (endsLine) this.#mark(Mark.endsLine);
    this.#lineBegun = !endsLine && !dropsLine;
  }

  /** A desktop's keys come one at a time and each leaves a mark, whether it is kept or not. */
  #key(bytes: Uint8Array, { endsLine, secret }: { readonly endsLine: boolean; readonly secret: boolean }): void {
    if (!secret) this.#recording.add(Stream.input, EventType.input, this.number, this.#bytes.take("in", bytes));
    this.#mark((endsLine ? Mark.endsLine : 0) | (secret ? Mark.secret : 0));
  }

  async #point({ x, y, mask }: PointerPlace): Promise<void> {
    const payload = Uint8Array.of(x & 0xff, x >>> 8, y & 0xff, y >>> 8, mask);
    const atUs = this.#add(EventType.pointer, payload);
    return this.#accepted(payload.length, { type: "pointer", channel: this.number, atUs, x, y, mask });
  }

  /** The place that was held back. Nobody waits for it: that recording ended is told by `onFailure`. */
  #pointAtRest(): void {
    this.#trailTimer = undefined;
    const place = this.#trail.take(this.#recording.elapsedUs);
    if (place === undefined || !this.#recording.takesContent) return;
    void this.#point(place).catch(() => undefined);
  }

  /** One mark for the whole secret, however long, and one for its end: neither count nor times of keys are kept. */
  #markSecret(endsLine: boolean): void {
    if (!this.#secretMarked) this.#mark(Mark.secret);
    this.#secretMarked = !endsLine;
    this.#lineBegun = false;
    if (endsLine) this.#mark(Mark.secret | Mark.endsLine);
  }

  #mark(bits: number): void {
    this.#add(EventType.inputMark, Uint8Array.of(bits));
  }

  #mustBeOpen(): void {
    if (this.#outcome !== undefined) throw new GatehouseError("internal", "channel is already closed");
  }
}

function inPixels({ width, height }: { readonly width: number; readonly height: number }): {
  readonly cols: number;
  readonly rows: number;
} {
  return { cols: width, rows: height };
}

function pixel(value: number): number {
  return Math.max(0, Math.min(0xffff, Math.floor(value) || 0));
}

/** At most `most` UTF-16 units of `text`, no character cut in two. */
function wholeCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  const splits = (text.codePointAt(most - 1) ?? 0) > 0xffff;
  return text.slice(0, splits ? most - 1 : most);
}

function clampU16(value: number): number {
  return Math.max(1, Math.min(0xffff, Math.floor(value) || 1));
}
