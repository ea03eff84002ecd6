/** Skipping of stillness: nothing happens on the screen for a while, so the replay jumps to just before it does. */

/** Stillness shorter than this is watched in full. */
export const IDLE_MIN_US = 2_000_000;
/** So much of it is left before the next event, so that the eye is ready. */
export const IDLE_LEAD_US = 500_000;

/**
 * Where to jump from `positionUs`, or undefined when there is nothing worth skipping.
 * `nextUs`: time of the next event; undefined when none is known before `knownToUs`, up to which everything was fetched.
 */
export function idleJump(positionUs: number, nextUs: number | undefined, knownToUs: number): number | undefined {
  if (nextUs === undefined) return knownToUs - positionUs > IDLE_MIN_US ? knownToUs : undefined;
  return nextUs - positionUs > IDLE_MIN_US ? nextUs - IDLE_LEAD_US : undefined;
}
