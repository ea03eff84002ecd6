import { beforeAll, describe, expect, test } from "vitest";
import { createCommonPasswords } from "./common-passwords.js";

const isCommon = createCommonPasswords();

describe("a password that is tried first", () => {
  beforeAll(() => isCommon("x"));

  test.each([
    "password123456",
    "P@ssw0rd123!",
    "Passw0rd2026!",
    "qwertyqwerty",
    "password.password.password",
    "1qaz2wsx3edc",
    "1QAZ2wsx#EDC",
    "Admin@123456",
    "Huawei@123456",
    "Beijing@2024",
    "Zhangwei@1990",
    "Woaini1314!",
    "woaini5201314",
    "ｐａｓｓｗｏｒｄ１２３４",
    "a1b2c3d4e5f6",
    "welcome-china1",
  ])("is %s", async (password) => expect(await isCommon(password)).toBe(true));

  test.each([
    "seven quiet herons",
    "correcthorsebatterystaple",
    "kT9#vQ2m!xR4",
    "pw-x8dk3jf92k-0akd83jx",
    "long-enough-and-unusual-7",
    "风急天高猿啸哀渚清沙白鸟飞",
  ])("is not %s", async (password) => expect(await isCommon(password)).toBe(false));

  test("is found in milliseconds, also in a text made to be slow", async () => {
    const slow = "password123456qwertydragonfootballmonkeyletmeinshadowmaster12345";
    const began = performance.now();
    await isCommon(slow.repeat(20));
    for (let round = 0; round < 10; round += 1) await isCommon(slow);
    expect((performance.now() - began) / 10).toBeLessThan(500);
  });
});
