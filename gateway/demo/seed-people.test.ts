import { expect, test } from "vitest";
import { openIdentityLab } from "../../test/support/identity-lab.js";
import { checkNewPassword } from "../broker/password-rules.js";
import { newPassword, seatPeople } from "./seed-people.js";

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
    // So short a login lies in one password of seventy.
    const password = newPassword("bo");
    if (!(await checkNewPassword(vault, STRICT, "bo", password)).ok) refused.push(password);
  }
  expect(refused).toEqual([]);
});

test("a step of the one-time code that ends while its code is judged leaves nobody out", async () => {
  const lab = await openIdentityLab("memory");
  let enrolments = 0;
  const identity = {
    ...lab.identity,
    completeEnrolment: (input: Parameters<typeof lab.identity.completeEnrolment>[0]) => {
      enrolments += 1;
      if (enrolments === 1) lab.pass(30_000);
      return lab.identity.completeEnrolment(input);
    },
  };
  const parts = {
    broker: { identity, people: lab.people, proposals: lab.proposals },
    read: lab.database.read,
    clock: { now: () => lab.now(), monotonicUs: () => lab.now() * 1000 },
  };
  const grace = { login: "grace", name: "Grace", role: "security" } as const;
  const heidi = { login: "heidi", name: "Heidi", role: "security" } as const;
  const seated = await seatPeople(parts, grace, heidi);
  expect(seated.people.map(({ login }) => login)).toEqual(["grace", "heidi"]);
  expect(enrolments).toBe(3);
  await lab.close();
});
