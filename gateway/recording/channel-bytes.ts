/**
 * What one channel kept and what it only digested. A channel with a bound is hashed from its first byte in each direction, so
 * that its digests are those of everything that passed (stdout and stderr in the order they came); terminals have no bound and
 * no hash. Pure but for the hash.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";

const NONE = new Uint8Array(0);

export class ChannelBytes {
  readonly #keepBytes: number;
  readonly #hashes: { in: Hash | undefined; out: Hash | undefined } = { in: undefined, out: undefined };
  #bytesIn = 0;
  #bytesOut = 0;
  #kept = 0;
  #digested = false;
  #announced = false;

  /** `keepBytes`: both directions together; Infinity keeps all. */
  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }
  get bytesOut(): number {
    return this.#bytesOut;
  }
  get kept(): number {
    return this.#kept;
  }
  get digested(): boolean {
    return this.#digested;
  }

  wouldPass(bytes: number): boolean {
    return this.#kept + bytes > this.#keepBytes;
  }

  /** Counts and hashes `bytes`; answers the part of them that is kept. */
  take(direction: "in" | "out", bytes: Uint8Array): Uint8Array {
    if (direction === "in") this.#bytesIn += bytes.length;
    else this.#bytesOut += bytes.length;
    if (this.#keepBytes === Infinity) return bytes;
    this.#hashes[direction] ??= createHash("sha256");
    this.#hashes[direction].update(bytes);
    if (this.#digested) return NONE;
    const room = this.#keepBytes - this.#kept;
    const kept = bytes.length <= room ? bytes : bytes.subarray(0, room);
    this.#digested = kept.length < bytes.length;
    this.#kept += kept.length;
    return kept;
  }

  /** True once: when the event that announces the digest is due. */
  startDigest(): boolean {
    const due = this.#digested && !this.#announced;
    this.#announced ||= due;
    return due;
  }

  /** Hex SHA-256 of each direction that had bytes. Called once. */
  digests(): { sha256In?: string; sha256Out?: string } {
    const { in: hashIn, out: hashOut } = this.#hashes;
    return {
      ...(hashIn === undefined ? {} : { sha256In: hashIn.digest("hex") }),
      ...(hashOut === undefined ? {} : { sha256Out: hashOut.digest("hex") }),
    };
  }
}
