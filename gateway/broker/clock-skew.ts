/** A clock that was set back makes what was noted before look as if it came from the future; then nothing can be said of its age. */

/** So far apart the clocks of two nodes, or of one before and after a correction, may be. */
export const SKEW_MS = 60_000;

/** Whether a moment that was noted as present lies further ahead of `now` than clocks differ. */
export function isAhead(at: number, now: number): boolean {
  return at - now > SKEW_MS;
}
