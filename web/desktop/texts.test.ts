import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isBeyondKeys, isPasteChord, isTextWay, PASTE_CHORDS } from "./texts.js";
import { PASTE_REST_MS, Typist } from "./typist.js";

test("text beyond ASCII may not come through as keys; plain text does", () => {
  for (const text of ["中文", "é", "·", "🙂", "abc，"]) expect(isBeyondKeys(text), text).toBe(true);
  for (const text of ["", "abc", "a b\t1\n~"]) expect(isBeyondKeys(text), text).toBe(false);
});

test("what a browser kept is taken only when it is a way there is", () => {
  expect(["keys", "clipboard", "", null, "toString"].map(isTextWay)).toEqual([true, true, false, false, false]);
  expect(["ctrl-v", "shift-insert", "", null, "toString"].map(isPasteChord)).toEqual([true, true, false, false, false]);
  expect(PASTE_CHORDS).toEqual({ "ctrl-v": [0xffe3, 0x76], "shift-insert": [0xffe1, 0xff63] });
});

let heard: string[];
let typist: Typist;
beforeEach(() => {
  vi.useFakeTimers();
  heard = [];
  typist = new Typist({
    onKey: (pressed, keysym) => heard.push(`${pressed ? "+" : "-"}${String.fromCharCode(keysym)}`),
    onPaste: (text) => heard.push(text),
  });
});
afterEach(() => vi.useRealTimers());

test("keys go at once; behind a pasted text they wait until the desktop had time to fetch it", () => {
  typist.key(true, 0x61);
  typist.key(false, 0x61);
  typist.paste("中文");
  typist.key(true, 0x62);
  typist.key(false, 0x62);
  expect(heard).toEqual(["+a", "-a", "中文"]);
  vi.advanceTimersByTime(PASTE_REST_MS);
  expect(heard).toEqual(["+a", "-a", "中文", "+b", "-b"]);
  typist.key(true, 0x63);
  expect(heard.at(-1)).toBe("+c");
});

test("texts that follow each other quickly are pasted one after the other, in order, and none twice", () => {
  typist.paste("一");
  typist.paste("二");
  typist.paste("三");
  typist.key(true, 0x61);
  typist.paste("四");
  vi.advanceTimersByTime(PASTE_REST_MS);
  expect(heard).toEqual(["一", "二三"]);
  vi.advanceTimersByTime(PASTE_REST_MS);
  expect(heard).toEqual(["一", "二三", "+a", "四"]);
});

test("what was held back for a desktop that went away never arrives", () => {
  typist.paste("一");
  typist.key(true, 0x61);
  typist.drop();
  vi.advanceTimersByTime(10 * PASTE_REST_MS);
  expect(heard).toEqual(["一"]);
  typist.key(true, 0x62);
  expect(heard.at(-1)).toBe("+b");
});

test("of a keyboard gone wild no key stays down", () => {
  typist.paste("一");
  for (let n = 0; n < 400; n++) {
    typist.key(true, 0x61);
    typist.key(false, 0x61);
  }
  vi.advanceTimersByTime(PASTE_REST_MS);
  expect(heard.at(-1)).toBe("-a");
  expect(heard.filter((one) => one === "+a").length).toBeLessThanOrEqual(200);
});
