/** Someone without a grant asks on the terminal and goes on into the session the moment it is approved; the menu leads there too. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { code, until, type Credentials } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { SshClient } from "../support/ssh-client.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

interface Terminal {
  shown(): string;
  type(text: string): void;
  readonly closed: Promise<number | null>;
}

async function entitled(): Promise<Credentials & { readonly id: string }> {
  const person = await lab.house.newPerson(["operator"]);
  const security = await lab.house.as("grace");
  await security.call("POST", "/entitlements", {
    personId: person.id,
    accountId: lab.account.id,
    actions: ["ssh.shell"],
    to: null,
  });
  return person;
}

async function terminal(person: Credentials, login: string): Promise<Terminal> {
  const client = new SshClient(lab.house.sshPort, { password: person.password, code: await code(person.totp) });
  const child = client.start("ssh", client.arguments(login, ["-tt"]));
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  return {
    shown: () => shown,
    type: (text) => void child.stdin.write(text),
    closed: new Promise((resolve) => child.once("close", resolve)),
  };
}

async function pendingOf(login: string): Promise<{ id: string; digest: string; reason: string }> {
  const approver = await lab.house.as("carol");
  return until("the request in the queue", async () => {
    const { items } = await approver.call("GET", "/requests?view=queue&limit=200");
    return items.find((one: { requesterLogin: string }) => one.requesterLogin === login);
  });
}

async function decide(id: string, digest: string, verdict: "approved" | "denied"): Promise<void> {
  await (
    await lab.house.as("carol")
  ).call("POST", `/requests/${id}/approval`, { verdict, reason: "seen on the wall", digest });
}

async function fillIn(at: Terminal): Promise<void> {
  await until("the reason's question", () => at.shown().includes("Reason"));
  at.type("restart the nightly job\r");
  await until("the work order's question", () => at.shown().includes("Work order"));
  at.type("WO-77\r");
  await until("the length's question", () => at.shown().includes("How long"));
  at.type("30m\r");
}

test("asked, approved, in: the request holds what was typed, names groups and never persons", async () => {
  const person = await entitled();
  const at = await terminal(person, `${person.login}@${lab.account.login}@web-01`);
  await fillIn(at);
  await until("the waiting line", () => at.shown().includes("request filed"));
  expect(at.shown()).toMatch(/who can approve: .*approvers/i);
  for (const name of ["carol", "dave", "Carol", "Dave"]) expect(at.shown()).not.toContain(name);
  const request = await pendingOf(person.login);
  expect(request).toMatchObject({ reason: "restart the nightly job", workOrder: "WO-77", durationMs: 1_800_000 });
  await decide(request.id, request.digest, "approved");
  await until("the session's banner", () => at.shown().includes("this session is recorded"), 5_000);
  at.type("echo in-$((40+2))\rexit\r");
  await until("the target's answer", () => at.shown().includes("in-42"));
  expect(await at.closed).toBe(0);
});

test("asked and denied: the reason is shown, and the connection ends without a byte of the target", async () => {
  const person = await entitled();
  const at = await terminal(person, `${person.login}@web-01`);
  await fillIn(at);
  const request = await pendingOf(person.login);
  await decide(request.id, request.digest, "denied");
  expect(await at.closed).not.toBe(0);
  expect(at.shown()).toContain("seen on the wall");
  expect(at.shown()).not.toContain("this session is recorded");
});

test("Ctrl-C while waiting withdraws the request", async () => {
  const person = await entitled();
  const at = await terminal(person, `${person.login}@web-01`);
  await fillIn(at);
  const request = await pendingOf(person.login);
  at.type("\u0003");
  await at.closed;
  const found = await (await lab.house.as("carol")).call("GET", `/requests/${request.id}`);
  expect(found.state).toBe("withdrawn");
});

test("a bare login shows a menu of what may be opened or asked for, filtered by typing", async () => {
  const person = await entitled();
  const at = await terminal(person, person.login);
  await until("the menu", () => at.shown().includes("web-01"));
  expect(at.shown()).not.toContain("sandbox");
  at.type("web");
  await new Promise((next) => setTimeout(next, 300));
  at.type("\r");
  await until("the request screen", () => at.shown().includes("Reason"));
  at.type("\r");
  await until("giving up", () => at.shown().includes("nothing was asked"));
});
