/**
 * Desktops of recordings that are still written: their state now for watchers, their keyframes for a replay, each made by going
 * on from what is held instead of from the start. A recording of terminals is recognised by its first channel and left alone.
 */
import type { RecordingId } from "../domain/index.js";
import type { BlobContainerReader } from "./container-reader.js";
import { LIVE_BEHIND_BYTES } from "./contract.js";
import type { Derived, Keyframe, RecorderDeps } from "./contract.js";
import { batches, hasDesktop } from "./derive/frames.js";
import { OpenDesktops, newestOf } from "./derive/open-desktops.js";
import type { Followed } from "./derive/open-desktops.js";
import type { WorkerPool } from "./derive/pool.js";

/** Who draws: `now` for those who watch, `past` for those who replay, which may take long. */
export interface DrawingPools {
  readonly now: WorkerPool;
  readonly past: WorkerPool;
}
type Reading = <T>(id: RecordingId, work: (reader: BlobContainerReader) => Promise<T>) => Promise<T>;

/** A keyframe that is this much older than what was asked for is still good enough. */
const STALE_US = 30_000_000;
/** Open recordings whose kind is remembered. */
const KNOWN = 4096;

export class LiveDesktops {
  readonly #pools: DrawingPools;
  readonly #log: RecorderDeps["log"];
  readonly #reading: Reading;
  readonly #desktops = new OpenDesktops();
  readonly #known = new Map<RecordingId, boolean>();

  constructor(pools: DrawingPools, log: RecorderDeps["log"], reading: Reading) {
    this.#pools = pools;
    this.#log = log;
    this.#reading = reading;
  }

  /** Whether the recording is one of a desktop. */
  async has(id: RecordingId, reader: BlobContainerReader): Promise<boolean> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const found = await hasDesktop(reader);
    if (found === undefined) return false;
    if (this.#known.size >= KNOWN) this.#known.clear();
    this.#known.set(id, found);
    return found;
  }

  /** The state of each open desktop now; undefined when the recording is none of a desktop. */
  async screens(id: RecordingId, reader: BlobContainerReader): Promise<readonly Keyframe[] | undefined> {
    if (!(await this.has(id, reader))) return undefined;
    return (await this.#follow(id, false)).screens;
  }

  /** For a replay; undefined when there is none at or before `atUs`, or the recording is none of a desktop. */
  async keyframe(
    id: RecordingId,
    reader: BlobContainerReader,
    channel: number,
    atUs: number,
  ): Promise<Keyframe | undefined> {
    if (!(await this.has(id, reader))) return undefined;
    const held = this.#desktops.held(id);
    const fresh = held?.history !== undefined && (held.bytes === reader.bytes || held.reachedUs >= atUs - STALE_US);
    return newestOf(fresh ? held : await this.#follow(id, true), channel, atUs);
  }

  /** Where keyframes for a replay are held; undefined when nobody replays the recording. */
  keyframes(id: RecordingId): Derived["keyframes"] | undefined {
    return this.#desktops.held(id)?.history?.map(({ channel, atUs }) => ({ channel, atUs }));
  }

  /** See `Library.grew`. */
  grew(id: RecordingId, bytes: number): void {
    const behind = bytes - (this.#desktops.held(id)?.bytes ?? 0);
    if (behind < LIVE_BEHIND_BYTES || this.#known.get(id) === false || this.#desktops.busy(id)) return;
    const catchUp = this.#reading(id, async (reader) => {
      if (reader.closing === undefined && (await this.has(id, reader))) await this.#follow(id, false);
    });
    catchUp.catch((error: unknown) =>
      this.#log("warn", "a live desktop could not be followed", { recordingId: id, cause: String(error) }),
    );
  }

  forget(id: RecordingId): void {
    this.#desktops.forget(id);
    this.#known.delete(id);
  }

  /** Draws to now, from where it was followed to. */
  #follow(id: RecordingId, history: boolean): Promise<Followed> {
    return this.#desktops.follow(id, history, (from, keyframe) =>
      this.#reading(id, async (reader) => {
        const screens: Keyframe[] = [];
        const fromUs = from.length === 0 ? 0 : Math.min(...from.map(({ atUs }) => atUs));
        await (history ? this.#pools.past : this.#pools.now).run({
          mode: { what: "screens", keyframes: keyframe !== undefined },
          from,
          batches: batches(reader, fromUs),
          desktop: (one) => void screens.push(one),
          ...(keyframe === undefined ? {} : { keyframe }),
        });
        return { screens, bytes: reader.bytes, reachedUs: Math.max(0, ...screens.map(({ atUs }) => atUs)) };
      }),
    );
  }
}
