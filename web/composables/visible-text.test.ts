/** What a hostile text may not hide, and what a plain one keeps. */
import { expect, test } from "vitest";
import { visibleParts } from "./visible-text.js";

const shown = (line: string): string =>
  visibleParts(line)
    .map(({ text, mark }) => (mark === null ? text : mark === "unseen" ? `<${text}>` : `{${text}}`))
    .join("");

test("plain English and Chinese stand as they are", () => {
  for (const line of [
    "",
    `permit (principal, action) when { x.y == "z" };`,
    "须两名安全管理员确认：“保密”（第 3 条）。",
    "8 → 12…",
    "二〇二七年",
    "按“AES-256”，或“SM4”。丙·丁，第三—五条",
  ])
    expect(shown(line)).toBe(line);
});

test("controls, bidi controls, joiners, odd spaces and combining marks are told by their codes", () => {
  expect(shown("a\r")).toBe("a<CR>");
  expect(shown("\ta\0\u001b[2K")).toBe("<TAB>a<NUL ESC>[2K");
  expect(shown("\ufeffx")).toBe("<BOM>x");
  expect(shown("if (false) \u202e\u2066 // permit")).toBe("if (false) <U+202E U+2066> // permit");
  for (const code of [
    0x7f, 0x85, 0xa0, 0xad, 0x115f, 0x180e, 0x200b, 0x200d, 0x2028, 0x2800, 0x3000, 0x3164, 0xfe0f, 0xe0041, 0x301,
  ])
    expect(visibleParts(`a${String.fromCodePoint(code)}b`).map(({ mark }) => mark)).toEqual([null, "unseen", null]);
  expect(shown("\ud800")).toBe("<U+D800>");
});

test("letters and digits that look like others are told with their codes", () => {
  expect(shown("p\u0430\u0443")).toBe("p{\u0430\u0443 U+0430 U+0443}");
  for (const code of [0x1d68a, 0xff41, 0x251, 0x131, 0x37e, 0x5d0, 0x661, 0x2010, 0x2044, 0x2f00])
    expect(visibleParts(String.fromCodePoint(code)).map(({ mark }) => mark)).toEqual(["unusual"]);
});

test("punctuation that looks like plain one is told unless it stands in Chinese text", () => {
  expect(shown("group: ops–night")).toBe("group: ops{– U+2013}night");
  expect(shown("group: “ops”")).toBe("group: {“ U+201C}ops{” U+201D}");
  expect(shown("Unit：：x")).toBe("Unit{：： U+FF1A U+FF1A}x");
  for (const character of "–—‘’“”·×，＂＃－．：；｜･")
    expect(visibleParts(`a${character}b`).map(({ mark }) => mark)).toEqual([null, "unusual", null]);
});

test("radicals that look like characters are told", () => {
  expect(shown("⺠政")).toBe("{⺠ U+2EA0}政");
  expect(shown("民政")).toBe("民政");
  expect(shown("ops〇")).toBe("ops{〇 U+3007}");
  for (const code of [0x2e80, 0x2f42, 0x3021, 0x31c0, 0xf900])
    expect(visibleParts(String.fromCodePoint(code)).map(({ mark }) => mark)).toEqual(["unusual"]);
});

test("spaces at the end of a line are told, and how many", () => {
  expect(shown("ops ")).toBe("ops<SP>");
  expect(shown("  a  b   ")).toBe("  a  b<SP×3>");
  expect(shown("中–   ")).toBe("中–<SP×3>");
});

test("nothing is lost or reordered", () => {
  const line = "x\u202ey\u0430z";
  expect(visibleParts(line).map(({ text }) => text)).toEqual(["x", "U+202E", "y", "\u0430 U+0430", "z"]);
});
