import { expect, test } from "vitest";
import { IDLE_LEAD_US, IDLE_MIN_US, idleJump } from "./idle.js";

test("a long stillness is jumped to just before its end", () => {
  expect(idleJump(0, 60_000_000, 90_000_000)).toBe(60_000_000 - IDLE_LEAD_US);
});

test("a short stillness is watched", () => {
  expect(idleJump(0, IDLE_MIN_US, 90_000_000)).toBeUndefined();
});

test("with nothing more at hand it jumps to the end of what was fetched, and no further", () => {
  expect(idleJump(10_000_000, undefined, 30_000_000)).toBe(30_000_000);
  expect(idleJump(29_000_000, undefined, 30_000_000)).toBeUndefined();
});

test("after a jump there is nothing left to jump", () => {
  const to = idleJump(0, 60_000_000, 90_000_000) ?? 0;
  expect(idleJump(to, 60_000_000, 90_000_000)).toBeUndefined();
});
