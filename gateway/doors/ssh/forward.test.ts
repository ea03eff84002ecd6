import { connect, createServer, type Server, type Socket } from "node:net";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../../../test/support/free-port.js";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
import { startSshd, untilListening, type TestSshd } from "../../../test/support/sshd.js";

let sshd: TestSshd;
let gate: TestDoor;
let echo: Server;
let echoPort: number;
const LOGIN = "alice@demo@web-01";
const children: { kill(): void }[] = [];

beforeAll(async () => {
  sshd = await startSshd();
  // Echoes until the peer's EOF, then says one last word: half-closed streams must work.
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("end", () => socket.end("last word"));
  });
  echoPort = await new Promise((resolve) =>
    echo.listen(0, "127.0.0.1", () => resolve((echo.address() as { port: number }).port)),
  );
}, 30_000);
afterAll(async () => {
  echo.close();
  await sshd.stop();
});
beforeEach(async () => {
  gate = await startDoor(sshd);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill();
  await gate.stop();
});

/** Starts `ssh -N` with the given options; answers what it says on stderr. */
function forwarding(...options: string[]): () => string {
  const child = gate.client.start("ssh", ["-o", "LogLevel=INFO", ...gate.client.arguments(LOGIN, ["-N", ...options])]);
  children.push(child);
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  return () => said;
}

function talk(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const got: Buffer[] = [];
    const socket: Socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => socket.end(bytes));
    socket.on("data", (part) => got.push(part));
    socket.on("error", () => resolve(Buffer.concat(got)));
    socket.on("close", () => resolve(Buffer.concat(got)));
    socket.on("end", () => socket.destroy());
  });
}

describe("-L through the gate", () => {
  it("reaches exactly the host and port that the grant names, recorded both ways, half-closed as well", async () => {
    gate.broker.forwardTo = [{ host: "localhost", port: echoPort }];
    const port = await freePort();
    forwarding("-L", `127.0.0.1:${port}:localhost:${echoPort}`);
    await untilListening(port);
    const sent = randomBytes(700_000);
    const got = await talk(port, sent);
    expect(got.subarray(0, sent.length).equals(sent)).toBe(true);
    expect(got.subarray(sent.length).toString()).toBe("last word");
    const channel = gate.broker.channels.find((one) => one.input.length > 0);
    expect(channel?.ask).toMatchObject({
      kind: "forward",
      action: "ssh.forward",
      forwardTo: { host: "localhost", port: echoPort },
    });
    expect(channel?.input.equals(sent)).toBe(true);
    expect(channel?.output.equals(got)).toBe(true);
  });

  it("is refused elsewhere, and without the right, with a line that the client shows", async () => {
    gate.broker.forwardTo = [{ host: "localhost", port: 1 }];
    const port = await freePort();
    const said = forwarding("-L", `127.0.0.1:${port}:localhost:${echoPort}`);
    await untilListening(port);
    expect(await talk(port, Buffer.from("x"))).toHaveLength(0);
    await until(() => said().includes(`gatehouse: forward to localhost:${echoPort} is refused`));
    gate.broker.forwardTo = [{ host: "localhost", port: echoPort }];
    gate.broker.actions = ["ssh.shell"];
    expect(await talk(port, Buffer.from("x"))).toHaveLength(0);
    await until(() => gate.broker.refusals.length >= 2);
    expect(gate.broker.refusals.map((one) => one.because)).toContain("not-named");
    expect(gate.broker.refusals.map((one) => one.because)).toContain("not-granted:ssh.forward");
    expect(gate.broker.channels).toHaveLength(0);
  });

  it("is cut when SSH shows inside, and nothing of it passes", async () => {
    gate.broker.forwardTo = [
      { host: "127.0.0.1", port: sshd.port },
      { host: "127.0.0.1", port: echoPort },
    ];
    const [inner, plain] = [await freePort(), await freePort()];
    forwarding("-L", `127.0.0.1:${inner}:127.0.0.1:${sshd.port}`, "-L", `127.0.0.1:${plain}:127.0.0.1:${echoPort}`);
    await untilListening(inner);
    await untilListening(plain);
    expect((await talk(inner, Buffer.alloc(0))).toString()).not.toContain("SSH-");
    expect((await talk(plain, Buffer.from("SSH-2.0-tunnel\r\n"))).toString()).not.toContain("SSH-");
    expect((await talk(plain, Buffer.from("SSH"))).toString()).toBe("SSHlast word");
    await until(() => gate.broker.inChannel.length >= 2);
  });

  it("is refused before an approval and at the menu, and the broker is not asked for a session for it", async () => {
    gate.broker.answer = "ask";
    gate.broker.forwardTo = [{ host: "localhost", port: echoPort }];
    const port = await freePort();
    const said = forwarding("-L", `127.0.0.1:${port}:localhost:${echoPort}`);
    await untilListening(port);
    expect(await talk(port, Buffer.from("x"))).toHaveLength(0);
    await until(() => said().includes("gatehouse: forward refused: no session is open"));
    expect(gate.broker.channels).toHaveLength(0);
  });

  it("ends at once with the session", async () => {
    gate.broker.forwardTo = [{ host: "localhost", port: echoPort }];
    const port = await freePort();
    forwarding("-L", `127.0.0.1:${port}:localhost:${echoPort}`);
    await untilListening(port);
    const socket = connect(port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    const first = new Promise((resolve) => socket.once("data", resolve));
    socket.write("hello");
    await first;
    const from = Date.now();
    gate.broker.end("revoked");
    await closed;
    expect(Date.now() - from).toBeLessThan(2_000);
  });
});

describe("what is never forwarded", () => {
  it.each([
    ["-A", ["-A"], "agent forwarding is refused", "agent"],
    ["-R", ["-R", "0:localhost:22"], "remote forwarding (-R) is refused", "remoteForward"],
    [
      "-R to a socket",
      ["-R", "/tmp/gatehouse-test-never:localhost:22"],
      "forwarding of sockets is refused",
      "streamlocal",
    ],
  ])("%s is refused in one plain line, and the command goes on", async (_name, options, line, kind) => {
    const socket = `${gate.client.folder}/agent`;
    children.push(gate.client.start("ssh-agent", ["-D", "-a", socket]));
    await until(() => existsSync(socket));
    const child = gate.client.start(
      "ssh",
      [...gate.client.arguments(LOGIN, options), "echo on; env | grep -c SSH_AUTH_SOCK"],
      { env: { SSH_AUTH_SOCK: socket } },
    );
    let out = "";
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.stdin.end();
    await new Promise((resolve) => child.once("close", resolve));
    expect(out).toBe("on\n0\n");
    expect(said.split("\n").filter((one) => one.startsWith("gatehouse:"))).toEqual([`gatehouse: ${line}`]);
    expect(gate.broker.refusals).toEqual([{ kind, detail: kind, because: "never-allowed" }]);
  });

  it("X11 is refused in one plain line", async () => {
    const child = gate.client.start(
      "ssh",
      [...gate.client.arguments(LOGIN, ["-Y", "-o", "XAuthLocation=/bin/true"]), "echo on"],
      { env: { DISPLAY: "127.0.0.1:9" } },
    );
    let said = "";
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.stdin.end();
    child.stdout.resume();
    await new Promise((resolve) => child.once("close", resolve));
    expect(said).toContain("gatehouse: X11 forwarding is refused");
  });

  it("a socket on the target is refused with a reason", async () => {
    const port = await freePort();
    const said = forwarding("-L", `127.0.0.1:${port}:/run/docker.sock`);
    await untilListening(port);
    expect(await talk(port, Buffer.from("x"))).toHaveLength(0);
    await until(() => said().includes("gatehouse: forwarding of sockets is refused"));
    expect(gate.broker.refusals[0]).toMatchObject({
      kind: "direct-streamlocal@openssh.com",
      detail: "/run/docker.sock",
    });
  });

  it("environment variables outside the list do not arrive", async () => {
    const child = gate.client.start(
      "ssh",
      [...gate.client.arguments(LOGIN, ["-o", "SendEnv=LC_TEST_NEVER LANG BASH_ENV"]), "echo $LANG-$BASH_ENV"],
      { env: { LANG: "C.UTF-8", BASH_ENV: "/tmp/x" } },
    );
    let out = "";
    child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
    child.stdin.end();
    await new Promise((resolve) => child.once("close", resolve));
    expect(out).toBe("C.UTF-8-\n");
  });
});
