import { describe, expect, test } from "vitest";
import { checkNewPassword } from "./password-rules.js";

const weak = { ok: false, code: "weak-password", field: "password" };

describe("a new password", () => {
  test.each([
    "seven quiet herons",
    "Tr0ub4dor&3xyz!",
    "风急天高猿啸哀渚清沙白鸟飞",
    "aB3$kM9!qZ2&",
    "8c47e1b0f9a2",
    "my-alice-has-a-long-one",
  ])("%s will do", (password) => expect(checkNewPassword("alice", password).ok).toBe(true));

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
  ])("%s will not", (password) => expect(checkNewPassword("alice", password)).toEqual(weak));
});
