import { describe, expect, test } from "vitest";
import { composedText } from "./composed.js";
import { functionKey, KEYS, keysymsOf } from "./keysyms.js";

describe("the keysyms of a composed text", () => {
  test("are one for each character, beyond the basic plane too", () => {
    expect(keysymsOf("中文")).toEqual([0x0100_4e2d, 0x0100_6587]);
    expect(keysymsOf("😀")).toEqual([0x0101_f600]);
    expect(keysymsOf("𠮷")).toEqual([0x0102_0bb7]);
  });
  test("are the character itself in Latin-1 (what a dead key makes)", () => {
    expect(keysymsOf("aé~ÿ")).toEqual([0x61, 0xe9, 0x7e, 0xff]);
    expect(keysymsOf("Ā")).toEqual([0x0100_0100]);
  });
  test("turn line ends and tabs into their keys, and drop what is no character", () => {
    expect(keysymsOf("a\r\nb\rc\n\t")).toEqual([0x61, KEYS.enter, 0x62, KEYS.enter, 0x63, KEYS.enter, KEYS.tab]);
    expect(keysymsOf("\u0000\u001b\u007f\u0085\ud800")).toEqual([]);
  });
  test("of function keys are those of X11", () => {
    expect([functionKey(1), functionKey(4), functionKey(12)]).toEqual([0xffbe, 0xffc1, 0xffc9]);
  });
});

describe("a composition is read once, whatever the browser sends after it", () => {
  const text = (events: Parameters<typeof composedText>[0][]): string => events.map(composedText).join("");
  test("Chromium: input while composing, then the end", () => {
    expect(
      text([
        { type: "compositionstart", data: "" },
        { type: "input", data: "zhong", isComposing: true, inputType: "insertCompositionText" },
        { type: "input", data: "中", isComposing: true, inputType: "insertCompositionText" },
        { type: "compositionend", data: "中" },
      ]),
    ).toBe("中");
  });
  test("Firefox: the end, then an input", () => {
    expect(
      text([
        { type: "compositionend", data: "文" },
        { type: "input", data: "文", isComposing: false, inputType: "insertCompositionText" },
      ]),
    ).toBe("文");
  });
  test("Safari: an input from the composition, then the end", () => {
    expect(
      text([
        { type: "input", data: "字", isComposing: false, inputType: "insertFromComposition" },
        { type: "compositionend", data: "字" },
      ]),
    ).toBe("字");
  });
  test("an emoji picker or a soft keyboard: an input alone", () => {
    expect(text([{ type: "input", data: "😀", isComposing: false, inputType: "insertText" }])).toBe("😀");
  });
  test("a given-up composition, a deletion and a paste bring nothing", () => {
    expect(
      text([
        { type: "compositionend", data: "" },
        { type: "input", data: null, inputType: "deleteContentBackward" },
        { type: "input", data: "pasted", inputType: "insertFromPaste" },
      ]),
    ).toBe("");
  });
});
