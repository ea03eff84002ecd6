/**
 * The plaintext that a stream's next frame may lean on (FORMAT.md §2.1, continued frames): small frames alone compress badly,
 * with what was just shown before them well. Writer and reader keep it alike. It keeps one buffer, as a busy stream pushes often.
 */
const HISTORY_BYTES = 8192;
export const CONTINUED_MOST = 32;
const NONE = new Uint8Array(0);

export class FrameHistory {
  /** A zero, which keeps the rest from being taken for a trained dictionary, then the history. */
  #dictionary = NONE;
  #length = 0;
  #continued = 0;

  /** How many continued frames stand on the last that is not. */
  get continued(): number {
    return this.#continued;
  }

  /** What a continued frame is compressed with, until the next `push`; undefined when there is nothing to lean on. */
  dictionary(): Uint8Array | undefined {
    return this.#length === 0 ? undefined : this.#dictionary.subarray(0, 1 + this.#length);
  }

  push(plain: Uint8Array, continued: boolean): void {
    this.#continued = continued ? this.#continued + 1 : 0;
    const tail = plain.length <= HISTORY_BYTES ? plain : plain.subarray(-HISTORY_BYTES);
    const kept = continued ? Math.min(this.#length, HISTORY_BYTES - tail.length) : 0;
    this.#reserve(kept + tail.length);
    this.#dictionary.copyWithin(1, 1 + this.#length - kept, 1 + this.#length);
    this.#dictionary.set(tail, 1 + kept);
    this.#length = kept + tail.length;
  }

  #reserve(length: number): void {
    if (1 + length <= this.#dictionary.length) return;
    const grown = new Uint8Array(1 + Math.min(HISTORY_BYTES, 2 * length));
    grown.set(this.#dictionary);
    this.#dictionary = grown;
  }
}
