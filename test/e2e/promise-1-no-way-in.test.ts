/** Promise 1: no way in without two factors, a live grant and a recorder; and with all three, the whole walk to a replay. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Api, code, ROOT, until } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { SshClient } from "../support/ssh-client.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

test("a granted operator works on a real host, and an auditor replays, exports and verifies it", async () => {
  const operator = await lab.operator(["ssh.exec", "ssh.shell"]);
  const client = await operator.client();
  const done = await client.ssh(operator.target, ["echo hello-from-the-target; id -un; exit 7"]);
  expect(done.stdout.toString()).toBe(`hello-from-the-target\n${lab.sshd.login}\n`);
  expect(done.code).toBe(7);

  const auditor = await lab.house.as("ivan");
  const session = await until("the session's end", async () => {
    const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
    return items.find((one: { state: string }) => one.state === "ended");
  });
  expect(session.snapshot).toMatchObject({ login: operator.login, accountLogin: lab.sshd.login, assetName: "web-01" });
  expect(session.because).toBe("left");
  const index = await auditor.call("GET", `/recordings/${session.recordingId}/index`);
  expect(index.complete).toBe(true);
  expect(index.markers.map((marker: { text: string }) => marker.text).join("\n")).toContain(
    "echo hello-from-the-target",
  );

  const folder = mkdtempSync(join(tmpdir(), "gatehouse-export-"));
  const container = join(folder, `${session.recordingId}.ghr`);
  writeFileSync(
    container,
    Buffer.from(await (await auditor.raw("GET", `/recordings/${session.recordingId}/container`)).arrayBuffer()),
  );
  const verified = execFileSync(process.execPath, ["gateway/gatehouse.mjs", "recording", "verify", folder], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(verified).toContain("complete");
  const cast = await (
    await auditor.raw("GET", `/recordings/${session.recordingId}/asciicast?channel=${index.channels[0].channel}`)
  ).text();
  expect(cast).toContain("hello-from-the-target");
  const path = join(folder, "session.cast");
  writeFileSync(path, cast);
  // asciinema wants a terminal of its own, which script gives.
  const played = execFileSync("script", ["-qec", `asciinema cat ${path}`, "/dev/null"], {
    encoding: "utf8",
    env: { ...process.env, LANG: "C.UTF-8" },
  });
  expect(played).toContain("hello-from-the-target");
});

test("what is in the recordings folder shows nothing of what passed", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  await (await operator.client()).ssh(operator.target, ["echo needle-in-$((40+2))-clear"]);
  for (const name of readdirSync(lab.house.data, { recursive: true, encoding: "utf8" })) {
    const path = join(lab.house.data, name);
    const content = await Promise.resolve()
      .then(() => readFileSync(path))
      .catch(() => Buffer.alloc(0));
    expect(content.includes("needle-in-42-clear"), name).toBe(false);
  }
});

test("a right password with a wrong code, and a wrong password with a right code, are the same refusal", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const wrongCode = new SshClient(lab.house.sshPort, { password: operator.password, code: "000000" });
  const wrongPassword = new SshClient(lab.house.sshPort, {
    password: "not-the-password-1",
    code: await code(operator.totp, 1),
  });
  const [first, second] = [
    await wrongCode.ssh(operator.target, ["true"]),
    await wrongPassword.ssh(operator.target, ["true"]),
  ];
  expect(first.code).toBe(255);
  expect(second.code).toBe(255);
  expect(first.stderr).toBe(second.stderr);
});

test("a code that was used once does not open a second time", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const secrets = { password: operator.password, code: await code(operator.totp, 1) };
  const [a, b] = [new SshClient(lab.house.sshPort, secrets), new SshClient(lab.house.sshPort, secrets)];
  const both = await Promise.all([a.ssh(operator.target, ["echo in"]), b.ssh(operator.target, ["echo in"])]);
  expect(both.filter((one) => one.stdout.toString() === "in\n").length).toBe(1);
});

test("without a grant exec is told on stderr where to ask, and nothing is dialled", async () => {
  const person = await lab.house.newPerson(["operator"]);
  const security = await lab.house.as("grace");
  await security.call("POST", "/entitlements", {
    personId: person.id,
    accountId: lab.account.id,
    actions: ["ssh.exec"],
    to: null,
  });
  const logins = lab.sshd.log().split("Accepted").length;
  const client = new SshClient(lab.house.sshPort, { password: person.password, code: await code(person.totp, 0) });
  const refused = await client.ssh(`${person.login}@${lab.account.login}@web-01`, ["echo in"]);
  expect(refused.stdout.toString()).toBe("");
  expect(refused.stderr).toMatch(/^gatehouse: /m);
  expect(refused.code).not.toBe(0);
  expect(lab.sshd.log().split("Accepted").length).toBe(logins);
});

test("a grant that was revoked, and one that has not begun, open nothing", async () => {
  const carol = await lab.house.as("carol");
  const revoked = await lab.operator(["ssh.exec"]);
  await carol.call("POST", `/grants/${revoked.grantId}/revocation`, { reason: "the work is over" });
  const early = await lab.operator(["ssh.exec"]);
  await carol.call("POST", `/grants/${early.grantId}/revocation`, { reason: "another day" });
  const { id, digest } = await early.api.call("POST", "/requests", {
    items: [{ accountId: lab.account.id, actions: ["ssh.exec"] }],
    reason: "for later today",
    workOrder: "",
    windowFrom: Date.now() + 600_000,
    durationMs: 600_000,
  });
  const yes = { verdict: "approved", reason: "agreed", digest };
  const { grants } = await carol.call("POST", `/requests/${id}/approval`, yes);
  expect(grants[0].state).toBe("scheduled");
  const logins = lab.sshd.log().split("Accepted").length;
  for (const operator of [revoked, early]) {
    const refused = await (await operator.client()).ssh(operator.target, ["echo in"]);
    expect(refused.stdout.toString()).toBe("");
    expect(refused.stderr).toMatch(/^gatehouse: /m);
    expect(refused.code).not.toBe(0);
  }
  expect(lab.sshd.log().split("Accepted").length).toBe(logins);
});

test("the page asks for both factors too, and a session cookie is opaque, HttpOnly and SameSite=Strict", async () => {
  const person = await lab.house.newPerson(["operator"]);
  const api = new Api(lab.house.http);
  const wrong = await api.raw("POST", "/auth/session", {
    login: person.login,
    password: person.password,
    code: "123456",
  });
  expect(wrong.status).toBe(403);
  const right = await api.raw("POST", "/auth/session", {
    login: person.login,
    password: person.password,
    code: await code(person.totp),
  });
  expect(right.status).toBe(200);
  const cookie = right.headers.getSetCookie()[0] ?? "";
  expect(cookie).toMatch(/HttpOnly/i);
  expect(cookie).toMatch(/SameSite=Strict/i);
  expect(cookie).not.toContain(person.login);
});
