/**
 * Targets that fail in every way: down, silent, babbling, refusing, changed, gone in mid-transfer, flooding. Each is one
 * clear line for the operator, a non-zero exit and an event; a session of somebody else on another target goes on through
 * all of it without a gap.
 */
import { renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { code, grantNew, until } from "../support/gatehouse.js";
import { addAsset, startLab, type Lab } from "../support/lab.js";
import { residentMiB } from "../support/memory.js";
import { finish, SshClient, type Finished } from "../support/ssh-client.js";
import { startSshd, type TestSshd } from "../support/sshd.js";
import { endedSession, eventsOf, openAlerts } from "../support/trail.js";

let lab: Lab;
let faulty: TestSshd;
let assetId: string;
let accountId: string;
let calm: ChildProcessWithoutNullStreams;
let calmText = "";
const NAME = "faulty-01";
const clients: SshClient[] = [];

const ticks = (): number[] => [...calmText.matchAll(/tick-(\d+)\n/g)].map(([, number]) => Number(number));

beforeAll(async () => {
  faulty = await startSshd();
  lab = await startLab({ allow: [`127.0.0.1:${faulty.port}`] });
  ({ assetId, accountId } = await addAsset(lab.house, {
    name: NAME,
    port: faulty.port,
    login: faulty.login,
    secret: faulty.privateKey,
  }));
  const operator = await lab.operator(["ssh.exec"]);
  const client = await operator.client();
  calm = client.start(
    "ssh",
    client.arguments(operator.target).concat("n=0; while true; do n=$((n+1)); echo tick-$n; sleep 0.05; done"),
  );
  calm.stdout.on("data", (chunk: Buffer) => (calmText += chunk.toString()));
  await until("the calm session", () => ticks().length > 3);
});
afterAll(async () => {
  calm?.kill("SIGKILL");
  for (const client of clients) client.dispose();
  await lab?.stop();
  await faulty?.stop();
});

// The other operator's session is alive, and has missed nothing.
afterEach(async () => {
  const before = ticks().length;
  await until("the calm session to go on", () => ticks().length > before + 10);
  expect(ticks()).toEqual(ticks().map((_, at) => at + 1));
});

interface Prepared {
  readonly login: string;
  readonly target: string;
  readonly client: SshClient;
}

/** A new operator with a grant on the faulty target. Everything is ready; only the connection is missing. */
async function operator(actions: readonly string[] = ["ssh.exec"]): Promise<Prepared> {
  const granted = await grantNew(lab.house, { accountId, actions });
  const client = new SshClient(lab.house.sshPort, { password: granted.password, code: await code(granted.totp, 1) });
  clients.push(client);
  return { login: granted.login, target: `${granted.login}@${faulty.login}@${NAME}`, client };
}

/** Exactly one line of the gate, the right one, and nothing on stdout. */
function expectRefused(done: Finished, line: string): void {
  expect(done.stdout.toString()).toBe("");
  const lines = done.stderr.split("\n").filter((text) => text.startsWith("gatehouse:"));
  expect(lines.map((text) => text.replace(/^gatehouse: (session ended: )?/, ""))).toEqual([line]);
  expect(done.code).toBe(255);
}

async function expectEvent(login: string, decidedBy: string): Promise<void> {
  expect(await endedSession(lab.house, login)).toMatchObject({
    because: "target-unreachable",
    recording: { state: "complete" },
  });
  const refused = await eventsOf(lab.house, login, "session.refused");
  expect(refused.map((event) => event.decidedBy)).toEqual([decidedBy]);
}

/** Something else in the target's place while `work` runs. */
async function inPlaceOfTarget(serve: (socket: Socket) => void, work: () => Promise<void>): Promise<void> {
  await faulty.halt();
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(faulty.port, "127.0.0.1", resolve));
  try {
    await work();
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await faulty.resume();
  }
}

test("a target that is down", async () => {
  const { client, target, login } = await operator();
  await faulty.halt();
  try {
    expectRefused(await client.ssh(target, ["echo in"]), "the target cannot be reached");
  } finally {
    await faulty.resume();
  }
  await expectEvent(login, "target-unreachable");
});

test("a target that accepts and says nothing", async () => {
  const { client, target, login } = await operator();
  await inPlaceOfTarget(
    () => undefined,
    async () => {
      const from = Date.now();
      expectRefused(await client.ssh(target, ["echo in"]), "the target cannot be reached");
      expect(Date.now() - from).toBeLessThan(13_000);
    },
  );
  await expectEvent(login, "target-unreachable");
});

test.each<[string, (socket: Socket) => void]>([
  ["speaks another protocol", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")],
  ["speaks an old version", (socket) => socket.write("SSH-1.5-old\r\n")],
  ["closes at once", (socket) => socket.destroy()],
  ["sends noise after its version", (socket) => socket.write(`SSH-2.0-noise\r\n${"\u0007".repeat(100_000)}`)],
])("a target that %s", async (_name, serve) => {
  const { client, target, login } = await operator();
  await inPlaceOfTarget(serve, async () => {
    expectRefused(await client.ssh(target, ["echo in"]), "the target cannot be reached");
  });
  await expectEvent(login, "target-unreachable");
});

test.each([
  ["before its version", ""],
  ["after its version", "SSH-2.0-flood\r\n"],
])("a target that floods %s, without end", async (_name, first) => {
  const { client, target, login } = await operator();
  const before = residentMiB(lab.house.process.pid ?? 0);
  const noise = Buffer.alloc(65_536, "a line that is no version\r\n");
  let highest = before;
  const watch = setInterval(() => (highest = Math.max(highest, residentMiB(lab.house.process.pid ?? 0))), 100);
  await inPlaceOfTarget(
    (socket) => {
      const pour = (): void => {
        while (!socket.destroyed && socket.write(noise));
      };
      socket.write(first);
      socket.on("drain", () => setImmediate(pour));
      pour();
    },
    async () => {
      expectRefused(await client.ssh(target, ["echo in"]), "the target cannot be reached");
    },
  );
  clearInterval(watch);
  expect(highest - before).toBeLessThan(200);
  await expectEvent(login, "target-unreachable");
});

test("a target that refuses the credential", async () => {
  const { client, target, login } = await operator();
  const keys = join(faulty.home, ".ssh", "authorized_keys");
  renameSync(keys, `${keys}.away`);
  try {
    expectRefused(await client.ssh(target, ["echo in"]), "the target refused the stored credential");
  } finally {
    renameSync(`${keys}.away`, keys);
  }
  await expectEvent(login, "target-credential-refused");
});

test("a target that closes in the middle of a command", async () => {
  const { client, target, login } = await operator();
  const child = client.start("ssh", client.arguments(target).concat("echo begun; sleep 60"));
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const over = finish(child);
  await until("the command", () => text === "begun\n");
  faulty.cutConnections();
  const done = await over;
  expect(done.code).toBe(255);
  expect(done.stderr).toContain("gatehouse: session ended: the target closed the connection\n");
  expect(await endedSession(lab.house, login)).toMatchObject({
    because: "target-closed",
    recording: { state: "complete" },
  });
});

test("a target that closes in the middle of a transfer: the client fails, and what passed is logged with its size", async () => {
  const { client, target, login } = await operator(["sftp.read"]);
  const large = join(faulty.home, "large.bin");
  writeFileSync(large, "");
  truncateSync(large, 2 ** 33);
  const options = ["-o", "BatchMode=no", "-P", String(lab.house.sshPort), "-o", `User=${target}`];
  const child = client.start("sftp", [
    ...client.options,
    ...options,
    "127.0.0.1:large.bin",
    join(client.folder, "got"),
  ]);
  const over = finish(child);
  await until("bytes", () => {
    const found = statSync(join(client.folder, "got"), { throwIfNoEntry: false });
    return found !== undefined && found.size > 1_000_000;
  });
  faulty.cutConnections();
  const done = await over;
  expect(done.code).not.toBe(0);
  expect(done.stderr).toContain("gatehouse: session ended: the target closed the connection");
  const session = await endedSession(lab.house, login);
  expect(session).toMatchObject({ because: "target-closed", recording: { state: "complete" } });
  const { transfers } = await (await lab.house.as("ivan")).call("GET", `/sessions/${session.id}`);
  expect(transfers).toMatchObject([{ direction: "download", path: large }]);
  expect(transfers[0].size).toBeGreaterThan(1_000_000);
  expect(transfers[0].size).toBeLessThan(2 ** 33);
});

test("a target that floods an operator who does not read: the gate's memory stays bounded", async () => {
  const pid = lab.house.process.pid ?? 0;
  const flooded = await Promise.all([operator(), operator(), operator()]);
  const before = residentMiB(pid);
  const children = flooded.map(({ client, target }) =>
    client.start("ssh", client.arguments(target).concat("cat /dev/zero")),
  );
  for (const child of children) {
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.stdout.pause();
    process.kill(child.pid ?? 0, "SIGSTOP");
  }
  for (let look = 0; look < 15; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(residentMiB(pid) - before).toBeLessThan(150);
  }
  for (const child of children) process.kill(child.pid ?? 0, "SIGKILL");
  for (const { login } of flooded) await endedSession(lab.house, login);
});

// Last, because the asset stays refused.
test("a target that shows another host key: refused before anything is sent, an alert stands, and no operator can accept it", async () => {
  const [first, second] = [await operator(), await operator()];
  await faulty.halt();
  await faulty.resume({ newHostKey: true });
  const loginsBefore = faulty.log().split("Accepted").length;
  const line = "the target shows another host key; an alert stands, nothing was sent";
  expectRefused(await first.client.ssh(first.target, ["echo in"]), line);
  await expectEvent(first.login, "target-key-changed");
  expect(await openAlerts(lab.house)).toContainEqual(
    expect.objectContaining({ kind: "host-key-changed", subject: `asset:${assetId}` }),
  );
  // Whatever the client is told to accept is the gate's key, never the target's.
  const more = ["-o", "StrictHostKeyChecking=accept-new", "-o", "UpdateHostKeys=yes"];
  expectRefused(await second.client.ssh(second.target, ["echo in"], { more }), line);
  expect(faulty.log().split("Accepted").length).toBe(loginsBefore);
  const erin = await lab.house.as("erin");
  const shown = await erin.call<{ publicKey: string }>("POST", `/assets/${assetId}/host-key-scan`);
  expect(faulty.hostKey.startsWith(shown.publicKey)).toBe(false);
  const person = await grantNew(lab.house, { accountId, actions: ["ssh.exec"] });
  for (const api of [
    person.api,
    await lab.house.as("carol"),
    await lab.house.as("grace"),
    await lab.house.as("ivan"),
  ]) {
    const tried = await api.raw("POST", `/assets/${assetId}/host-key`, { publicKey: shown.publicKey });
    expect([403, 404]).toContain(tried.status);
  }
});
