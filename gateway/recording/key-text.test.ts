import { expect, test } from "vitest";
import { encodeInstructionBytes } from "../../recordings/codec/index.js";
import { KeyText } from "./key-text.js";

const key = (keysym: number, pressed: 0 | 1): Uint8Array => encodeInstructionBytes(["key", keysym, pressed]);
const press = (text: KeyText, keysym: number, atUs: number) => [
  ...text.feed(key(keysym, 1), atUs),
  ...text.feed(key(keysym, 0), atUs),
];
const type = (text: KeyText, word: string, atUs: number) =>
  [...word].flatMap((one) => {
    const point = one.codePointAt(0) ?? 0;
    return press(text, point < 0x100 ? point : 0x01000000 + point, atUs);
  });

test("letters of any script make a line, Return ends it at the time of its first key", () => {
  const text = new KeyText();
  expect(type(text, "net user é 网关", 1_000)).toEqual([]);
  expect(press(text, 0xff0d, 2_000)).toEqual([{ atUs: 1_000, text: "net user é 网关\n" }]);
  expect(text.end()).toEqual([]);
});

test("keys that write nothing stand by their names, with what was held down; Shift is in the letter", () => {
  const text = new KeyText();
  press(text, 0xff09, 0);
  text.feed(key(0xffe1, 1), 0);
  press(text, 0x41, 0);
  text.feed(key(0xffe1, 0), 0);
  text.feed(key(0xffe3, 1), 0);
  text.feed(key(0xffe9, 1), 0);
  press(text, 0xffff, 0);
  text.feed(key(0xffe9, 0), 0);
  press(text, 0x63, 0);
  text.feed(key(0xffe3, 0), 0);
  for (const keysym of [0xffbe, 0xffb7, 0xff51, 0x1008ff11]) press(text, keysym, 0);
  expect(text.end()).toEqual([{ atUs: 0, text: "<Tab>A<Ctrl+Alt+Delete><Ctrl+c><F1>7<Left><0x1008ff11>" }]);
});

test("a pause begins a new line; what is no instruction is left out", () => {
  const text = new KeyText();
  type(text, "ab", 0);
  expect(type(text, "c", 6_000_000)).toEqual([{ atUs: 0, text: "ab" }]);
  expect(text.feed(Buffer.from("not an instruction"), 6_000_001)).toEqual([]);
  type(text, "d", 6_000_002);
  expect(text.end()).toEqual([{ atUs: 6_000_000, text: "cd" }]);
});

test("instructions split at every byte read the same", () => {
  const bytes = Buffer.concat([..."secret"].flatMap((one) => [key(one.charCodeAt(0), 1), key(one.charCodeAt(0), 0)]));
  for (let at = 1; at < bytes.length; at += 1) {
    const text = new KeyText();
    text.feed(bytes.subarray(0, at), 0);
    text.feed(bytes.subarray(at), 0);
    expect(text.end()).toEqual([{ atUs: 0, text: "secret" }]);
  }
});
