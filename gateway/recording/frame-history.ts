/**
 * The plaintext that a stream's next frame may lean on (FORMAT.md §2.1, continued frames): small frames alone compress badly,
 * with what was just shown before them well. Writer and reader keep it alike. Pure.
 */
import { concat } from "../../recordings/codec/index.js";

const HISTORY_BYTES = 8192;
export const CONTINUED_MOST = 32;
const NONE = new Uint8Array(0);

export class FrameHistory {
  #tail: Uint8Array = NONE;
  #continued = 0;

  /** How many continued frames stand on the last that is not. */
  get continued(): number {
    return this.#continued;
  }

  /** What a continued frame is compressed with; undefined when there is nothing to lean on. The zero keeps it from being taken for a trained dictionary. */
  dictionary(): Uint8Array | undefined {
    return this.#tail.length === 0 ? undefined : concat([Uint8Array.of(0), this.#tail]);
  }

  push(plain: Uint8Array, continued: boolean): void {
    this.#continued = continued ? this.#continued + 1 : 0;
    if (!continued || plain.length >= HISTORY_BYTES) this.#tail = plain.slice(-HISTORY_BYTES);
    else this.#tail = concat([this.#tail, plain]).slice(-HISTORY_BYTES);
  }
}
