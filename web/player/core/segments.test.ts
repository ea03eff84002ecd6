import { expect, test } from "vitest";
import type { ReplaySegment } from "../../api/types.js";
import { appended, nextEventUs, runOf, taken } from "./segments.js";

const segment = (fromUs: number, toUs: number, times: readonly number[]): ReplaySegment => ({
  channel: 1,
  fromUs,
  toUs,
  screen: { cols: 80, rows: 24, state: "" },
  events: times.map((at) => [at, "o", ""] as const),
});
const times = (events: readonly (readonly [number, string, string])[]): number[] => events.map(([at]) => at);

test("events are taken once, in order, up to and including the moment", () => {
  const first = taken(runOf(segment(0, 100, [10, 20, 30])), 20);
  expect(times(first.events)).toEqual([10, 20]);
  expect(nextEventUs(first.run)).toBe(30);
  const second = taken(first.run, 100);
  expect(times(second.events)).toEqual([30]);
  expect(nextEventUs(second.run)).toBeUndefined();
});

test("a segment that follows is appended, and what was shown is dropped", () => {
  const half = taken(runOf(segment(0, 100, [10, 90])), 50).run;
  const run = appended(half, segment(100, 200, [150]));
  expect(run.toUs).toBe(200);
  expect(times(run.events)).toEqual([90, 150]);
  expect(times(taken(run, 200).events)).toEqual([90, 150]);
});

test("a segment that does not begin at the end, or is of another channel, is refused", () => {
  const run = runOf(segment(0, 100, []));
  expect(() => appended(run, segment(101, 200, []))).toThrow("begin where");
  expect(() => appended(run, { ...segment(100, 200, []), channel: 2 })).toThrow("begin where");
});

test("ends of frames on a desktop where nothing moves are no events to stop for; whatever draws or points is", () => {
  const sync = "4.sync,8.12345678,1.1;";
  const desktop = (...events: readonly (readonly [number, "d" | "p", string])[]) =>
    nextEventUs(runOf({ ...segment(0, 100, []), events }));
  expect(desktop([10, "d", sync], [20, "d", sync + sync])).toBeUndefined();
  expect(desktop([10, "d", sync], [20, "d", `5.cfill,2.14,1.0;${sync}`])).toBe(20);
  expect(desktop([10, "d", sync], [30, "p", "1,2,0"])).toBe(30);
  expect(desktop([10, "d", "4.size,1.0,1.8,1.8;"])).toBe(10);
});
