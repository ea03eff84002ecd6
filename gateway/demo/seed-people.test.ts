import { expect, test } from "vitest";
import { checkNewPassword } from "../broker/password-rules.js";
import { newPassword } from "./seed-people.js";

const STRICT = {
  preset: "dengbao",
  leastCharacters: 16,
  leastKinds: 4,
  longestDays: 90,
  history: 5,
  dormantDays: 90,
} as const;

test("no password of the demo is refused by a strict policy, however the dice fall", async () => {
  const vault = { isCommonPassword: () => Promise.resolve(false) };
  const refused: string[] = [];
  for (let draw = 0; draw < 10_000; draw += 1) {
    const password = newPassword();
    if (!(await checkNewPassword(vault, STRICT, "judy", password)).ok) refused.push(password);
  }
  expect(refused).toEqual([]);
});
