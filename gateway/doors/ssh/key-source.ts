/** Keys typed on an operator's channel while the gate itself holds it; bounded, and given up to the bridge afterwards. */
import type { OperatorChannel } from "./operator-channel.js";
import { onPeerClose } from "./ssh2-shims.js";
import { KeyDecoder, LineEditor, type Key } from "./terminal.js";

const MOST_WAITING = 256;

export class KeySource {
  readonly #channel: OperatorChannel;
  readonly #idleMs: number;
  readonly #decoder = new KeyDecoder();
  readonly #keys: Key[] = [];
  #wake: (() => void) | undefined;
  #gone = false;

  /** `idleMs`: how long `next` waits for a key. */
  constructor(channel: OperatorChannel, idleMs: number) {
    this.#channel = channel;
    this.#idleMs = idleMs;
    channel.raw.on("data", (bytes: Buffer) => {
      if (this.#keys.length < MOST_WAITING) this.#keys.push(...this.#decoder.step(bytes));
      this.#wake?.();
    });
    const gone = (): void => {
      this.#gone = true;
      this.#wake?.();
    };
    channel.raw.once("end", gone);
    channel.raw.once("close", gone);
    onPeerClose(channel.raw, gone);
    channel.raw.resume();
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Undefined when the operator is gone, `signal` fired or nothing was typed for too long. */
  async next(signal?: AbortSignal): Promise<Key | undefined> {
    if (this.#keys.length === 0 && !this.#gone && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#idleMs);
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", done);
          resolve();
        };
        this.#wake = done;
        signal?.addEventListener("abort", done);
      });
      this.#wake = undefined;
    }
    return this.#keys.shift();
  }

  /** Asks for a line. Undefined: given up, gone or idle. */
  async line(prompt: string, longest: number): Promise<string | undefined> {
    await this.show(prompt);
    const editor = new LineEditor(longest);
    for (;;) {
      const key = await this.next();
      if (key === undefined) return undefined;
      const { echo, result } = editor.step(key);
      await this.show(echo);
      if (result !== undefined) return result.type === "line" ? result.text : undefined;
    }
  }

  async show(text: string): Promise<void> {
    await this.#channel.outlet.write(Buffer.from(text));
  }

  /** Stops reading; what was typed and not used is forgotten, what comes later waits for the bridge. */
  release(): void {
    this.#channel.raw.pause();
    this.#channel.raw.removeAllListeners("data");
  }
}
