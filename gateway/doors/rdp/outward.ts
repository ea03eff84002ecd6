/**
 * guacd → recorder → browser. Drawing is gathered into chunks, recorded, and only then shown; clipboard texts and files go through
 * their own records in the same order. When too much waits for recorder or browser, guacd is not read.
 */
import { sanitise } from "../../domain/index.js";
import { encodeInstruction, encodeInstructionBytes, type Instruction } from "../../../recordings/codec/index.js";
import type { LiveChannel, LiveSession } from "../../broker/index.js";
import type { LastWord } from "./errors.js";
import { readGuacdError, STATUS, wordOfCode, wordOfEnd } from "./errors.js";
import { ChunkGatherer } from "./chunks.js";
import { ClipboardText } from "./clipboard.js";
import { FilePassage } from "./file-passage.js";
import { OutwardFilter, type OutwardVerdict } from "./guac/outward-filter.js";
import { PerMinute } from "./guac/rates.js";
import { LISTING_MOST, type Rights } from "./guac/rights.js";
import type { GuacdLink } from "./guacd-link.js";
import type { DesktopDoorLimits } from "./limits.js";
import { StepQueue } from "./queue.js";
import type { View } from "./view.js";

export interface OutwardParts {
  readonly live: LiveSession;
  readonly channel: LiveChannel;
  readonly view: View;
  readonly link: () => GuacdLink | undefined;
  readonly rights: () => Rights;
  readonly limits: DesktopDoorLimits;
  /** What was asked for, in pixels. */
  readonly size: { readonly width: number; readonly height: number };
  /** The session cannot go on. */
  readonly onOver: (word: LastWord) => void;
  readonly onFailure: (error: unknown) => void;
  /** guacd answered for a stream of the browser's. */
  readonly onAck: (stream: number, status: number, bytes: Uint8Array) => void;
  readonly nowMs: () => number;
}

/**
 * A frame of the picture shows when it is whole. What came of it waits so long for the rest, so that it is recorded and sent in few
 * pieces: guacd writes eight kilobytes at a time.
 */
const FRAME_WAIT_MS = 4;

type StreamVerdict = Extract<OutwardVerdict, { readonly do: "begin" | "blob" | "end" }>;

export class Outward {
  readonly #parts: OutwardParts;
  readonly #filter: OutwardFilter;
  readonly #queue: StepQueue;
  readonly #gathered = new ChunkGatherer();
  readonly #texts = new Map<number, ClipboardText>();
  readonly #files = new Map<number, FilePassage>();
  readonly #listings = new Map<number, number>();
  readonly #copies: PerMinute;
  readonly #downloads: PerMinute;
  #syncs: number[] = [];
  #begun = false;
  #frameTimer: NodeJS.Timeout | undefined;
  #seen = false;
  #announce: () => void = () => undefined;
  /** Resolves with the first picture: something was drawn and a frame ended. */
  readonly firstPicture = new Promise<void>((resolve) => (this.#announce = resolve));

  constructor(parts: OutwardParts) {
    this.#parts = parts;
    this.#filter = new OutwardFilter(parts.rights);
    this.#copies = new PerMinute(parts.limits.clipboardsPerMinute);
    this.#downloads = new PerMinute(parts.limits.filesPerMinute);
    this.#queue = new StepQueue(parts.onFailure, () => this.flow());
  }

  get seen(): boolean {
    return this.#seen;
  }

  /** What came in one read. */
  take(instructions: readonly Instruction[]): void {
    for (const instruction of instructions) {
      const verdict = this.#filter.judge(instruction);
      if (verdict.do === "draw") this.#gather(instruction);
      else if (verdict.do === "sync") {
        this.#gather(instruction);
        this.#syncs.push(verdict.timestamp);
      } else if (!this.#other(verdict, instruction)) break;
    }
    if (this.#syncs.length > 0) this.#record(this.#gathered.take());
    else if (this.#gathered.holds)
      this.#frameTimer ??= setTimeout(() => this.#record(this.#gathered.take()), FRAME_WAIT_MS);
    this.flow();
  }

  /** Holds guacd while too much waits, lets it go when half of that is gone. */
  flow(): void {
    const waiting = this.#queue.bytes + this.#parts.view.waitingBytes;
    const { outwardBytes } = this.#parts.limits;
    if (waiting > outwardBytes) this.#parts.link()?.hold("flow", true);
    else if (waiting <= outwardBytes / 2) this.#parts.link()?.hold("flow", false);
  }

  /** The browser said how it takes a stream of guacd's; an answer that is an error ends the stream. */
  acknowledged(stream: number, status: number): boolean {
    const kind = this.#filter.open.get(stream);
    if (kind !== "download" && kind !== "listing") return false;
    if (status !== STATUS.success) this.#abandon(stream);
    return true;
  }

  /** The operator is gone: files under way end here, and guacd is told so. */
  detached(): void {
    for (const [stream, kind] of this.#filter.open) {
      if (kind !== "download" && kind !== "listing") continue;
      this.#answer(stream, "gone", STATUS.sessionClosed);
      this.#abandon(stream);
    }
  }

  settled(): Promise<void> {
    return this.#queue.settled();
  }

  stop(): void {
    clearTimeout(this.#frameTimer);
    this.#queue.stop();
  }

  /** Ends the files' channels; what was on its way is written down as cut. */
  async close(): Promise<void> {
    clearTimeout(this.#frameTimer);
    await this.#queue.settled();
    await Promise.all([...this.#files.values()].map((file) => file.end(false)));
  }

  #gather(instruction: Instruction): void {
    if (!this.#begun) this.#begin(instruction);
    this.#record(this.#gathered.add(instruction));
  }

  /**
   * guacd 1.3 lets a desktop draw before it counts its user, and then the size that stands first reaches nobody. Without one
   * nothing would be shown, so the gate says it: it is what guacd was asked for.
   */
  #begin({ opcode, args }: Instruction): void {
    this.#begun = true;
    if (opcode === "size" && args[0] === "0") return;
    const { width, height } = this.#parts.size;
    const size = ["0", String(width), String(height)];
    this.#record(this.#gathered.add({ opcode: "size", args: size, bytes: encodeInstructionBytes(["size", ...size]) }));
  }

  #record(chunk: Uint8Array | undefined): void {
    clearTimeout(this.#frameTimer);
    this.#frameTimer = undefined;
    if (chunk === undefined) return;
    const { channel, view } = this.#parts;
    const syncs = this.#syncs;
    this.#syncs = [];
    const recorded = channel.tap.graphics(chunk);
    // Whoever waits in the queue hears of a failure; an earlier one there must not leave this one unheard.
    recorded.catch(() => undefined);
    this.#queue.add(chunk.length, async () => {
      view.draw(chunk, await recorded, syncs);
      if (this.#seen || syncs.length === 0) return;
      this.#seen = true;
      this.#announce();
    });
  }

  /** Everything but drawing, in its place among it. False: what follows in this read is not wanted any more. */
  #other(verdict: OutwardVerdict, instruction: Instruction): boolean {
    const { view, onOver } = this.#parts;
    switch (verdict.do) {
      case "draw":
      case "sync":
      case "drop":
        return true;
      case "pass":
        this.#inOrder(instruction, (bytes) => this.#pass(instruction, bytes, view));
        return true;
      case "ack":
        this.#inOrder(instruction, (bytes) => this.#parts.onAck(verdict.stream, verdict.status, bytes));
        return true;
      case "refuse":
        this.#refuse(verdict);
        return true;
      case "begin":
      case "blob":
      case "end":
        this.#stream(verdict, instruction);
        return true;
      case "close":
        this.#record(this.#gathered.take());
        this.#queue.add(0, () => onOver(wordOfEnd("target-closed")));
        return false;
      case "error":
        this.#record(this.#gathered.take());
        this.#queue.add(0, () => onOver(readGuacdError(verdict.status, this.#seen)));
        return false;
      case "fault":
        void this.#note({ what: `guacd: ${sanitise(verdict.what, 64)}`, because: "invalid-input" });
        onOver(wordOfCode("desktop-service-unavailable"));
        return false;
    }
  }

  #pass({ opcode, args }: Instruction, bytes: Uint8Array, view: View): void {
    if (opcode === "filesystem" || opcode === "undefine") view.object(opcode, args[0] ?? "", bytes);
    else view.pass(bytes);
  }

  #inOrder(instruction: Instruction, step: (bytes: Uint8Array) => Promise<void> | void): void {
    this.#record(this.#gathered.take());
    const { bytes } = instruction;
    this.#queue.add(bytes.length, () => step(bytes));
  }

  #refuse({ what, stream, name }: Extract<OutwardVerdict, { readonly do: "refuse" }>): void {
    this.#answer(stream, "refused", STATUS.forbidden);
    void this.#note({ what, because: "not-granted", ...(what === "download" ? { path: sanitise(name) } : {}) });
  }

  async #note(detail: { readonly what: string; readonly because: string; readonly path?: string }): Promise<void> {
    try {
      await this.#parts.live.refuseInChannel(this.#parts.channel, detail);
    } catch (error) {
      this.#parts.onFailure(error);
    }
  }

  #answer(stream: number, text: string, status: number): void {
    this.#parts.link()?.send(encodeInstruction(["ack", stream, text, status]));
  }

  #abandon(stream: number): void {
    this.#filter.giveUp(stream);
    this.#listings.delete(stream);
    this.#queue.add(0, async () => {
      const file = this.#files.get(stream);
      this.#files.delete(stream);
      await file?.end(false);
    });
  }

  #stream(verdict: StreamVerdict, instruction: Instruction): void {
    switch (verdict.kind) {
      case "copy":
        return this.#copy(verdict, instruction);
      case "download":
        if (verdict.do === "begin" && !this.#fits("download", this.#downloads, verdict.stream)) return;
        return this.#inOrder(instruction, (bytes) => this.#download(verdict, instruction, bytes));
      case "listing":
        return this.#listing(verdict, instruction);
    }
  }

  /** Whether one more may pass in this minute; guacd is told when not. */
  #fits(what: "copy" | "download", rate: PerMinute, stream: number): boolean {
    const fits = rate.take(this.#parts.nowMs());
    if (fits === "fits") return true;
    this.#filter.giveUp(stream);
    if (fits === "first-too-many") void this.#note({ what, because: "too-many" });
    this.#answer(stream, "too many", STATUS.tooMany);
    return false;
  }

  #copy(verdict: StreamVerdict, instruction: Instruction): void {
    const { stream } = verdict;
    if (verdict.do === "begin") {
      if (this.#fits("copy", this.#copies, stream))
        this.#texts.set(stream, new ClipboardText("copy", instruction.bytes));
      return;
    }
    const text = this.#texts.get(stream);
    if (text === undefined) return;
    if (verdict.do === "blob") {
      if (text.add(instruction.bytes, instruction.args[1] ?? "")) return;
      this.#texts.delete(stream);
      this.#filter.giveUp(stream);
      return void this.#note({ what: "copy", because: "too-long" });
    }
    this.#texts.delete(stream);
    this.#inOrder(instruction, async (closing) => {
      const { record, bytes } = text.end(closing);
      await this.#parts.live.clipboard(this.#parts.channel, record);
      this.#parts.view.pass(bytes);
    });
  }

  async #download(verdict: StreamVerdict, instruction: Instruction, bytes: Uint8Array): Promise<void> {
    const { stream } = verdict;
    if (verdict.do === "begin") {
      const file = this.#parts.view.browser && (await FilePassage.open(this.#parts.live, "download", verdict.name));
      if (file === undefined) {
        this.#filter.giveUp(stream);
        return this.#answer(stream, "refused", STATUS.forbidden);
      }
      await this.#files.get(stream)?.end(false);
      this.#files.set(stream, file);
    } else {
      const file = this.#files.get(stream);
      if (file === undefined) return;
      if (verdict.do === "blob") await file.record(Buffer.from(instruction.args[1] ?? "", "base64"));
      else {
        this.#files.delete(stream);
        await file.end(true);
      }
    }
    this.#parts.view.pass(bytes);
  }

  #listing(verdict: StreamVerdict, instruction: Instruction): void {
    const { stream } = verdict;
    const size = (verdict.do === "begin" ? 0 : (this.#listings.get(stream) ?? 0)) + instruction.bytes.length;
    this.#listings.set(stream, size);
    if (verdict.do === "end") this.#listings.delete(stream);
    if (size <= LISTING_MOST) return this.#inOrder(instruction, (bytes) => this.#parts.view.pass(bytes));
    this.#answer(stream, "too long", STATUS.overrun);
    this.#abandon(stream);
  }
}
