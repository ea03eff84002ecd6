import { expect, test } from "vitest";
import { newestAt } from "./thumbnails.js";

test("a moment is shown by the newest picture at or before it, and before the first by the first", () => {
  expect([0, 10, 19, 20, 99].map((at) => newestAt([10, 20], at))).toEqual([10, 10, 10, 20, 20]);
  expect(newestAt([], 5)).toBeUndefined();
});
