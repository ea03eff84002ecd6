/** Derived data of recordings that are still written, held for the few that are being looked at. Nothing of it is stored. */
import type { RecordingId } from "../../domain/index.js";
import type { Derived, Keyframe } from "../contract.js";
import type { Summary } from "./protocol.js";

const KEPT = 8;

export class OpenDerivation {
  readonly derived: Derived;
  readonly bytes: number;
  readonly #keyframes: readonly Keyframe[];

  constructor(bytes: number, summary: Summary, keyframes: readonly Keyframe[]) {
    this.bytes = bytes;
    this.#keyframes = keyframes;
    this.derived = { ...summary, keyframes: keyframes.map(({ channel, atUs }) => ({ channel, atUs })), thumbnails: [] };
  }

  /** The newest of the channel at or before `atUs`. */
  keyframe(channel: number, atUs: number): Keyframe | undefined {
    return this.#keyframes.findLast((one) => one.channel === channel && one.atUs <= atUs);
  }
}

export class OpenDerivations {
  readonly #kept = new Map<RecordingId, Promise<OpenDerivation>>();

  /** The held one when it is of the same length or reaches `oldestUs`, else what `make` makes. */
  async get(
    id: RecordingId,
    bytes: number,
    oldestUs: number,
    make: (keyframe: (one: Keyframe) => void) => Promise<Summary>,
  ): Promise<OpenDerivation> {
    const held = await this.#kept.get(id)?.catch(() => undefined);
    if (held !== undefined && (held.bytes === bytes || held.derived.durationUs >= oldestUs)) return held;
    const keyframes: Keyframe[] = [];
    const making = make((one) => keyframes.push(one)).then((summary) => new OpenDerivation(bytes, summary, keyframes));
    this.#kept.delete(id);
    this.#kept.set(id, making);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    try {
      return await making;
    } catch (error) {
      this.#kept.delete(id);
      throw error;
    }
  }

  forget(id: RecordingId): void {
    this.#kept.delete(id);
  }
}
