import { describe, expect, test } from "vitest";
import type { PasswordPolicy } from "../policy/index.js";
import { createCommonPasswords } from "../vault/common-passwords.js";
import { checkNewPassword, mustChangePassword } from "./password-rules.js";
import { createRows } from "../../test/support/rows.js";

const vault = { isCommonPassword: createCommonPasswords() };
const MODERN: PasswordPolicy = {
  preset: "modern",
  leastCharacters: 12,
  leastKinds: 0,
  longestDays: null,
  history: 5,
  dormantDays: null,
};
const DENGBAO: PasswordPolicy = {
  preset: "dengbao",
  leastCharacters: 10,
  leastKinds: 3,
  longestDays: 90,
  history: 5,
  dormantDays: 90,
};
const DAY_MS = 86_400_000;
const weak = { ok: false, code: "weak-password", field: "password" };

describe("a new password", () => {
  test.each([
    "seven quiet herons",
    "Tr0ub4dor&3xyz!",
    "风急天高猿啸哀渚清沙白鸟飞",
    "aB3$kM9!qZ2&",
    "8c47e1b0f9a2",
    "my-alice-has-a-long-one",
  ])("%s will do", async (password) => {
    expect((await checkNewPassword(vault, MODERN, "alice", password)).ok).toBe(true);
  });

  test.each([
    "",
    "short",
    "elevenchars",
    "alice-12345",
    "ALICE1234567",
    "aaaaaaaaaaaaaaaa",
    "abcdefghijklmnop",
    "123456789012",
    "987654321098",
    "Password2026",
    "P@ssw0rd2026",
    "qwertyuiop12",
    "administrator",
    "gatehouse123",
    "x".repeat(1025),
    "密".repeat(400),
  ])("%s will not", async (password) => {
    expect(await checkNewPassword(vault, MODERN, "alice", password)).toEqual(weak);
  });

  test.each(["Vub7kitezq", "vub 7 kitezq", "VUB-7-KITEZQ", "风筝Kite7飞翔天空"])(
    "%s has the kinds that 等保 asks for",
    async (password) => expect((await checkNewPassword(vault, DENGBAO, "alice", password)).ok).toBe(true),
  );

  test.each(["seven quiet herons", "vubkitezq7", "VUBKITEZQ77", "Vub7kitez", "风急天高猿啸哀渚清沙白鸟飞"])(
    "%s has not",
    async (password) => expect(await checkNewPassword(vault, DENGBAO, "alice", password)).toEqual(weak),
  );
});

describe("an old password", () => {
  const person = createRows({ next: () => "01890000-0000-7000-8000-000000000001" }).person({
    passwordChangedAt: 0,
    passwordAt: "here",
  });

  test("must be changed after the last day, not before, and never where policy forces no change", () => {
    expect(mustChangePassword(person, DENGBAO, 90 * DAY_MS - 1)).toBe(false);
    expect(mustChangePassword(person, DENGBAO, 90 * DAY_MS)).toBe(true);
    expect(mustChangePassword(person, MODERN, 9000 * DAY_MS)).toBe(false);
  });

  test("is the directory's matter where the directory keeps it", () => {
    expect(mustChangePassword({ ...person, passwordAt: "ldap" }, DENGBAO, 9000 * DAY_MS)).toBe(false);
  });
});
