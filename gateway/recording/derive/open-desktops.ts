/**
 * States of desktops whose recordings are still written, so that nobody who comes late waits for a replay from the start: the
 * newest state of each, and, once somebody replays a recording, keyframes on the way to it. Held in memory within bounds,
 * never stored; whatever is dropped is drawn anew.
 */
import type { RecordingId } from "../../domain/index.js";
import type { Keyframe } from "../contract.js";

/** Recordings whose newest state is held, and those whose way there is held too. */
const KEPT = 256;
const REPLAYED = 8;
/** Characters of the keyframes on the way, for each recording. */
const HISTORY_MOST = 32 * 1024 * 1024;

/** Where a recording's desktops were followed to. */
export interface Followed {
  /** Container bytes that are drawn. */
  readonly bytes: number;
  readonly reachedUs: number;
  readonly screens: readonly Keyframe[];
  /** In order of time; undefined when nobody asked for it yet. */
  readonly history: readonly Keyframe[] | undefined;
}

/** Draws from these states on; answers how far it came. Undefined: nothing of it is to be held. */
export type Follow = (
  from: readonly Keyframe[],
  keyframe: ((one: Keyframe) => void) | undefined,
) => Promise<{ readonly screens: readonly Keyframe[]; readonly bytes: number; readonly reachedUs: number }>;

export class OpenDesktops {
  readonly #held = new Map<RecordingId, Followed>();
  readonly #following = new Map<RecordingId, Promise<unknown>>();

  held(id: RecordingId): Followed | undefined {
    return this.#held.get(id);
  }

  /** Whether somebody follows the recording right now. */
  busy(id: RecordingId): boolean {
    return this.#following.has(id);
  }

  /** Goes on from what is held to now; one at a time for each recording. With `history` the way there is held too, from the start. */
  async follow(id: RecordingId, history: boolean, follow: Follow): Promise<Followed> {
    const before = this.#following.get(id);
    const going = (before ?? Promise.resolve()).catch(() => undefined).then(() => this.#follow(id, history, follow));
    this.#following.set(id, going);
    try {
      return await going;
    } finally {
      if (this.#following.get(id) === going) this.#following.delete(id);
    }
  }

  forget(id: RecordingId): void {
    this.#held.delete(id);
  }

  async #follow(id: RecordingId, history: boolean, follow: Follow): Promise<Followed> {
    const held = this.#held.get(id);
    const goesOn = held !== undefined && !(history && held.history === undefined);
    let way = goesOn ? held.history : history ? [] : undefined;
    const keep = (one: Keyframe): void => {
      way = thinned([...(way ?? []), one]);
    };
    const reached = await follow(goesOn ? held.screens : [], way === undefined ? undefined : keep);
    const followed = { ...reached, history: way };
    this.#keep(id, followed);
    return followed;
  }

  #keep(id: RecordingId, followed: Followed): void {
    this.#held.delete(id);
    this.#held.set(id, followed);
    const [oldest] = this.#held.keys();
    if (this.#held.size > KEPT && oldest !== undefined) this.#held.delete(oldest);
    const replayed = [...this.#held].filter(([, { history }]) => history !== undefined);
    for (const [other, one] of replayed.slice(0, -REPLAYED)) this.#held.set(other, { ...one, history: undefined });
  }
}

/** Every other one goes when they hold too much: those that remain lie further apart. */
function thinned(keyframes: readonly Keyframe[]): readonly Keyframe[] {
  const characters = keyframes.reduce((sum, { state }) => sum + state.length, 0);
  if (characters <= HISTORY_MOST || keyframes.length < 3) return keyframes;
  return keyframes.filter((_, at) => at % 2 === 0 || at === keyframes.length - 1);
}

/** The newest keyframe of the channel at or before `atUs`. */
export function newestOf(followed: Followed, channel: number, atUs: number): Keyframe | undefined {
  const fits = (one: Keyframe): boolean => one.channel === channel && one.atUs <= atUs;
  // A screen holds the event of its own time; who goes on from it in a replay goes on after that.
  const screens = followed.screens.map((one) => ({ ...one, atUs: one.atUs + 1 }));
  return screens.find(fits) ?? followed.history?.findLast(fits);
}
