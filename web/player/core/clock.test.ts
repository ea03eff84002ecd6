import { expect, test } from "vitest";
import { atSpeed, moveTo, pause, play, positionAt, SPEEDS, stepSpeed, stoppedAt } from "./clock.js";

test("a stopped clock does not move", () => {
  expect(positionAt(stoppedAt(5_000), 99_999)).toBe(5_000);
});

test("a playing clock moves with the wall times its speed", () => {
  const clock = play(stoppedAt(1_000_000, 2), 100);
  expect(positionAt(clock, 600)).toBe(2_000_000);
});

test("a wall clock that goes back does not move the position back", () => {
  expect(positionAt(play(stoppedAt(1_000_000), 500), 400)).toBe(1_000_000);
});

test("a change of speed keeps what was played at the old one", () => {
  const clock = atSpeed(play(stoppedAt(0), 0), 10, 1000);
  expect(positionAt(clock, 1000)).toBe(1_000_000);
  expect(positionAt(clock, 1100)).toBe(2_000_000);
});

test("a pause holds the position, and playing on begins there", () => {
  const paused = pause(play(stoppedAt(0), 0), 2_000);
  expect(positionAt(paused, 9_000)).toBe(2_000_000);
  expect(positionAt(play(paused, 9_000), 9_500)).toBe(2_500_000);
});

test("playing a playing clock changes nothing", () => {
  const clock = play(stoppedAt(0), 0);
  expect(play(clock, 500)).toBe(clock);
});

test("a move while playing goes on from the new place", () => {
  const clock = moveTo(play(stoppedAt(0), 0), 60_000_000, 1_000);
  expect(positionAt(clock, 1_500)).toBe(60_500_000);
});

test("speeds step through their list and hold at both ends", () => {
  expect(SPEEDS.map((speed) => stepSpeed(speed, 1))).toEqual([1, 1.5, 2, 3, 5, 10, 10]);
  expect(SPEEDS.map((speed) => stepSpeed(speed, -1))).toEqual([0.5, 0.5, 1, 1.5, 2, 3, 5]);
});
