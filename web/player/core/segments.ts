/**
 * The stretch of a recording that is at hand: one unbroken run of segments from `fromUs` to `toUs`, and a cursor in it.
 * Segments are added at its end; what was taken stays until the run is replaced, so that the past is not fetched twice
 * when the replay is only a little behind.
 */
import type { ReplaySegment } from "../../api/types.js";

export type SegmentEvent = ReplaySegment["events"][number];

export interface Run {
  readonly channel: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly screen: ReplaySegment["screen"];
  readonly events: readonly SegmentEvent[];
  /** Index of the first event that was not taken. */
  readonly next: number;
}

export function runOf(segment: ReplaySegment): Run {
  return { ...segment, next: 0 };
}

/** Appends a segment that begins exactly where the run ends; any other is a mistake of the caller and is refused. */
export function appended(run: Run, segment: ReplaySegment): Run {
  if (segment.channel !== run.channel || segment.fromUs !== run.toUs) {
    throw new Error("a segment must begin where the run before it ends");
  }
  // What was already shown is dropped here, so that an eight-hour replay does not keep eight hours of events.
  return { ...run, toUs: segment.toUs, events: [...run.events.slice(run.next), ...segment.events], next: 0 };
}

/** Takes every event up to and including `untilUs`. */
export function taken(run: Run, untilUs: number): { readonly run: Run; readonly events: readonly SegmentEvent[] } {
  let next = run.next;
  while (next < run.events.length && (run.events[next]?.[0] ?? Infinity) <= untilUs) next += 1;
  return { run: next === run.next ? run : { ...run, next }, events: run.events.slice(run.next, next) };
}

/** The time of the next event that was not taken and shows something. */
export function nextEventUs(run: Run): number | undefined {
  for (let next = run.next; next < run.events.length; next++) {
    const event = run.events[next];
    if (event !== undefined && !isBeat(event)) return event[0];
  }
  return undefined;
}

/** A desktop on which nothing moves still ends a frame several times a second. */
function isBeat([, code, data]: SegmentEvent): boolean {
  return code === "d" && data.length < BEATS_MOST && /^(?:4\.sync,[0-9.,]*;)*$/.test(data);
}
const BEATS_MOST = 1_000;
