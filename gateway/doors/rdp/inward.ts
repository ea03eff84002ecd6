/**
 * Browser → recorder → guacd. Each key and each move of the pointer is recorded before it goes on, texts and files through their
 * own records in the same order. A browser that says what nobody may say loses its connection; one that says too much waits.
 */
import { sanitise } from "../../domain/index.js";
import {
  encodeInstruction,
  GuacamoleError,
  InstructionParser,
  type Instruction,
} from "../../../recordings/codec/index.js";
import type { LiveChannel, LiveSession } from "../../broker/index.js";
import type { BrowserConnection } from "./browser-connection.js";
import { ClipboardText } from "./clipboard.js";
import { STATUS } from "./errors.js";
import type { Frost } from "./frost.js";
import type { Held } from "./guac/held.js";
import { InwardFilter, type InwardVerdict } from "./guac/inward-filter.js";
import { Rate, type PerMinute } from "./guac/rates.js";
import type { Rights } from "./guac/rights.js";
import type { GuacdLink } from "./guacd-link.js";
import type { Keystrokes } from "./keystrokes.js";
import type { DesktopDoorLimits } from "./limits.js";
import { StepQueue } from "./queue.js";
import type { SyncLedger } from "./guac/syncs.js";
import { Uploads } from "./uploads.js";

export interface InwardParts {
  readonly browser: BrowserConnection;
  readonly live: LiveSession;
  readonly channel: LiveChannel;
  readonly link: () => GuacdLink | undefined;
  readonly held: Held;
  readonly keys: Keystrokes;
  readonly syncs: SyncLedger;
  readonly rights: () => Rights;
  /** Whether this guacd has it. */
  readonly touch: () => boolean;
  readonly limits: DesktopDoorLimits;
  /** Texts that may still be pasted. */
  readonly pastes: PerMinute;
  /** Files that may still be uploaded. */
  readonly uploads: PerMinute;
  readonly nowMs: () => number;
  readonly frost: Frost;
  /** Whether a byte may pass at this moment. */
  readonly admits: () => boolean;
  readonly onLeave: () => void;
  readonly onFailure: (error: unknown) => void;
  /** For a stream of guacd's; false when there is no such. */
  readonly onAck: (stream: number, status: number) => boolean;
}

type StreamVerdict = Extract<InwardVerdict, { readonly do: "begin" | "blob" | "end" }>;

export class Inward {
  readonly #parts: InwardParts;
  readonly #parser = new InstructionParser();
  readonly #filter: InwardFilter;
  readonly #queue: StepQueue;
  readonly #instructions: Rate;
  readonly #bytes: Rate;
  readonly #texts = new Map<number, ClipboardText>();
  readonly #uploads: Uploads;
  #over = false;

  constructor(parts: InwardParts) {
    this.#parts = parts;
    this.#filter = new InwardFilter(parts.rights, parts.touch);
    this.#queue = new StepQueue(parts.onFailure, () => this.flow());
    this.#uploads = new Uploads({
      live: parts.live,
      send: (bytes) => this.#send(bytes),
      end: (stream) => parts.link()?.tell("end", stream),
      later: (step) => this.#queue.add(0, step),
      onFailure: parts.onFailure,
      answerMs: parts.limits.fileAnswerMs,
    });
    this.#instructions = new Rate(parts.limits.instructionsPerSecond, parts.nowMs());
    this.#bytes = new Rate(parts.limits.bytesPerSecond, parts.nowMs());
  }

  /** One message of the browser's. */
  take(message: Uint8Array): void {
    if (this.#over) return;
    try {
      const nowMs = this.#parts.nowMs();
      if (!this.#bytes.take(message.length, nowMs)) return this.#fault("too much", STATUS.tooMany);
      for (const instruction of this.#parser.feed(message)) {
        if (!this.#instructions.take(1, nowMs)) return this.#fault("too much", STATUS.tooMany);
        this.#judge(instruction);
        if (this.#over) return;
      }
      this.flow();
    } catch (error) {
      if (!(error instanceof GuacamoleError)) throw error;
      this.#fault(error.fault, STATUS.badRequest);
    }
  }

  /** Holds the browser while too much waits for the recorder or guacd. */
  flow(): void {
    if (this.#over) return;
    const { inwardBytes, inwardSteps } = this.#parts.limits;
    const waits = this.#queue.bytes > inwardBytes || this.#queue.steps > inwardSteps;
    this.#parts.browser.hold(waits || this.#parts.frost.on || this.#parts.link()?.congested === true);
  }

  /** It froze or thawed: the browser is not read meanwhile. */
  freeze(): void {
    this.flow();
  }

  /** guacd's answer on a stream of this browser's. Texts are answered by the gate. */
  acknowledged(stream: number, status: number, bytes: Uint8Array): void {
    if (this.#filter.open.get(stream) === "paste") return;
    const about = this.#uploads.answered(stream, status);
    // A stream's number may be in use again before its last answer.
    if (about === "none" || (about === "ended" && this.#filter.open.has(stream))) return;
    this.#parts.browser.send(bytes);
    if (about === "fails") this.#filter.giveUp(stream);
  }

  /** The browser is gone: what it began ends here, what it held down goes up. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#queue.settled();
    const link = this.#parts.link();
    for (const stream of this.#uploads.open) link?.tell("end", stream);
    await this.endFiles();
    await this.#parts.frost.thawed();
    if (this.#parts.admits()) await this.#parts.keys.release(this.#parts.held, link);
  }

  /** Writes down what was on its way as cut, that which is just beginning too. */
  async endFiles(): Promise<void> {
    this.#uploads.stopWaiting();
    await this.#queue.settled();
    await this.#uploads.cut();
  }

  stop(): void {
    this.#over = true;
    this.#queue.stop();
  }

  #judge(instruction: Instruction): void {
    const verdict = this.#filter.judge(instruction);
    switch (verdict.do) {
      case "drop":
        return;
      case "ping":
        return this.#parts.browser.tell("", "ping", verdict.stamp);
      case "leave":
        this.#over = true;
        return this.#parts.onLeave();
      case "fault":
        return this.#fault(verdict.what, STATUS.badRequest);
      case "sync":
        return this.#sync(verdict.timestamp, instruction);
      case "key":
      case "pointer":
      case "touch":
        return this.#operate(verdict, instruction);
      case "forward":
        return this.#forward(instruction);
      case "refuse":
        return this.#refuse(verdict);
      case "begin":
      case "blob":
      case "end":
        return verdict.kind === "paste" ? this.#paste(verdict, instruction) : this.#upload(verdict, instruction);
    }
  }

  #sync(timestamp: number, instruction: Instruction): void {
    const answer = this.#parts.syncs.answer(timestamp);
    if (answer === "never") return this.#fault("sync", STATUS.badRequest);
    if (answer === "open") this.#parts.link()?.send(instruction.bytes);
  }

  /** Keys, pointer, touch: the only things that count as the operator's being there. */
  #operate(verdict: Extract<InwardVerdict, { do: "key" | "pointer" | "touch" }>, instruction: Instruction): void {
    const { live, channel, held, keys, admits } = this.#parts;
    if (this.#parts.link() === undefined || !admits()) return;
    live.touch();
    let bytes = instruction.bytes;
    let recorded: Promise<void>;
    if (verdict.do === "key") {
      if (!held.key(verdict.keysym, verdict.pressed)) return;
      recorded = keys.record(verdict.keysym, verdict.pressed, bytes);
    } else if (verdict.do === "pointer") {
      const { x, y, mask } = verdict;
      held.pointer(x, y, mask);
      bytes = Buffer.from(encodeInstruction(["mouse", x, y, mask]));
      recorded = channel.tap.pointer(x, y, mask);
    } else recorded = channel.tap.pointer(verdict.x, verdict.y, verdict.down ? 1 : 0);
    recorded.catch(() => undefined);
    this.#queue.add(bytes.length, async () => {
      await recorded;
      await this.#send(bytes);
    });
  }

  #forward(instruction: Instruction): void {
    const { opcode, args, bytes } = instruction;
    this.#queue.add(bytes.length, async () => {
      if (opcode !== "ack" || this.#parts.onAck(Number(args[0]), Number(args[2]))) await this.#send(bytes);
    });
  }

  /** What was recorded goes on, later where the session is frozen: a key that went down must come up. */
  async #send(bytes: Uint8Array): Promise<void> {
    await this.#parts.frost.thawed();
    if (this.#parts.admits()) this.#parts.link()?.send(bytes);
  }

  #refuse({ what, stream, name, because }: Extract<InwardVerdict, { do: "refuse" }>): void {
    const status = because === "not-granted" ? STATUS.forbidden : STATUS.badRequest;
    if (what !== "get") this.#acknowledge(stream, "refused", status);
    this.#note({ what, because, ...(what === "paste" ? {} : { path: sanitise(name) }) });
  }

  #acknowledge(stream: number, text: string, status: number): void {
    this.#parts.browser.tell("ack", stream, text, status);
  }

  #note(detail: { readonly what: string; readonly because: string; readonly path?: string }): void {
    const { live, channel, onFailure } = this.#parts;
    live.refuseInChannel(channel, detail).catch(onFailure);
  }

  #paste(verdict: StreamVerdict, instruction: Instruction): void {
    const { stream } = verdict;
    if (verdict.do === "begin") {
      const fits = this.#parts.pastes.take(this.#parts.nowMs());
      if (fits !== "fits") return this.#tooMany("paste", stream, fits === "first-too-many");
      this.#texts.set(stream, new ClipboardText("paste", instruction.bytes));
    }
    const text = this.#texts.get(stream);
    if (text === undefined) return;
    if (verdict.do === "blob" && !text.add(instruction.bytes, instruction.args[1] ?? "")) {
      this.#texts.delete(stream);
      this.#filter.giveUp(stream);
      this.#note({ what: "paste", because: "too-long" });
      return this.#acknowledge(stream, "too long", STATUS.overrun);
    }
    if (verdict.do !== "end") return this.#acknowledge(stream, "ok", STATUS.success);
    this.#texts.delete(stream);
    const { record, bytes } = text.end(instruction.bytes);
    this.#queue.add(bytes.length, async () => {
      await this.#parts.live.clipboard(this.#parts.channel, record);
      await this.#send(bytes);
    });
  }

  /** Each text and each file that passes leaves an event: whoever sends without end may not flood the log. */
  #tooMany(what: "paste" | "upload", stream: number, first: boolean): void {
    this.#filter.giveUp(stream);
    this.#acknowledge(stream, "too many", STATUS.tooMany);
    if (first) this.#note({ what, because: "too-many" });
  }

  #upload(verdict: StreamVerdict, { bytes, args }: Instruction): void {
    const { stream } = verdict;
    if (verdict.do === "begin") {
      const fits = this.#parts.uploads.take(this.#parts.nowMs());
      if (fits !== "fits") return this.#tooMany("upload", stream, fits === "first-too-many");
    }
    this.#queue.add(bytes.length, async () => {
      if (verdict.do === "begin") {
        if (await this.#uploads.begin(stream, verdict.name, bytes)) return;
        this.#filter.giveUp(stream);
        this.#acknowledge(stream, "refused", STATUS.forbidden);
      } else if (verdict.do === "blob") await this.#uploads.piece(stream, Buffer.from(args[1] ?? "", "base64"), bytes);
      else await this.#uploads.end(stream, bytes);
    });
  }

  /** This browser's connection ends, and no other; the desktop waits for its operator. */
  #fault(what: string, status: number): void {
    if (this.#over) return;
    this.#note({ what: `browser: ${sanitise(what, 64)}`, because: "invalid-input" });
    this.#parts.browser.finish({ code: "invalid-input", status });
  }
}
