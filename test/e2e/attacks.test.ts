/** What a hostile operator, target or administrator tries against a running gateway with a real sshd behind it. */
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../support/free-port.js";
import { until } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { finish } from "../support/ssh-client.js";
import { endedSession } from "../support/trail.js";

let lab: Lab;
let trapPort: number;
beforeAll(async () => {
  trapPort = await freePort();
  lab = await startLab({ allow: [`127.0.0.1:${trapPort}`] });
});
afterAll(() => lab?.stop());

test.each([
  ["an interpreter on standard input", "bash -s", "echo reached\n"],
  ["a bare shell", "sh", "echo reached\n"],
  ["python reading standard input", "python3 -", "print('reached')\n"],
  ["an editor", "vi /tmp/x", ""],
  ["a multiplexer", "tmux new -d", ""],
  ["an interactive sudo", "sudo -i", ""],
  ["a shell behind a transfer", "scp -t /tmp; sh -i", "echo reached\n"],
  ["a shell in a substitution", "$(echo sh) -c 'echo reached'", ""],
  ["sftp-server by exec", "/usr/lib/openssh/sftp-server", ""],
  ["scp by exec", "scp -f /etc/hostname", ""],
  ["rsync by exec", "rsync --server --sender . /etc/hostname", ""],
])("under ssh.exec alone, %s is refused", async (_name, command, input) => {
  const operator = await lab.operator(["ssh.exec"]);
  const refused = await (await operator.client()).ssh(operator.target, [command], { input });
  expect(refused.stdout.toString()).not.toContain("reached");
  expect(refused.stderr).toContain("gatehouse:");
  expect(refused.code).not.toBe(0);
});

test("sftp under read alone: download works and is logged with its digest; every way to write is refused", async () => {
  const operator = await lab.operator(["sftp.read"]);
  const client = await operator.client();
  writeFileSync(join(lab.sshd.home, "out.txt"), "take me\n", { mode: 0o644 });
  const batch = join(client.folder, "batch");
  writeFileSync(
    batch,
    [
      "-get out.txt got.txt",
      "-put batch in.txt",
      "-rm out.txt",
      "-rename out.txt moved.txt",
      "-mkdir made",
      "-symlink out.txt link",
      "-ln out.txt hard",
      "-chmod 777 out.txt",
      "-cp out.txt copy.txt",
    ].join("\n"),
  );
  // -b alone would forbid asking for the password.
  const place = ["-o", "BatchMode=no", "-P", String(lab.house.sshPort), "-o", `User=${operator.target}`];
  const arguments_ = [...client.options, ...place, "-b", "batch", "127.0.0.1"];
  const done = await finish(client.start("sftp", arguments_, { cwd: client.folder }));
  expect(done.stderr.match(/Permission denied/g)?.length).toBeGreaterThanOrEqual(6);
  const { readdirSync } = await import("node:fs");
  expect(readdirSync(client.folder)).toContain("got.txt");
  const there = readdirSync(lab.sshd.home);
  for (const name of ["in.txt", "moved.txt", "made", "link", "hard", "copy.txt"])
    expect(there, name).not.toContain(name);
  expect(there).toContain("out.txt");
  const auditor = await lab.house.as("ivan");
  const { id } = await endedSession(lab.house, operator.login);
  const detail = await auditor.call("GET", `/sessions/${id}`);
  expect(detail.transfers).toMatchObject([
    { direction: "download", size: 8, path: join(lab.sshd.home, "out.txt"), sequential: true },
  ]);
});

test("a forward goes only to the host and port named in the grant, is dialled by the target, and never carries SSH", async () => {
  const echoAt = async (host: string, at: number): Promise<Server> => {
    const server = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => server.listen(at, host, resolve));
    return server;
  };
  const echo = await echoAt("127.0.0.2", 0);
  const port = (echo.address() as { port: number }).port;
  // Where the forward must not go somebody answers, too.
  const elsewhere = await echoAt("127.0.0.3", port);
  const operator = await lab.operator(["ssh.forward", "ssh.exec"], {
    limits: { forwardTo: [{ host: "127.0.0.2", port }] },
  });
  const client = await operator.client();
  const [local, other] = [await freePort(), await freePort()];
  const tunnel = client.start(
    "ssh",
    client.arguments(operator.target, ["-L", `${local}:127.0.0.2:${port}`, "-L", `${other}:127.0.0.3:${port}`, "-N"]),
  );
  const say = (to: number, text: string): Promise<string> =>
    client
      .run("sh", ["-c", `printf '${text}' | timeout 5 nc -q 2 127.0.0.1 ${to}`])
      .then((done) => done.stdout.toString());
  await until("the forward", async () => (await say(local, "through")) === "through");
  expect(await say(other, "elsewhere")).toBe("");
  expect(await say(local, "SSH-2.0-inner\\r\\n")).toBe("");
  tunnel.kill("SIGKILL");
  echo.close();
  elsewhere.close();
});

test("-R, agent, X11 and stream-local forwards are refused and leave no listener", async () => {
  const operator = await lab.operator(["ssh.exec", "ssh.shell", "ssh.forward"], {
    limits: { forwardTo: [{ host: "127.0.0.2", port: 1 }] },
  });
  const client = await operator.client();
  const asked = await freePort();
  const tried = await client.ssh(operator.target, ["env; ss -ltn || true"], {
    more: ["-A", "-X", "-R", `${asked}:127.0.0.1:22`, "-o", "ExitOnForwardFailure=no"],
  });
  expect(tried.stdout.toString()).not.toContain("SSH_AUTH_SOCK");
  expect(tried.stdout.toString()).not.toContain("DISPLAY=");
  expect(tried.stdout.toString()).not.toContain(`:${asked}`);
});

test("twenty channels at once on one connection: each in the recording, none overwritten", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const client = await operator.client();
  const control = join(client.folder, "control");
  const master = client.start("ssh", client.arguments(operator.target, ["-M", "-S", control, "-N"]));
  const share = (command: string): Promise<string> =>
    client
      .run("ssh", [
        ...client.options,
        "-S",
        control,
        "-p",
        String(lab.house.sshPort),
        "-l",
        operator.target,
        "127.0.0.1",
        command,
      ])
      .then((done) => done.stdout.toString());
  // Without the socket ssh would sign in by itself, and use up the code that the master needs.
  await until("the shared connection's socket", () => existsSync(control));
  await until("the shared connection", async () => (await share("echo first")) === "first\n");
  const texts = await Promise.all(Array.from({ length: 20 }, (_, at) => share(`echo channel-number-${at}`)));
  expect(texts).toEqual(Array.from({ length: 20 }, (_, at) => `channel-number-${at}\n`));
  master.kill("SIGTERM");
  const auditor = await lab.house.as("ivan");
  const session = await until("the session's end", async () => {
    const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
    return items.find((one: { state: string }) => one.state === "ended");
  });
  const { channels } = await auditor.call("GET", `/sessions/${session.id}`);
  const numbers = channels.map((channel: { number: number }) => channel.number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.length).toBeGreaterThanOrEqual(21);
  expect(channels.every((channel: { outcome: string }) => channel.outcome === "recorded")).toBe(true);
  const index = await auditor.call("GET", `/recordings/${session.recordingId}/index`);
  for (let at = 0; at < 20; at += 1)
    expect(index.markers.map((marker: { text: string }) => marker.text)).toContain(`echo channel-number-${at}`);
});

test.each([
  "127.0.0.1",
  "localhost",
  "::1",
  "[::1]",
  "2130706433",
  "0x7f000001",
  "0177.0.0.1",
  "127.1",
  "::ffff:127.0.0.1",
  "169.254.169.254",
  "0.0.0.0",
  "fe80::1",
])("an asset at %s is never reached", async (host) => {
  const system = await lab.house.as("erin");
  const made = await system.raw("POST", "/assets", {
    name: `x${Math.random().toString(36).slice(2, 10)}`,
    protocol: "ssh",
    host,
    port: lab.house.sshPort,
    description: "",
    legacyAlgorithms: false,
  });
  if (!made.ok) return expect([400, 403, 409, 422]).toContain(made.status);
  const asset = (await made.json()) as { id: string };
  const scan = await system.raw("POST", `/assets/${asset.id}/host-key-scan`);
  expect(scan.ok).toBe(false);
  expect(((await scan.json()) as { code: string }).code).toBe("address-refused");
});

test("an administrator who repoints an asset gets no credential: it waits for a second one, suspends grants, unbinds the credential", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const erin = await lab.house.as("erin");
  const trapped: Buffer[] = [];
  const trap = createServer((socket) => socket.on("data", (chunk: Buffer) => trapped.push(chunk)));
  await new Promise<void>((resolve) => trap.listen(trapPort, "127.0.0.1", resolve));
  const port = trapPort;
  const changed = await erin.call("PATCH", `/assets/${lab.asset.id}`, { port });
  expect(changed.port).toBe(lab.sshd.port);
  expect(changed.pendingChange).toMatchObject({ port });
  expect((await erin.raw("POST", `/assets/${lab.asset.id}/change-confirmation`, { accept: true })).ok).toBe(false);
  const still = await (await operator.client()).ssh(operator.target, ["echo still-the-old-host"]);
  expect(still.stdout.toString()).toBe("still-the-old-host\n");
  await (await lab.house.as("frank")).call("POST", `/assets/${lab.asset.id}/change-confirmation`, { accept: true });
  const grants = await (await lab.house.as("carol")).call("GET", "/grants?limit=200");
  expect(grants.items.find((grant: { id: string }) => grant.id === operator.grantId).state).toBe("suspended");
  const { accounts } = await erin.call("GET", `/assets/${lab.asset.id}`);
  expect(accounts[0].credentialBound).toBe(false);
  expect(trapped.length).toBe(0);
  trap.close();
});
