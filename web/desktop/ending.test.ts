import Guacamole from "guacamole-common-js";
import { describe, expect, test } from "vitest";
import { END_REASONS } from "../../gateway/http/contract/constants.js";
import { KEYBOARD_LAYOUTS } from "../../gateway/http/contract/desktop.js";
import { en } from "../locales/en.js";
import { zhCN } from "../locales/zh-CN.js";
import { END_CODES, endingWords, isCalm, STATUSES } from "./ending.js";
import { TUNNEL_CODES } from "./tunnel.js";

type Words = Readonly<Record<string, { readonly what: string; readonly next: string } | undefined>>;

test("every status of the library is known here", () => {
  expect(STATUSES).toHaveLength(20);
  for (const status of [256, 512, 519, 523, 768, 769, 771, 797]) expect(STATUSES).toContain(status);
});

describe.each([
  ["zh-CN", zhCN],
  ["en", en],
] as const)("in %s", (_locale, messages) => {
  const whole = (words: Words, keys: readonly (string | number)[]): unknown[] =>
    keys.filter((key) => !words[key]?.what || !words[key]?.next);
  test("every status says what happened and what to do", () => {
    expect(whole(messages.desktopStatus, STATUSES)).toEqual([]);
  });
  test("every code of an end says what happened and what to do", () => {
    expect(END_CODES.length).toBeGreaterThan(END_REASONS.length);
    expect(whole(messages.desktopEnd, END_CODES)).toEqual([]);
  });
  test("no two ends are told in the same words", () => {
    const what = [...Object.values(messages.desktopStatus), ...Object.values(messages.desktopEnd)].map(
      (one) => one.what,
    );
    expect(what.filter((one, at) => what.indexOf(one) !== at).sort()).toEqual(
      // Told by the code or by the status alone, it is the same.
      [messages.desktopEnd["target-unreachable"].what].filter((one) => what.indexOf(one) !== what.lastIndexOf(one)),
    );
  });
  test("every keyboard layout has its name", () => {
    expect(Object.keys(messages.desktopLayout).sort()).toEqual([...KEYBOARD_LAYOUTS].sort());
  });
});

test("a code of ours comes before the status, and an unknown of either is told all the same", () => {
  expect(endingWords({ code: "revoked", status: 771 })).toEqual({ branch: "end", key: "revoked" });
  expect(endingWords({ code: "grant-ended", status: 771 })).toEqual({ branch: "error", key: "grant-ended" });
  expect(endingWords({ code: undefined, status: 519 })).toEqual({ branch: "status", key: "519" });
  expect(endingWords({ code: "of-tomorrow", status: 769 })).toEqual({ branch: "status", key: "769" });
  expect(endingWords({ code: "__proto__", status: 9_999 })).toEqual({ branch: "status", key: "512" });
});

test("only ends that are as they should be are calm", () => {
  for (const code of TUNNEL_CODES) expect(isCalm({ code, status: 0 }), code).toBe(code === "left");
  expect(isCalm({ code: "expired", status: 523 })).toBe(true);
  expect(isCalm({ code: "stopped", status: 523 })).toBe(false);
  expect(isCalm({ code: undefined, status: Guacamole.Status.Code.SESSION_CLOSED })).toBe(true);
  expect(isCalm({ code: undefined, status: 519 })).toBe(false);
});
