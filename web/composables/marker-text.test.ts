import { beforeEach, describe, expect, test } from "vitest";
import { i18n } from "../locales/index.js";
import { markerText, type Words } from "./marker-text.js";

const words: Words = { t: (key, values) => i18n.global.t(key, values ?? {}), te: (key) => i18n.global.te(key) };
const say = (
  kind: Parameters<typeof markerText>[1]["kind"],
  text: string,
  parts?: Record<string, string | number | boolean>,
) => markerText(words, { atUs: 0, channel: 1, kind, text, ...(parts === undefined ? {} : { parts }) });

const KNOWN = [
  ["keys", { keys: 12, untilUs: 3_000_000 }, "12 次按键 · 至 0:03", "12 keys · until 0:03"],
  ["keys", { keys: 1, untilUs: 3_000_000 }, "1 次按键", "1 key"],
  [
    "clipboard",
    { direction: "copy", bytes: 207, text: "SELECT 1" },
    "从桌面复制出 · 207 B · SELECT 1",
    "Copied out of the desktop · 207 B · SELECT 1",
  ],
  ["transfer", { direction: "upload", path: "/a.txt" }, "上传 /a.txt", "upload /a.txt"],
  ["watch", { login: "bob", on: true }, "bob 开始监看", "bob began to watch"],
  ["watch", { login: "bob", on: false }, "bob 结束监看", "bob stopped watching"],
  [
    "note",
    { note: "no-picture", why: "drawing takes too long" },
    "此后没有画面：绘制耗时过长",
    "No pictures from here on: drawing takes too long",
  ],
  [
    "note",
    { note: "refused", what: "upload", path: "a.txt", because: "not-granted", channel: 1 },
    "已拒绝：上传 a.txt（未授权）",
    "Refused: uploading a.txt (not granted)",
  ],
  [
    "note",
    { note: "session", rejoined: true, sourceAddress: "203.0.113.9" },
    "操作者从 203.0.113.9 回来",
    "The operator came back from 203.0.113.9",
  ],
] as const;

describe.each([
  ["zh-CN", 2],
  ["en", 3],
] as const)("in %s", (locale, at) => {
  beforeEach(() => {
    i18n.global.locale.value = locale;
  });
  test.each(KNOWN)("%s %o", (...known) => {
    expect(say(known[0], "as derived", known[1])).toBe(known[at]);
  });
});

test("without parts, or with others than were expected, the text stands as it was derived", () => {
  expect(say("note", "environment: LANG=C")).toBe("environment: LANG=C");
  expect(say("keys", "3 keys", { keys: "3" })).toBe("3 keys");
  expect(say("clipboard", "copy", { direction: "sideways", bytes: 1 })).toBe("copy");
  expect(say("watch", "bob joined", { login: "bob" })).toBe("bob joined");
  expect(say("note", "later: x", { note: "later" })).toBe("later: x");
  expect(say("command", "ls", { note: "no-picture", why: "x" })).toBe("ls");
});

test("foreign words in the parts name no message of the page", () => {
  i18n.global.locale.value = "en";
  const act = { note: "refused", what: "browser: __proto__", because: "constructor" };
  expect(say("note", "x", act)).toBe("Refused: browser: __proto__ (constructor)");
});
