/** Peers that break the rules after signing in: each loses its own connection, and memory stays bounded. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Client, ClientChannel } from "ssh2";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
import { signInPeer } from "../../../test/support/ssh-peer.js";
import { startSshd, type TestSshd } from "../../../test/support/sshd.js";
import type { Admission, DialPlan, OpenSession, SignIn } from "../../broker/index.js";
import type { RawChannel, RawPeer } from "./ssh2-shims.js";

let sshd: TestSshd;
let gate: TestDoor;
const LOGIN = "alice@demo@web-01";
const MB = 1024 * 1024;

beforeAll(async () => {
  sshd = await startSshd();
}, 30_000);
afterAll(() => sshd.stop());
beforeEach(async () => {
  gate = await startDoor(sshd);
});
afterEach(() => gate.stop());

const signIn = (): Promise<Client> => signInPeer(gate.port, LOGIN);

const exec = (client: Client, command: string): Promise<ClientChannel> =>
  new Promise((resolve, reject) =>
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
  );

const closed = (client: Client): Promise<void> => new Promise((resolve) => client.once("close", () => resolve()));

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** How many bytes the target could hand over, once it could hand over no more for half a second. */
async function settled(): Promise<number> {
  for (let tries = 0; tries < 20; tries += 1) {
    const passed = gate.broker.outputBytes;
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (gate.broker.outputBytes === passed) return passed;
  }
  throw new Error("the target never waits");
}

/** Bytes of buffers that something still holds. */
function memory(): number {
  collect();
  return process.memoryUsage().arrayBuffers + process.memoryUsage().external;
}

describe("a peer that does not read", () => {
  it("grants a huge window and stops reading its socket: the target waits, memory stays small", async () => {
    gate.broker.keepOutput = false;
    const client = await signIn();
    const channel = await exec(client, "head -c 300000000 /dev/zero");
    const peer = client as unknown as RawPeer & {
      readonly _protocol: { channelWindowAdjust(id: number, by: number): void };
    };
    const raw = channel as unknown as RawChannel;
    peer._protocol.channelWindowAdjust(raw.outgoing.id, 2 ** 31);
    raw.incoming.window = 2 ** 31;
    await new Promise((resolve) => setTimeout(resolve, 50));
    peer._sock.pause();
    const before = memory();
    await until(() => gate.broker.outputBytes > 0);
    expect(await settled()).toBeLessThan(100 * MB);
    await expect.poll(() => memory() - before).toBeLessThan(40 * MB);
    const from = Date.now();
    gate.broker.end("revoked");
    await until(() => gate.door.connections === 0, 2_000);
    expect(Date.now() - from).toBeLessThan(2_000);
    client.destroy();
  });

  it("grants no window: the target waits", async () => {
    gate.broker.keepOutput = false;
    const client = await signIn();
    const channel = await exec(client, "head -c 100000000 /dev/zero");
    channel.pause();
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(gate.broker.outputBytes).toBeLessThan(12 * MB);
    client.destroy();
  });

  it("opens a key exchange and never ends it: nothing piles up behind it", async () => {
    gate.broker.keepOutput = false;
    const client = await signIn();
    const channel = await exec(client, "head -c 300000000 /dev/zero");
    channel.resume();
    await until(() => gate.broker.outputBytes > MB);
    const peer = client as unknown as RawPeer;
    peer._protocol.rekey();
    peer._sock.pause();
    const passed = await settled();
    const before = memory();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(gate.broker.outputBytes - passed).toBeLessThan(2 * MB);
    await expect.poll(() => memory() - before).toBeLessThan(20 * MB);
    client.destroy();
  });
});

describe("a peer that floods", () => {
  it("sends past its window and loses the connection", async () => {
    const client = await signIn();
    const channel = await exec(client, "sleep 100");
    const gone = closed(client);
    const raw = channel as unknown as RawChannel;
    const { _protocol } = client as unknown as RawPeer;
    const chunk = Buffer.alloc(32_000);
    for (let sent = 0; sent < 8 * MB; sent += chunk.length) _protocol.channelData(raw.outgoing.id, chunk);
    await gone;
    await until(() => gate.broker.ends.includes("left"));
  });

  it("names a packet size of 0 and gets no channel; the gate goes on", async () => {
    const client = await signIn();
    const { _protocol } = client as unknown as {
      readonly _protocol: {
        session(id: number, window: number, packet: number): void;
        _handlers: Record<string, (...args: never[]) => void>;
      };
    };
    const refused = new Promise<number>((resolve) => {
      _protocol._handlers["CHANNEL_OPEN_FAILURE"] = (_p: unknown, _id: number, reason: number) => resolve(reason);
    });
    _protocol.session(7, 1_000_000, 0);
    expect(await refused).toBe(4);
    client.destroy();
    expect((await gate.client.ssh(LOGIN, ["echo fine"])).stdout.toString()).toBe("fine\n");
  });

  it("sends data on channels that do not exist, and closes them", async () => {
    const client = await signIn();
    const { _protocol } = client as unknown as RawPeer;
    for (let id = 0; id < 50; id += 1) {
      _protocol.channelData(id * 1_000, Buffer.from("x"));
      _protocol.channelEOF(id * 1_000);
    }
    expect((await exec(client, "true")) !== undefined).toBe(true);
    client.destroy();
  });

  it("ignores the end: what it sends afterwards reaches nobody", async () => {
    const client = await signIn();
    const channel = await exec(client, "cat");
    channel.on("error", () => undefined);
    channel.resume();
    channel.write("before");
    await until(() => gate.broker.channels[0]?.input.toString() === "before");
    const gone = closed(client);
    const typing = setInterval(() => channel.writable && channel.write("after"), 5);
    gate.broker.end("stopped");
    await gone;
    clearInterval(typing);
    expect(gate.broker.channels[0]?.input.toString()).toMatch(/^before(after)*$/);
    expect(gate.broker.channels[0]?.output.toString().length).toBeLessThanOrEqual(
      gate.broker.channels[0]?.input.length ?? 0,
    );
    await until(() => gate.door.connections === 0);
  });
});

describe("a slow recorder", () => {
  it("slows both directions and loses nothing", async () => {
    gate.broker.tapDelayMs = 3;
    const input = Buffer.alloc(3 * MB, "abcdefg");
    const result = await gate.client.ssh(LOGIN, ["cat"], { input });
    expect(result.stdout.equals(input)).toBe(true);
  });
});

describe("keys are renewed", () => {
  it("by bytes, on both sides, in the middle of a stream that arrives whole", async () => {
    await gate.stop();
    gate = await startDoor(sshd, { rekeyBytes: 2 * MB });
    const client = await signIn();
    let renewed = -0;
    client.on("handshake", () => (renewed += 1));
    const channel = await exec(client, "for i in 1 2 3 4; do head -c 3000000 /dev/zero | tr '\\0' x; sleep 0.8; done");
    let length = 0;
    channel.on("data", (bytes: Buffer) => (length += bytes.length));
    await new Promise((resolve) => channel.once("close", resolve));
    expect(length).toBe(12_000_000);
    expect(renewed).toBeGreaterThanOrEqual(2);
    client.destroy();
  }, 20_000);

  it("when the client asks for it", async () => {
    const result = await gate.client.ssh(LOGIN, ["head -c 20000000 /dev/zero"], { more: ["-o", "RekeyLimit=1M"] });
    expect([result.code, result.stdout.length]).toEqual([0, 20_000_000]);
  });
});

describe("a peer that leaves at a bad moment", () => {
  // An unhandled rejection or exception anywhere fails the whole run.
  it("while its code is checked, its session opened, its target dialled, its bytes recorded", async () => {
    const { broker } = gate;
    const slow = <Input extends unknown[], T>(work: (...input: Input) => Promise<T>) => {
      return async (...input: Input): Promise<T> => {
        await new Promise((resolve) => setTimeout(resolve, 60));
        return work(...input);
      };
    };
    const signInOf = broker.identity.signIn.bind(broker.identity);
    const [openOf, dialOf] = [broker.sessions.open.bind(broker.sessions), broker.sessions.dial.bind(broker.sessions)];
    Object.assign(broker.identity, { signIn: slow((input: SignIn) => signInOf(input)) });
    Object.assign(broker.sessions, {
      open: slow((input: OpenSession) => openOf(input)),
      dial: slow((proof: Admission, use: (plan: DialPlan) => Promise<unknown>) => dialOf(proof, use)),
    });
    broker.tapDelayMs = 20;
    const { spawn } = await import("node:child_process");
    for (let after = 20; after < 520; after += 25) {
      const child = spawn("ssh", [...gate.client.arguments(LOGIN), "yes | head -c 500000"], { env: gate.client.env });
      child.stdout.resume();
      setTimeout(() => child.kill(after % 2 === 0 ? "SIGKILL" : "SIGTERM"), after);
      await new Promise((resolve) => child.once("close", resolve));
    }
    await until(() => gate.door.connections === 0);
    await until(() => broker.liveSessions === 0);
    expect((await gate.client.ssh(LOGIN, ["echo on"])).stdout.toString()).toBe("on\n");
  }, 60_000);

  it("half-closes its socket instead of closing it", async () => {
    const client = await signIn();
    const channel = await exec(client, "yes");
    channel.resume();
    await until(() => gate.broker.outputBytes > MB);
    (client as unknown as RawPeer)._sock.end();
    await until(() => gate.door.connections === 0);
    await until(() => gate.broker.liveSessions === 0);
  });
});
