/** Promise 5, and the recorder's word on typed passwords: shown against a real sshd with sudo, su and passwd. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { code, grantNew, until } from "../support/gatehouse.js";
import { addAsset, startLab, type Lab } from "../support/lab.js";
import { SshClient } from "../support/ssh-client.js";
import { endedSession } from "../support/trail.js";

const TYPED = ["Sudo-Secret-7431", "Su-Secret-9152", "Old-Secret-3380", "New-Secret-6624"] as const;
let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

/** Types at each prompt with expect, over a real terminal. */
function expectScript(arguments_: readonly string[]): string {
  const [sudo, su, old, next] = TYPED;
  const quote = (text: string): string => `{${text}}`;
  return [
    "set timeout 20",
    "match_max 100000",
    `spawn ssh ${arguments_.map(quote).join(" ")}`,
    "expect {$ }",
    "send \"export PS1='READY> '\\r\"",
    "expect -re {READY> $}",
    'send "sudo -k id\\r"',
    "expect -re {assword.*: }",
    `send "${sudo}\\r"`,
    "expect -re {assword.*: }",
    'send "\\003"',
    "expect -re {READY> $}",
    'send "su root -c id\\r"',
    "expect -re {assword: }",
    `send "${su}\\r"`,
    "expect -re {READY> $}",
    'send "passwd\\r"',
    "expect -re {urrent.*assword: }",
    `send "${old}\\r"`,
    "expect {",
    `  -re {ew password: } { send "${next}\\r"; exp_continue }`,
    "  -re {READY> $} {}",
    "}",
    'send "echo typed-in-the-clear\\r"',
    "expect -re {READY> $}",
    'send "exit\\r"',
    "expect eof",
  ].join("\n");
}

test("a password typed at sudo, su or passwd is nowhere: container, kept input, exports, database, log, search", async () => {
  const operator = await lab.operator(["ssh.shell"]);
  const client = await operator.client();
  const script = join(client.folder, "type.exp");
  writeFileSync(script, expectScript(client.arguments(operator.target, ["-tt"])));
  const shown = await client.run("expect", ["-f", script], undefined, 90_000);
  expect(shown.stdout.toString()).toContain("typed-in-the-clear");

  const auditor = await lab.house.as("ivan");
  const session = await until("the session's end", async () => {
    const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
    return items.find((one: { state: string }) => one.state === "ended");
  });
  const id = session.recordingId as string;
  const index = await until("derived data", async () => {
    const found = await auditor.call("GET", `/recordings/${id}/index`);
    return found.markers.length > 0 ? found : false;
  });
  const channel = index.channels[0].channel as number;
  const commands = index.markers.map((marker: { text: string }) => marker.text);
  expect(commands).toContain("echo typed-in-the-clear");
  expect(commands).toContain("sudo -k id");

  const opening = await auditor.call("POST", `/recordings/${id}/input-openings`, {
    reason: "to show that no password was kept",
  });
  await (await lab.house.as("judy")).call("POST", `/input-openings/${opening.id}/approval`);
  const input = JSON.stringify(await auditor.call("GET", `/input-openings/${opening.id}/input`));
  expect(input).toContain("typed-in-the-clear");

  const decrypted: string[] = [JSON.stringify(index), input];
  for (const path of [`asciicast?channel=${channel}`, `text?channel=${channel}`]) {
    decrypted.push(await (await auditor.raw("GET", `/recordings/${id}/${path}`)).text());
  }
  for (const kind of ["command", "file", "screen"])
    decrypted.push(JSON.stringify(await auditor.call("GET", `/search?q=secret&kind=${kind}`)));
  const files = readdirSync(lab.house.data, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString("latin1"));
  expect(files.length).toBeGreaterThan(3);
  for (const secret of TYPED) {
    for (const text of [...decrypted, ...files, lab.house.output()]) expect(text.includes(secret)).toBe(false);
  }
});

test("the target's own credential is in no answer, file or log", async () => {
  // Whole lines of it, so that no way of writing a line's end hides them.
  const lines = lab.sshd.privateKey.trim().split("\n").slice(2, -1);
  expect(lines.length).toBeGreaterThan(1);
  const operator = await lab.operator(["ssh.exec"]);
  await (await operator.client()).ssh(operator.target, ["env; set"]);
  const system = await lab.house.as("erin");
  const answers = [
    await (await system.raw("GET", "/accounts")).text(),
    await (await system.raw("GET", `/assets/${lab.asset.id}`)).text(),
  ];
  const files = readdirSync(lab.house.data, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "demo-sandbox.json")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString("latin1"));
  for (const text of [...answers, ...files, lab.house.output()])
    for (const line of lines) expect(text.includes(line)).toBe(false);
});

test("a credential that the target refuses, or that leads nowhere, is in no line, answer, file or log either", async () => {
  const secret = "Refused-Secret-4417";
  const { login, port } = lab.sshd;
  const { accountId } = await addAsset(lab.house, { name: "refusing", port, login, secret: lab.sshd.privateKey });
  const system = await lab.house.as("erin");
  const put = (body: unknown): Promise<Response> => system.raw("PUT", `/accounts/${accountId}/credential`, body);
  expect((await put({ kind: "password", secret, untested: true })).status).toBe(200);
  const operator = await grantNew(lab.house, { accountId, actions: ["ssh.exec"] });
  const client = new SshClient(lab.house.sshPort, {
    password: operator.password,
    code: await code(operator.totp, 1),
  });
  const tried = await client.ssh(`${operator.login}@${lab.sshd.login}@refusing`, ["true"]);
  expect(tried.code).not.toBe(0);
  expect(tried.stderr).toContain("gatehouse:");
  expect(lab.sshd.log()).toContain("Failed password");
  const auditor = await lab.house.as("ivan");
  const texts = [tried.stdout.toString(), tried.stderr, lab.house.output()];
  texts.push(await (await system.raw("GET", "/accounts")).text());
  for (const kind of ["password", "key", secret]) texts.push(await (await put({ kind, secret })).text());
  texts.push(await (await auditor.raw("GET", "/audit/events?limit=200")).text());
  for (const entry of readdirSync(lab.house.data, { recursive: true, encoding: "utf8", withFileTypes: true }))
    if (entry.isFile()) texts.push(readFileSync(join(entry.parentPath, entry.name)).toString("latin1"));
  for (const [at, text] of texts.entries()) expect(text.includes(secret), `text ${at}`).toBe(false);
  client.dispose();
});

test("kept input opens only with a second auditor, never with one's own approval, and each step is an event", async () => {
  const operator = await lab.operator(["ssh.shell"]);
  const client = await operator.client();
  const child = client.start("ssh", client.arguments(operator.target, ["-tt"]));
  child.stdin.write("echo for-two-persons\nexit\n");
  await new Promise((resolve) => child.once("close", resolve));
  const auditor = await lab.house.as("ivan");
  const { recordingId } = await endedSession(lab.house, operator.login);
  const opening = await auditor.call("POST", `/recordings/${recordingId}/input-openings`, {
    reason: "a question of the data office",
  });
  expect((await auditor.raw("GET", `/input-openings/${opening.id}/input`)).ok).toBe(false);
  const own = await auditor.raw("POST", `/input-openings/${opening.id}/approval`);
  expect(await own.json()).toMatchObject({ status: 403, code: "own-request" });
  for (const login of ["carol", "grace", "erin"]) {
    expect((await (await lab.house.as(login)).raw("POST", `/input-openings/${opening.id}/approval`)).ok).toBe(false);
  }
  await (await lab.house.as("judy")).call("POST", `/input-openings/${opening.id}/approval`);
  await auditor.call("GET", `/input-openings/${opening.id}/input`);
  const { items: events } = await auditor.call("GET", "/audit/events?limit=200");
  const verbs = events.map((event: { verb: string }) => event.verb);
  for (const verb of ["recording.input-requested", "recording.input-approved", "recording.input-read"])
    expect(verbs).toContain(verb);
});

test("sudo and su are really installed here, so that the test above tests something", () => {
  expect(execFileSync("sudo", ["--version"], { encoding: "utf8" })).toContain("Sudo");
});
