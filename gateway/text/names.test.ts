import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPlainName, nameKey } from "./names.js";

describe("what a name looks like", () => {
  test.each([
    ["Acme", "acme"],
    ["Acme", "Асmе"],
    ["ALICE", "alice"],
    ["aIice", "alice"],
    ["Bank", "ВANK"],
    ["rn", "m"],
    ["C-10", "C-lO"],
    ["Ａｃｍｅ", "Acme"],
    ["Ac me ", "Acme"],
    ["Acme\u200b", "Acme"],
    ["Ácmé", "Acme"],
    ["STRASSE", "straße"],
    ["北京某科技（有限）公司", "北京某科技(有限) 公司"],
    ["⼟木", "土木"],
    ["土", "士"],
  ])("%s looks like %s", (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other));
  });

  test.each([
    ["北京东方科技", "北京东芝科技"],
    ["第一数据", "第二数据"],
    ["Acme", "Acne"],
    ["C-10", "C-11"],
    ["北京", "东京"],
  ])("%s does not look like %s", (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other));
  });

  test("a key in another case or spacing is the same key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
        expect(nameKey(` ${text.toUpperCase()} `)).toBe(nameKey(text.toLowerCase()));
      }),
    );
  });
});

describe("what may be a name", () => {
  test.each([
    "Acme Ltd.",
    "北京某科技有限公司",
    "王小明",
    "Λόγος",
    "Дмитрий",
    "ООО Acme",
    "O'Neill-Smith 2",
    "株式会社ABC",
  ])("%s", (name) => {
    expect(isPlainName(name)).toBe(true);
  });

  test.each([
    ["empty", ""],
    ["blank", "  "],
    ["blank at an end", "Acme "],
    ["too long", "a".repeat(101)],
    ["turns the direction", "Acme\u202egnp"],
    ["isolates", "Acme\u2066x"],
    ["unseen joiner", "Ac\u200dme"],
    ["variation selector", "Acme\ufe0f"],
    ["Hangul filler", "Ac\u3164me"],
    ["Braille blank", "\u2800"],
    ["control character", "Ac\u0007me"],
    ["line break", "Acme\nx"],
    ["private use", "Acme\ue000"],
    ["lone surrogate", "Acme\ud800"],
    ["Latin with Cyrillic", "Аcme"],
    ["Latin with Greek", "Αcme"],
    ["Greek with Cyrillic", "Αсме"],
    ["a part of a character", "⺀公司"],
    ["a stroke", "㇐公司"],
    ["what a wrong encoding leaves", "公\ufffd司"],
    ["a heap of marks", "A\u0301\u0302\u0303\u0304cme"],
  ])("not: %s", (_, name) => {
    expect(isPlainName(name)).toBe(false);
  });
});
