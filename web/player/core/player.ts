/**
 * The replay of one channel at a time: a clock, a run of segments, a screen. Fetches ahead, holds the clock while the next stretch is
 * on its way, jumps over stillness when told to, and drops every answer that belongs to a place it has left. Knows neither
 * the network nor the browser: the source, the screen and the wall come from outside.
 */
import type { ReplaySegment } from "../../api/types.js";
import { atSpeed, moveTo, pause, play, positionAt, stoppedAt, type Clock } from "./clock.js";
import { idleJump } from "./idle.js";
import type { Screen } from "./screen.js";
import { appended, nextEventUs, runOf, taken, type Run } from "./segments.js";

type Source = (channel: number, fromUs: number, maxUs: number, signal: AbortSignal) => Promise<ReplaySegment>;

/** How much one fetch asks for, and how much must be at hand (in wall seconds at the present speed) before the next one goes out. */
const FETCH_US = 30_000_000;
const AHEAD_WALL_US = 10_000_000;

export interface PlayerState {
  readonly positionUs: number;
  readonly playing: boolean;
  /** Playing or sought, and waiting for a stretch that is being fetched or for its picture. */
  readonly waiting: boolean;
  readonly speed: number;
  readonly skipIdle: boolean;
  readonly channel: number;
  readonly atEnd: boolean;
}

export interface PlayerParts {
  readonly source: Source;
  /** Where a channel is drawn. */
  readonly screenOf: (channel: number) => Screen;
  readonly durationUs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly onFailure: (cause: unknown) => void;
}

export interface Player {
  state(): PlayerState;
  /** Called about once a picture; draws what is due and fetches what will be. */
  tick(): void;
  /** Shows the moment `positionUs` of a channel (the present one unless told); out of bounds means the nearest bound. */
  seek(positionUs: number, channel?: number): void;
  play(): void;
  pause(): void;
  setSpeed(speed: number): void;
  setSkipIdle(on: boolean): void;
  /** Ends every fetch. The player is dead afterwards. */
  dispose(): void;
}

export function createPlayer(parts: PlayerParts, start: { channel: number; positionUs?: number }): Player {
  let clock: Clock = stoppedAt(0);
  let run: Run | undefined;
  let channel = start.channel;
  let skipIdle = false;
  let fetching: AbortController | undefined;
  let failed = false;
  /** The moment sought is not on the screen yet. */
  let settling = true;

  const bound = (us: number): number => Math.min(parts.durationUs, Math.max(0, Math.round(us)));

  function deliver(untilUs: number): void {
    if (run === undefined) return;
    const step = taken(run, untilUs);
    run = step.run;
    if (step.events.length > 0) parts.screenOf(channel).draw(step.events);
  }

  function accept(segment: ReplaySegment): void {
    if (run === undefined) {
      run = runOf(segment);
      const { cols, rows, state } = segment.screen;
      parts.screenOf(channel).reset(cols, rows, state);
      clock = moveTo(clock, clock.positionUs, parts.now());
    } else {
      run = appended(run, segment);
    }
    // An answer that brings nothing forward would be asked for again without end.
    if (segment.toUs <= segment.fromUs) run = { ...run, toUs: parts.durationUs };
  }

  async function fetchFrom(fromUs: number): Promise<void> {
    const mine = new AbortController();
    fetching = mine;
    try {
      const segment = await parts.source(channel, fromUs, FETCH_US, mine.signal);
      if (fetching !== mine) return;
      fetching = undefined;
      accept(segment);
    } catch (cause) {
      if (fetching !== mine) return;
      fetching = undefined;
      failed = true;
      clock = pause(clock, parts.now());
      parts.onFailure(cause);
    }
  }

  function seek(positionUs: number, toChannel = channel): void {
    const to = bound(positionUs);
    const at = clock.positionUs;
    failed = false;
    settling = true;
    clock = moveTo(clock, to, parts.now());
    if (run !== undefined && toChannel === channel && to >= at && to <= run.toUs) {
      deliver(to);
      return;
    }
    fetching?.abort();
    run = undefined;
    channel = toChannel;
    void fetchFrom(to);
  }

  function fetchAhead(positionUs: number): void {
    if (run === undefined || fetching !== undefined || failed || run.toUs >= parts.durationUs) return;
    if (run.toUs - positionUs < AHEAD_WALL_US * Math.max(1, clock.speed)) void fetchFrom(run.toUs);
  }

  function tick(): void {
    const now = parts.now();
    if (run === undefined) {
      clock = moveTo(clock, clock.positionUs, now);
      return;
    }
    if (parts.screenOf(channel).busy()) {
      clock = moveTo(clock, clock.positionUs, now);
      fetchAhead(clock.positionUs);
      return;
    }
    settling = false;
    let to = Math.min(bound(positionAt(clock, now)), run.toUs);
    deliver(to);
    if (clock.playing && skipIdle) {
      const jump = idleJump(to, nextEventUs(run), run.toUs);
      if (jump !== undefined) to = jump;
    }
    clock = moveTo(clock, to, now);
    if (clock.playing && to >= parts.durationUs) clock = pause(clock, now);
    fetchAhead(to);
  }

  seek(start.positionUs ?? 0);
  return {
    state: () => ({
      positionUs: clock.positionUs,
      playing: clock.playing,
      waiting:
        fetching === undefined
          ? run !== undefined && settling && parts.screenOf(channel).busy()
          : run === undefined || (clock.playing && clock.positionUs >= run.toUs),
      speed: clock.speed,
      skipIdle,
      channel,
      atEnd: clock.positionUs >= parts.durationUs,
    }),
    tick,
    seek,
    play: () => {
      if (clock.positionUs >= parts.durationUs) seek(0);
      else if (failed) seek(clock.positionUs);
      clock = play(clock, parts.now());
    },
    pause: () => {
      clock = pause(clock, parts.now());
      clock = moveTo(clock, Math.min(bound(clock.positionUs), run?.toUs ?? Infinity), parts.now());
      deliver(clock.positionUs);
    },
    setSpeed: (speed) => {
      clock = atSpeed(clock, speed, parts.now());
    },
    setSkipIdle: (on) => {
      skipIdle = on;
    },
    dispose: () => {
      fetching?.abort();
      fetching = undefined;
      run = undefined;
      failed = true;
    },
  };
}
