import { expect, test } from "vitest";
import { commandOf, type KeyPress } from "./keys.js";

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...more,
});

test.each([
  [" ", false, { do: "toggle" }],
  ["ArrowLeft", false, { do: "move", byUs: -5_000_000 }],
  ["ArrowRight", false, { do: "move", byUs: 5_000_000 }],
  ["ArrowLeft", true, { do: "move", byUs: -30_000_000 }],
  ["ArrowRight", true, { do: "move", byUs: 30_000_000 }],
  ["[", false, { do: "speed", by: -1 }],
  ["]", false, { do: "speed", by: 1 }],
  ["i", false, { do: "idle" }],
  ["f", false, { do: "full" }],
] as const)("%j with shift %j does what it says", (key, shiftKey, command) => {
  expect(commandOf(press(key, { shiftKey }))).toEqual(command);
});

test("keys that belong to the browser are left to it", () => {
  for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }]) {
    expect(commandOf(press("f", more))).toBeUndefined();
  }
  expect(commandOf(press("a"))).toBeUndefined();
});
