import { describe, expect, test } from "vitest";
import { choicesFor, isKeyboardLayout, pixelsOf, scaleFor } from "./choices.js";

describe("what a browser asks for", () => {
  test("is in device pixels, with as many dots an inch as they make", () => {
    expect(choicesFor({ width: 1440, height: 900, ratio: 2 }, "failsafe", "Asia/Shanghai")).toEqual({
      width: 2880,
      height: 1800,
      dpi: 192,
      keyboardLayout: "failsafe",
      timeZone: "Asia/Shanghai",
    });
    expect(choicesFor({ width: 1001, height: 700, ratio: 1.25 }, "en-us-qwerty", undefined)).toMatchObject({
      width: 1250,
      height: 875,
      dpi: 120,
      timeZone: "UTC",
    });
  });
  test("keeps within the gate's bounds, and an even width", () => {
    expect(pixelsOf({ width: 10, height: 10, ratio: 1 })).toEqual({ width: 320, height: 240 });
    expect(pixelsOf({ width: 9_001, height: 9_001, ratio: 3 })).toEqual({ width: 7_680, height: 4_320 });
    expect(choicesFor({ width: 800, height: 600, ratio: 9 }, "failsafe", "UTC").dpi).toBe(384);
  });
  test("names a layout from the list alone", () => {
    expect(isKeyboardLayout("fr-fr-azerty")).toBe(true);
    expect(isKeyboardLayout("xx")).toBe(false);
    expect(isKeyboardLayout(null)).toBe(false);
  });
});

describe("the scale", () => {
  test("shows a desktop pixel for pixel where it is as large as its room", () => {
    expect(scaleFor({ width: 2880, height: 1800 }, { width: 1440, height: 900, ratio: 2 })).toBe(0.5);
  });
  test("shows it whole where it is larger, and never blown up where it is smaller", () => {
    expect(scaleFor({ width: 1600, height: 1600 }, { width: 800, height: 400, ratio: 1 })).toBe(0.25);
    expect(scaleFor({ width: 400, height: 300 }, { width: 800, height: 600, ratio: 1 })).toBe(1);
  });
  test("is 1 before there is a picture", () => {
    expect(scaleFor({ width: 0, height: 0 }, { width: 800, height: 600, ratio: 1 })).toBe(1);
  });
});
