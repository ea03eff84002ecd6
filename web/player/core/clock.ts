/**
 * Where a replay stands: a position on the recording's clock that moves with the wall times a speed while it plays. Pure;
 * the wall's time comes in as an argument (monotonic ms).
 */
export interface Clock {
  readonly positionUs: number;
  /** The wall's time at which `positionUs` was true. */
  readonly atMs: number;
  readonly playing: boolean;
  readonly speed: number;
}

export const SPEEDS = [0.5, 1, 1.5, 2, 3, 5, 10] as const;

export function stoppedAt(positionUs: number, speed = 1): Clock {
  return { positionUs, atMs: 0, playing: false, speed };
}

/** The position at `nowMs`, before any bound. */
export function positionAt(clock: Clock, nowMs: number): number {
  if (!clock.playing) return clock.positionUs;
  return clock.positionUs + Math.max(0, nowMs - clock.atMs) * 1000 * clock.speed;
}

export function play(clock: Clock, nowMs: number): Clock {
  return clock.playing ? clock : { ...clock, atMs: nowMs, playing: true };
}
export function pause(clock: Clock, nowMs: number): Clock {
  return { ...clock, positionUs: positionAt(clock, nowMs), atMs: nowMs, playing: false };
}
export function moveTo(clock: Clock, positionUs: number, nowMs: number): Clock {
  return { ...clock, positionUs, atMs: nowMs };
}
export function atSpeed(clock: Clock, speed: number, nowMs: number): Clock {
  return { ...clock, positionUs: positionAt(clock, nowMs), atMs: nowMs, speed };
}

/** The next faster (`by` 1) or slower (−1) of `SPEEDS`; the ends hold. */
export function stepSpeed(speed: number, by: 1 | -1): number {
  const at = SPEEDS.findIndex((s) => s >= speed);
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))] ?? speed;
}
