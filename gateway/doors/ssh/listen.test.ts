import { execFile } from "node:child_process";
import { connect, type Socket } from "node:net";
import { randomBytes } from "node:crypto";
import ssh2, { type Client } from "ssh2";
import { afterEach, describe, expect, it } from "vitest";
import { finish } from "../../../test/support/ssh-client.js";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
import { startSshd } from "../../../test/support/sshd.js";

let gate: TestDoor | undefined;
afterEach(async () => {
  await gate?.stop();
  gate = undefined;
});

function dial(port: number, from: string): Promise<Socket & { closedAt?: number }> {
  return new Promise((resolve) => {
    const socket: Socket & { closedAt?: number } = connect({ port, host: "127.0.0.1", localAddress: from });
    socket.on("error", () => undefined);
    socket.on("close", () => (socket.closedAt = Date.now()));
    socket.once("connect", () => resolve(socket));
    socket.once("close", () => resolve(socket));
    socket.resume();
  });
}

const alive = async (door: TestDoor): Promise<boolean> => {
  const socket = connect(door.port, "127.0.0.1");
  const first = await new Promise<string>((resolve) => {
    socket.once("data", (bytes) => resolve(bytes.toString()));
    socket.once("error", () => resolve(""));
    socket.once("close", () => resolve(""));
  });
  socket.destroy();
  return first.startsWith("SSH-2.0-Gatehouse");
};

describe("the accept loop", () => {
  it("passes ssh-audit without a failure", async () => {
    gate = await startDoor();
    const port = String(gate.port);
    const report = await new Promise<string>((resolve) =>
      execFile("ssh-audit", ["-p", port, "127.0.0.1"], (_error, stdout) => resolve(stdout)),
    );
    expect(report).toContain("ssh-ed25519");
    expect(report).not.toMatch(/\[fail\]/);
    expect(report).not.toMatch(/chacha20|cbc|sha1\b|nistp/);
  }, 60_000);

  it("agrees with OpenSSH's client on GCM, on CTR where it wants nothing else, and speaks first to one that waits", async () => {
    gate = await startDoor();
    const { port, client } = gate;
    const agreed = async (more: readonly string[]): Promise<string> => {
      const verbose = ["-o", "LogLevel=DEBUG1", ...client.options];
      const args = [...verbose, "-p", String(port), ...more, "nobody@127.0.0.1", "true"];
      const { stderr } = await finish(client.start("ssh", args));
      return /server->client cipher: (\S+)/.exec(stderr)?.[1] ?? stderr;
    };
    expect(await agreed(["-o", "Ciphers=aes128-ctr,aes256-gcm@openssh.com"])).toBe("aes256-gcm@openssh.com");
    expect(await agreed(["-o", "Ciphers=aes192-ctr"])).toBe("aes192-ctr");
    const patient = await dial(port, "127.0.0.1");
    const said = new Promise<string>((resolve) => {
      let seen = "";
      patient.on("data", (bytes: Buffer) => {
        seen += bytes.toString("latin1");
        if (seen.includes("aes128-ctr")) resolve(seen);
      });
      patient.once("close", () => resolve(seen));
    });
    patient.write("SSH-2.0-OpenSSH_9.2\r\n");
    expect(await said).toContain("aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr");
    patient.destroy();
  });

  it("survives ssh-keyscan of every type", async () => {
    gate = await startDoor();
    for (const type of ["rsa", "ecdsa", "ed25519", "dsa"])
      await finish(gate.client.start("ssh-keyscan", ["-T", "3", "-t", type, "-p", String(gate.port), "127.0.0.1"]));
    expect(await alive(gate)).toBe(true);
  });

  it("survives wrong versions, malformed packets and noise, at any point of the exchange", async () => {
    gate = await startDoor();
    const kexinit = await firstPacketOf(gate.port);
    const cases = [
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.from("SSH-1.5-old\r\n"),
      Buffer.from("SSH-2.0-" + "x".repeat(100_000)),
      Buffer.from("\r\n".repeat(10_000)),
      Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), randomBytes(5_000)]),
      Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 20])]),
      Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), Buffer.alloc(64)]),
      Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), kexinit, randomBytes(200)]),
      Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), kexinit, kexinit]),
      ...Array.from({ length: 30 }, () => Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), flipped(kexinit)])),
      ...Array.from({ length: 30 }, () => randomBytes(300)),
    ];
    for (const bytes of cases) {
      const socket = await dial(gate.port, "127.0.0.1");
      socket.end(bytes);
    }
    await until(() => gate?.door.connections === 0);
    expect(await alive(gate)).toBe(true);
  });

  it("hangs up on a peer that never speaks, and on one that never signs in", async () => {
    gate = await startDoor(undefined, { handshakeMs: 1_500, loginGraceMs: 3_000 });
    const from = Date.now();
    const silent = await dial(gate.port, "127.0.0.1");
    await until(() => silent.closedAt !== undefined, 6_000);
    expect((silent.closedAt ?? 0) - from).toBeLessThan(4_000);
    const slow: Client = new ssh2.Client();
    slow.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => slow.once("close", () => resolve()));
    slow.connect({
      host: "127.0.0.1",
      port: gate.port,
      username: "alice",
      authHandler: [{ type: "keyboard-interactive", username: "alice", prompt: () => undefined }] as never,
    });
    const began = Date.now();
    await closed;
    expect(Date.now() - began).toBeLessThan(6_000);
    expect(Date.now() - began).toBeGreaterThan(2_000);
  });

  it("caps connections of one address without harm to another", async () => {
    gate = await startDoor(undefined, { connectionsPerAddress: 5 });
    const sockets = await Promise.all(Array.from({ length: 12 }, () => dial(gate?.port ?? 0, "127.0.0.2")));
    await until(() => sockets.filter((one) => one.closedAt !== undefined).length === 7);
    expect(gate.door.connections).toBe(5);
    expect(await alive(gate)).toBe(true);
    for (const socket of sockets) socket.destroy();
  });

  it("lets someone sign in while strangers fill the door", async () => {
    const sshd = await startSshd();
    gate = await startDoor(sshd, { unauthenticated: 40, connectionsPerAddress: 4_000 });
    const sockets: Socket[] = [];
    for (let at = 0; at < 10_000; at += 500) {
      const some = Array.from({ length: 500 }, (_, of) =>
        dial(gate?.port ?? 0, `127.0.${1 + (of % 50)}.${1 + at / 500}`),
      );
      sockets.push(...(await Promise.all(some)));
      for (const socket of sockets.splice(0, Math.max(0, sockets.length - 2_000))) socket.destroy();
    }
    expect(gate.door.connections).toBeLessThanOrEqual(41);
    expect((await gate.client.ssh("alice@demo@web-01", ["echo in"])).stdout.toString()).toBe("in\n");
    for (const socket of sockets) socket.destroy();
    await sshd.stop();
  }, 60_000);

  it("knows an address by one name, as the page does, also where one socket listens for both kinds", async () => {
    gate = await startDoor(undefined, {}, "::");
    await gate.client.ssh("alice", []);
    expect(gate.broker.signIns[0]).toMatchObject({ sourceAddress: "127.0.0.1" });
  });

  it("closes: takes nobody new, cuts who is left after the grace", async () => {
    gate = await startDoor();
    const socket = await dial(gate.port, "127.0.0.1");
    await gate.door.close(100);
    await until(() => socket.closedAt !== undefined);
    expect(await alive(gate)).toBe(false);
    gate = undefined;
  });
});

function firstPacketOf(port: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let got = Buffer.alloc(0);
    const socket = connect(port, "127.0.0.1", () => socket.write("SSH-2.0-x\r\n"));
    socket.on("data", (bytes) => {
      got = Buffer.concat([got, bytes]);
      const at = got.indexOf("\r\n") + 2;
      if (at < 2 || got.length < at + 4 || got.length < at + 4 + got.readUInt32BE(at)) return;
      socket.destroy();
      resolve(got.subarray(at));
    });
  });
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (const at of randomBytes(6)) copy[(at * 7) % copy.length] = at;
  return copy;
}
