/**
 * Who sees the desktop at this moment: a browser, nobody, or a browser that is on its way back and gets the picture first. What is
 * drawn was recorded before it comes here. Syncs that nobody is there to answer are answered by the gate, exactly.
 */
import { encodeInstructionBytes } from "../../../recordings/codec/index.js";
import type { BrowserConnection } from "./browser-connection.js";
import { SyncLedger } from "./guac/syncs.js";

interface Drawn {
  readonly bytes: Uint8Array;
  readonly atUs: number;
}

export class View {
  readonly syncs = new SyncLedger();
  readonly #answer: (timestamp: number) => void;
  /** `filesystem` instructions by object, which a browser that comes back needs again. */
  readonly #objects = new Map<string, Uint8Array>();
  #browser: BrowserConnection | undefined;
  #missed: Drawn[] | undefined;
  #missedBytes = 0;

  /** `answer`: sends a `sync` to guacd. */
  constructor(answer: (timestamp: number) => void) {
    this.#answer = answer;
  }

  get browser(): BrowserConnection | undefined {
    return this.#browser;
  }
  /** Bytes that wait for a browser. */
  get waitingBytes(): number {
    return this.#missedBytes + (this.#browser?.unsentBytes ?? 0);
  }

  /** From the first picture on: a browser that sees everything. */
  attach(browser: BrowserConnection): void {
    this.#browser = browser;
  }

  detach(): void {
    this.#browser = undefined;
    const waiting = this.syncs.takeOver();
    if (waiting !== undefined) this.#answer(waiting);
  }

  /** Recorded drawing, whole instructions, with the timestamps of the syncs in it. */
  draw(bytes: Uint8Array, atUs: number, syncs: readonly number[]): void {
    if (this.#missed !== undefined) {
      this.#missed.push({ bytes, atUs });
      this.#missedBytes += bytes.length;
    }
    this.#browser?.send(bytes);
    for (const timestamp of syncs) {
      if (this.#browser === undefined) {
        this.syncs.drawn(timestamp);
        this.#answer(timestamp);
      } else this.syncs.shown(timestamp);
    }
  }

  /** What is no drawing: to the browser that is there, or to nobody. */
  pass(bytes: Uint8Array): void {
    this.#browser?.send(bytes);
  }

  object(opcode: string, index: string, bytes: Uint8Array): void {
    if (opcode === "undefine") this.#objects.delete(index);
    else if (this.#objects.size < OBJECTS_MOST) this.#objects.set(index, Uint8Array.from(bytes));
    this.pass(bytes);
  }

  /** Keeps from now on what is drawn, for a browser that is coming back. */
  expect(): void {
    this.#missed = [];
    this.#missedBytes = 0;
  }

  /** He is back: the picture, then all that was drawn after it, then everything as it comes. */
  welcome(browser: BrowserConnection, picture: { readonly atUs: number; readonly state: string }): void {
    const missed = this.#missed ?? [];
    this.forget();
    browser.send(Buffer.from(picture.state));
    for (const one of missed) if (one.atUs > picture.atUs) browser.send(one.bytes);
    for (const bytes of this.#objects.values()) browser.send(bytes);
    // What was drawn before stands only when a frame ends. Its answer is stale by then and goes nowhere.
    if (this.syncs.newest >= 0) browser.send(encodeInstructionBytes(["sync", this.syncs.newest]));
    this.#browser = browser;
  }

  /** Nobody is coming after all. */
  forget(): void {
    this.#missed = undefined;
    this.#missedBytes = 0;
  }
}

const OBJECTS_MOST = 16;
