import { expect, it } from "vitest";
import { isWholeCode, typedCode } from "./typed-code.js";

it.each(["123456", "123 456", " 123456 ", "12 34 56", "123\u00a0456"])("takes %j for the six digits", (text) => {
  expect([typedCode(text), isWholeCode(text)]).toEqual(["123456", true]);
});

it.each(["", "12345", "1234567", "12345a"])("does not take %j for a whole code", (text) => {
  expect(isWholeCode(text)).toBe(false);
});
