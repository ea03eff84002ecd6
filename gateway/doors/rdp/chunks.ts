/** Gathers drawing instructions into chunks as the recorder takes them, without copying what came in one piece. Pure. */
import type { Instruction } from "../../../recordings/codec/index.js";

/** What one call of a tap takes (`ChannelTap.graphics`). */
export const CHUNK_MOST = 65_536;

export class ChunkGatherer {
  #runs: Uint8Array[] = [];
  #length = 0;

  get holds(): boolean {
    return this.#length > 0;
  }

  /** Adds one instruction; answers the chunk before it when there is no more room. */
  add({ bytes }: Instruction): Uint8Array | undefined {
    const full = this.#length + bytes.length > CHUNK_MOST ? this.take() : undefined;
    const last = this.#runs.at(-1);
    if (last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset)
      this.#runs[this.#runs.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length);
    else this.#runs.push(bytes);
    this.#length += bytes.length;
    return full;
  }

  /** Everything gathered, in order; undefined when there is nothing. */
  take(): Uint8Array | undefined {
    const [first] = this.#runs;
    if (first === undefined) return undefined;
    const chunk = this.#runs.length === 1 ? first : Buffer.concat(this.#runs, this.#length);
    this.#runs = [];
    this.#length = 0;
    return chunk;
  }
}
