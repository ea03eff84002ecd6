/** Promise 8: unknown and forbidden look the same to who may not know: same answer, same class of time. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Api, code } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { SshClient } from "../support/ssh-client.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

test("an asset that does not exist and one that is not his give the same words on SSH", async () => {
  const answers: string[] = [];
  for (const target of [`${lab.account.login}@web-01`, "nobody@no-such-host", `nosuchaccount@web-01`]) {
    const person = await lab.house.newPerson(["operator"]);
    const client = new SshClient(lab.house.sshPort, { password: person.password, code: await code(person.totp) });
    const refused = await client.ssh(`${person.login}@${target}`, ["true"]);
    expect(refused.stdout.length).toBe(0);
    answers.push(`${refused.code} ${refused.stderr.replaceAll(target, "TARGET")}`);
  }
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toContain("gatehouse:");
});

test("asking for an account outside one's entitlement answers as for one that does not exist", async () => {
  const person = await lab.house.newPerson(["operator"]);
  const api = await new Api(lab.house.http).signIn(person);
  const ask = (accountId: string): Promise<Response> =>
    api.raw("POST", "/requests", {
      items: [{ accountId, actions: ["ssh.exec"] }],
      reason: "curious about it",
      workOrder: "",
      durationMs: 600_000,
    });
  const [real, unknown] = [await ask(lab.account.id), await ask("01900000-0000-7000-8000-000000000000")];
  expect(real.status).toBe(unknown.status);
  const strip = (problem: Record<string, unknown>): unknown => ({ ...problem, instance: undefined });
  expect(strip(await real.json())).toEqual(strip(await unknown.json()));
});

test("sign-in of an unknown name, a wrong password and a disabled person answer alike, in like time", async () => {
  const known = await lab.house.newPerson(["operator"]);
  const disabled = await lab.house.newPerson(["operator"]);
  await (await lab.house.as("grace")).call("PATCH", `/people/${disabled.id}`, { state: "disabled" });
  const times: Record<string, number[]> = {};
  const bodies = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    for (const [name, login, password] of [
      ["unknown", `nobody${round}`, "some-password-here"],
      ["wrong", known.login, "some-password-here"],
      ["disabled", disabled.login, disabled.password],
    ] as const) {
      const began = performance.now();
      const answer = await new Api(lab.house.http).raw("POST", "/auth/session", { login, password, code: "123456" });
      if (answer.status === 429) continue;
      (times[name] ??= []).push(performance.now() - began);
      expect(answer.status).toBe(403);
      bodies.add(((await answer.json()) as { code: string }).code);
    }
  }
  expect([...bodies]).toEqual(["sign-in-refused"]);
  // What else the machine does makes an answer later, and none earlier.
  const least = Object.values(times).map((values) => Math.min(...values));
  expect(least).toHaveLength(3);
  expect(Math.max(...least) / Math.min(...least)).toBeLessThan(3);
});
