/**
 * One desktop of a recording, replayed: instructions go in with their time; keyframes and small pictures come out, each at a
 * moment between two events. Whatever cannot be followed ends the emulation of this desktop alone.
 */
import { GuacamoleError, InstructionParser } from "../../../../recordings/codec/index.js";
import type { Instruction } from "../../../../recordings/codec/index.js";
import type { Keyframe } from "../../contract.js";
import { Display } from "./display.js";
import { DrawingFault } from "./limits.js";
import type { PixelBudget } from "./limits.js";
import { pictureOf } from "./picture.js";
import { StateWriter } from "./state.js";

const KEYFRAME_EVERY_US = 30_000_000;
/** What whoever seeks has to draw at most. A busy desktop draws so much in seconds, and to make a keyframe costs more than to draw a megabyte. */
const KEYFRAME_EVERY_BYTES = 8 * 1024 * 1024;
/** A keyframe is worth its bytes only when something of that order was drawn; after so long it comes anyway. */
const KEYFRAME_PART = 8;
const KEYFRAME_LATEST_US = 120_000_000;
/** Without a `sync` at an event's end for so long, any end of an event will do. */
const UNSYNCED_BYTES = KEYFRAME_EVERY_BYTES + 1024 * 1024;
const THUMBNAIL_WIDTH = 240;
/** Objects of the drawing library are freed between turns of the event loop. */
const TURN_EVERY = 64;

export interface DesktopOutput {
  keyframe(keyframe: Keyframe): void;
  thumbnail(atUs: number, picture: Uint8Array): void;
  spentMs(): number;
  /** How far apart small pictures lie; Infinity for none. */
  readonly thumbnailEveryUs: number;
}

export class Desktop {
  readonly channel: number;
  /** The largest the desktop was. */
  width: number;
  height: number;
  /** Set once it could not be followed any further: why, and since which event. */
  fault: { readonly atUs: number; readonly text: string } | undefined;
  #over = false;
  readonly #out: DesktopOutput;
  readonly #display: Display;
  readonly #parser = new InstructionParser();
  readonly #writer = new StateWriter();
  #waiting: { readonly bytes: Uint8Array; readonly atUs: number; readonly restored: boolean }[] = [];
  #lastUs: number;
  #synced = false;
  #version = 0;
  #keyframeUs: number;
  #keyframeVersion = 0;
  #keyframeBytes = 0;
  #bytesSince = 0;
  /** Of what changed nothing yet: an image that has not ended. */
  #bytesUnderWay = 0;
  #thumbnailUs = -Infinity;
  #thumbnailVersion = 0;

  constructor(channel: number, atUs: number, budget: PixelBudget, out: DesktopOutput) {
    this.channel = channel;
    this.width = 0;
    this.height = 0;
    this.#out = out;
    this.#display = new Display(budget);
    this.#lastUs = atUs;
    this.#keyframeUs = atUs;
  }

  /** Whole instructions of one event, obeyed at the next `drained`. `restored`: a keyframe's state, which needs no keyframe of its own. */
  write(bytes: Uint8Array, atUs: number, restored = false): void {
    if (!this.#over) this.#waiting.push({ bytes, atUs, restored });
  }

  /** Resolves when all that was written is drawn, which may take until `untilMs` of the clock. */
  async drained(untilMs: number): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      for (const { bytes, atUs, restored } of waiting) {
        await this.#event(bytes, atUs, untilMs);
        if (restored) this.#kept(atUs, bytes.length);
      }
      this.#display.settle();
    } catch (error) {
      if (!(error instanceof DrawingFault || error instanceof GuacamoleError)) throw error;
      this.fault = { atUs: this.#lastUs, text: error.message };
      this.stop();
    }
  }

  /** Takes a keyframe of now, if something changed since the last. */
  finish(): void {
    if (this.#over || this.#display.version === this.#keyframeVersion) return;
    this.#keyframe(this.#lastUs);
    this.#thumbnail(this.#lastUs);
  }

  /** The state at `atUs`, which is not before the last event; undefined when it cannot be said. */
  screen(atUs: number): Keyframe | undefined {
    if (this.#over || this.#parser.pendingBytes > 0) return undefined;
    const { width, height } = this.#size();
    const state = this.#writer.write(this.#display);
    return state === undefined ? undefined : { channel: this.channel, atUs, cols: width, rows: height, state };
  }

  /** Ends the emulation. */
  stop(): void {
    this.#over = true;
    this.#waiting = [];
    this.#display.dispose();
  }

  async #event(bytes: Uint8Array, atUs: number, untilMs: number): Promise<void> {
    if (atUs > this.#lastUs) this.#between(this.#lastUs, atUs);
    this.#lastUs = atUs;
    const instructions = this.#parser.feed(bytes);
    for (const [at, instruction] of instructions.entries()) {
      await this.#obey(instruction);
      if (at % TURN_EVERY === TURN_EVERY - 1) await turn();
      if (this.#out.spentMs() > untilMs) throw new DrawingFault("drawing takes too long");
    }
    this.#synced = this.#parser.pendingBytes === 0 && instructions.at(-1)?.opcode === "sync";
    this.#bytesUnderWay += bytes.length;
    if (this.#display.version === this.#version) return;
    this.#version = this.#display.version;
    this.#bytesSince += this.#bytesUnderWay;
    this.#bytesUnderWay = 0;
  }

  async #obey(instruction: Instruction): Promise<void> {
    const decoding = this.#display.obey(instruction);
    if (decoding !== undefined) await decoding;
    if (instruction.opcode !== "size") return;
    const { width, height } = this.#size();
    this.width = Math.max(this.width, width);
    this.height = Math.max(this.height, height);
  }

  /**
   * All events up to `doneUs` are drawn, the next is at `nextUs`. A keyframe lies just behind the events it holds, so that neither who
   * goes on with its own time nor who goes on after it draws one twice.
   */
  #between(doneUs: number, nextUs: number): void {
    const { version, streams } = this.#display;
    const settled = this.#synced && streams.size === 0;
    if (settled && doneUs - this.#thumbnailUs >= this.#out.thumbnailEveryUs) this.#thumbnail(doneUs);
    if (version === this.#keyframeVersion) return;
    const worth = this.#bytesSince >= Math.min(KEYFRAME_EVERY_BYTES, this.#keyframeBytes / KEYFRAME_PART);
    const due =
      this.#bytesSince >= KEYFRAME_EVERY_BYTES ||
      (worth && doneUs - this.#keyframeUs >= KEYFRAME_EVERY_US) ||
      nextUs - this.#keyframeUs >= KEYFRAME_LATEST_US;
    if (!due) return;
    if (settled || this.#bytesSince >= UNSYNCED_BYTES) this.#keyframe(Math.min(doneUs + 1, nextUs - 1));
  }

  #keyframe(atUs: number): void {
    const keyframe = this.screen(atUs);
    if (keyframe === undefined) return;
    this.#kept(atUs, keyframe.state.length);
    this.#out.keyframe(keyframe);
  }

  #kept(atUs: number, bytes: number): void {
    this.#keyframeUs = atUs;
    this.#keyframeVersion = this.#display.version;
    this.#keyframeBytes = bytes;
    this.#bytesSince = 0;
  }

  #thumbnail(atUs: number): void {
    if (this.#out.thumbnailEveryUs === Infinity || this.#display.version === this.#thumbnailVersion) return;
    const picture = pictureOf(this.#display, THUMBNAIL_WIDTH);
    if (picture === undefined) return;
    this.#thumbnailUs = atUs;
    this.#thumbnailVersion = this.#display.version;
    this.#out.thumbnail(atUs, picture.encodeSync("png"));
  }

  #size(): { readonly width: number; readonly height: number } {
    return this.#display.layers.get(0) ?? { width: 0, height: 0 };
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
