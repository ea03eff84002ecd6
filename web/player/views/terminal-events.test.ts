import { expect, test } from "vitest";
import { decodeBase64, drawOnTerminal as draw, gateText, type TerminalScreen } from "./terminal-events.js";

function recorder(): { readonly screen: TerminalScreen; readonly calls: unknown[][] } {
  const calls: unknown[][] = [];
  return {
    calls,
    screen: {
      write: (data) => calls.push(["write", typeof data === "string" ? data : [...data]]),
      resize: (...args) => calls.push(["resize", ...args]),
    },
  };
}

test("output is drawn as the bytes it was, also where they are no UTF-8", () => {
  const { screen, calls } = recorder();
  draw(screen, [0, "o", btoa("\u00ff\u0000A")]);
  expect(calls).toEqual([["write", [255, 0, 65]]]);
  expect(decodeBase64("")).toEqual(new Uint8Array(0));
});

test("output that comes as bytes is drawn as it is, and a desktop's codes are passed over", () => {
  const { screen, calls } = recorder();
  draw(screen, [0, "o", Uint8Array.of(7, 8)]);
  draw(screen, [0, "d", "4.sync,1.1;"]);
  draw(screen, [0, "p", "1,2,0"]);
  expect(calls).toEqual([["write", [7, 8]]]);
});

test("a resize sets columns and rows", () => {
  const { screen, calls } = recorder();
  draw(screen, [0, "r", "132x40"]);
  expect(calls).toEqual([["resize", 132, 40]]);
});

test.each(["", "x", "12", "12x", "1e3x2", "99999x1", "-1x5"])("a size that is none (%j) is ignored", (size) => {
  const { screen, calls } = recorder();
  draw(screen, [0, "r", size]);
  expect(calls).toEqual([]);
});

test("a size of nothing becomes one cell", () => {
  const { screen, calls } = recorder();
  draw(screen, [0, "r", "0x0"]);
  expect(calls).toEqual([["resize", 1, 1]]);
});

test("the gate's own text carries no escape sequence and returns the carriage", () => {
  expect(gateText("gatehouse: \u001b[31mred\u0007\nnext\r\n\u009b2J")).toBe("gatehouse: [31mred\r\nnext\r\n2J");
});
