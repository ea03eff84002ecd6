import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { compileSignIn } from "./sign-in.js";

const DEFAULT = fileURLToPath(new URL("../../policies/default/sign-in.yaml", import.meta.url));
const rules = (change: Record<string, unknown> = {}): unknown => ({
  ...(parse(readFileSync(DEFAULT, "utf8")) as object),
  ...change,
});

describe("sign-in.yaml", () => {
  test("gives a Chinese installation the preset of 等保 and any other the modern one", () => {
    const signIn = compileSignIn(rules());
    expect(signIn("zh-CN").password).toEqual({
      preset: "dengbao",
      leastCharacters: 10,
      leastKinds: 3,
      longestDays: 90,
      history: 5,
      dormantDays: 90,
    });
    expect(signIn("en").password).toMatchObject({ preset: "modern", leastCharacters: 12, longestDays: null });
  });

  test("holds both languages to a preset that is named", () => {
    const signIn = compileSignIn(rules({ password: "dengbao" }));
    expect(signIn("en").password).toEqual(signIn("zh-CN").password);
    expect(signIn("en").password.preset).toBe("dengbao");
  });

  test("makes a preset stricter, never weaker", () => {
    const stricter = compileSignIn(rules({ password: { preset: "dengbao", leastCharacters: 14, longestDays: 30 } }));
    expect(stricter("en").password).toMatchObject({ leastCharacters: 14, longestDays: 30, leastKinds: 3 });
    const weaker = [
      { preset: "modern", leastCharacters: 11 },
      { preset: "by-language", leastCharacters: 11 },
      { preset: "dengbao", leastKinds: 2 },
      { preset: "dengbao", longestDays: 91 },
      { preset: "dengbao", history: 4 },
      { preset: "dengbao", dormantDays: 180 },
    ];
    for (const password of weaker) expect(() => compileSignIn(rules({ password })), JSON.stringify(password)).toThrow();
  });

  test("says what a device key's own end is to its sessions", () => {
    const keys = { allowed: true, longest: "12h", until: "20:00", otherAddress: false };
    expect(compileSignIn(rules())("en").deviceKeys.atEnd).toBe("go-on");
    expect(compileSignIn(rules({ deviceKeys: { ...keys, atEnd: "end" } }))("zh-CN").deviceKeys.atEnd).toBe("end");
  });

  test("refuses what lies outside its bounds, is unknown or contradicts itself", () => {
    const keys = { allowed: true, longest: "12h", until: "20:00", otherAddress: false, atEnd: "go-on" };
    const wrong: Record<string, unknown>[] = [
      { stepUp: "61m" },
      { stepUp: "30s" },
      { sessions: { idle: "30m", longest: "25h" } },
      { sessions: { idle: "2h", longest: "1h" } },
      { sessions: { idle: "9h", longest: "12h" } },
      { deviceKeys: { ...keys, longest: "17h" } },
      { deviceKeys: { ...keys, until: "24:00" } },
      { deviceKeys: { ...keys, until: "8pm" } },
      { deviceKeys: { ...keys, atEnd: "freeze" } },
      { deviceKeys: { ...keys, atEnd: undefined } },
      { terminal: { otherAddress: "no" } },
      { terminal: { otherAddress: false, anywhere: true } },
      { review: { everyDays: 20, remindDays: 14, answerDays: 14 } },
      { password: "none" },
      { version: 2 },
      { more: 1 },
    ];
    for (const change of wrong) expect(() => compileSignIn(rules(change)), JSON.stringify(change)).toThrow(/sign-in/);
  });
});
