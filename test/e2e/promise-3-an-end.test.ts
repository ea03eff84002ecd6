/** Promise 3: expiry, revocation, disabling and stop close everything within two seconds, also against a peer that ignores it. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../support/gatehouse.js";
import { startLab, type Lab, type Operator } from "../support/lab.js";
import { finish, type SshClient } from "../support/ssh-client.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

const CHATTY = "while echo tick; do sleep 0.05; done";
/** Nothing passes any more, so only the end itself can cut it off. */
const SILENT = "echo tick; sleep 90";

/** Starts a long command and resolves once its first line arrived; `over` resolves when ssh ended, with the moment. */
async function running(
  operator: Operator,
  client: SshClient,
  command = CHATTY,
): Promise<{ over: Promise<number>; stdout: () => string }> {
  const child = client.start("ssh", client.arguments(operator.target, ["-o", "ServerAliveInterval=0"]).concat(command));
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const over = finish(child, undefined, 100_000).then(() => Date.now());
  await until("the first tick", () => text.includes("tick"));
  return { over, stdout: () => text };
}

async function sessionOf(operator: Operator): Promise<{ id: string; state: string; because: string | null }> {
  const auditor = await lab.house.as("ivan");
  const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
  return items[0];
}

async function expectEnded(operator: Operator, because: string): Promise<void> {
  const session = await until("the session's row to end", async () => {
    const found = await sessionOf(operator);
    return found.state === "ended" ? found : false;
  });
  expect(session.because).toBe(because);
}

/** Connections that the gateway's process still holds with operators or the target; listeners are none. */
function connectionsHeld(): number {
  const fds = `/proc/${lab.house.process.pid ?? 0}/fd`;
  const held = new Set<string>();
  for (const fd of readdirSync(fds)) {
    try {
      held.add(/^socket:\[(\d+)\]$/.exec(readlinkSync(`${fds}/${fd}`))?.[1] ?? "");
    } catch {
      // Closed since it was listed.
    }
  }
  const port = (address: string | undefined): number => Number.parseInt(address?.split(":")[1] ?? "0", 16);
  return readFileSync("/proc/net/tcp", "latin1")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote, , , , , , , inode]) => {
      const ours = port(local) === lab.house.sshPort || port(remote) === lab.sshd.port;
      return ours && port(remote) !== 0 && held.has(inode ?? "none");
    }).length;
}

test("revoking a grant ends its session within two seconds", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const { over } = await running(operator, await operator.client());
  const approver = await lab.house.as("carol");
  const at = Date.now();
  await approver.call("POST", `/grants/${operator.grantId}/revocation`, { reason: "the work is over" });
  expect((await over) - at).toBeLessThan(2_000);
  await expectEnded(operator, "revoked");
});

test("a grant's expiry ends its session within two seconds", async () => {
  const operator = await lab.operator(["ssh.exec"], { durationMs: 60_000 });
  const grants = await (await lab.house.as("carol")).call("GET", "/grants?live=true&limit=200");
  const grant = grants.items.find((one: { id: string }) => one.id === operator.grantId);
  const { over } = await running(operator, await operator.client());
  expect((await over) - grant.to).toBeLessThan(2_000);
  expect((await over) - grant.to).toBeGreaterThanOrEqual(-50);
  await expectEnded(operator, "expired");
});

test("revoking a grant ends a session through which nothing passes, too", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const { over } = await running(operator, await operator.client(), SILENT);
  const approver = await lab.house.as("carol");
  const at = Date.now();
  await approver.call("POST", `/grants/${operator.grantId}/revocation`, { reason: "the work is over" });
  expect((await over) - at).toBeLessThan(2_000);
  await expectEnded(operator, "revoked");
});

test("stop by a manager ends the session within two seconds", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const { over } = await running(operator, await operator.client());
  const { id } = await sessionOf(operator);
  const at = Date.now();
  await (await lab.house.as("dave")).call("POST", `/sessions/${id}/stop`, { reason: "looks wrong" });
  expect((await over) - at).toBeLessThan(2_000);
  await expectEnded(operator, "stopped");
});

test("disabling the person ends his session and his web session", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const { over } = await running(operator, await operator.client());
  const at = Date.now();
  await (await lab.house.as("grace")).call("PATCH", `/people/${operator.id}`, { state: "disabled" });
  expect((await over) - at).toBeLessThan(2_000);
  expect((await operator.api.raw("GET", "/me")).status).toBe(401);
});

test("taking the operator role away ends his session", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const { over } = await running(operator, await operator.client());
  const at = Date.now();
  await (await lab.house.as("grace")).call("PATCH", `/people/${operator.id}`, { roles: [] });
  expect((await over) - at).toBeLessThan(2_000);
});

test("a peer that stopped reading is cut off as well", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const client = await operator.client();
  const child = client.start("ssh", client.arguments(operator.target).concat("yes flood"));
  await until("the session", async () => (await sessionOf(operator))?.state === "live");
  child.stdout.pause();
  process.kill(child.pid ?? 0, "SIGSTOP");
  const approver = await lab.house.as("carol");
  expect(connectionsHeld()).toBeGreaterThanOrEqual(2);
  const at = Date.now();
  await approver.call("POST", `/grants/${operator.grantId}/revocation`, { reason: "the work is over" });
  await until("both connections to be cut", () => connectionsHeld() === 0);
  expect(Date.now() - at).toBeLessThan(2_000);
  await expectEnded(operator, "revoked");
  expect(Date.now() - at).toBeLessThan(3_000);
  process.kill(child.pid ?? 0, "SIGKILL");
});

test("a channel on a shared connection is refused after the grant ended", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const client = await operator.client();
  const control = `${client.folder}/control`;
  const master = client.start("ssh", client.arguments(operator.target, ["-M", "-S", control, "-N"]));
  const share = (command: string): ReturnType<SshClient["run"]> =>
    client.run("ssh", [
      ...client.options,
      "-S",
      control,
      "-p",
      String(lab.house.sshPort),
      "-l",
      operator.target,
      "127.0.0.1",
      command,
    ]);
  // Without the socket ssh would sign in by itself, and use up the code that the master needs.
  await until("the shared connection's socket", () => existsSync(control));
  await until("the shared connection", async () => (await share("echo first")).stdout.toString() === "first\n");
  await (
    await lab.house.as("carol")
  ).call("POST", `/grants/${operator.grantId}/revocation`, { reason: "the work is over" });
  const late = await share("echo late");
  expect(late.stdout.toString()).toBe("");
  master.kill("SIGKILL");
});
