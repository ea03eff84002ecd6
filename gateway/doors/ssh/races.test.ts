/** Moments at which two things meet: an end and a beginning, a refusal and the next byte, two starts at once. */
import type { Client, ClientChannel } from "ssh2";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
import { signInPeer } from "../../../test/support/ssh-peer.js";
import { startSshd, type TestSshd } from "../../../test/support/sshd.js";
import type { Reachable } from "../../broker/index.js";
import { GatehouseError } from "../../domain/index.js";
import { readsSecretFirst } from "./exec.js";
import { reachTarget } from "./target-client.js";
import type { RawChannel, RawPeer } from "./ssh2-shims.js";

let sshd: TestSshd;
let gate: TestDoor;
const LOGIN = "alice@demo@web-01";

beforeAll(async () => {
  sshd = await startSshd();
}, 30_000);
afterAll(() => sshd.stop());
beforeEach(async () => {
  gate = await startDoor(sshd);
});
afterEach(() => gate.stop());

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const shell = (client: Client): Promise<ClientChannel> =>
  new Promise((resolve, reject) => client.shell((error, channel) => (error ? reject(error) : resolve(channel))));
const exec = (client: Client, command: string): Promise<ClientChannel> =>
  new Promise((resolve, reject) =>
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
  );

function heard(channel: ClientChannel): { text: string } {
  const all = { text: "" };
  channel.on("data", (bytes: Buffer) => (all.text += bytes.toString()));
  channel.stderr.on("data", (bytes: Buffer) => (all.text += bytes.toString()));
  return all;
}

describe("a broker that fails while a session opens", () => {
  it("costs that connection alone, also before its client asked for a channel", async () => {
    const open = gate.broker.sessions.open.bind(gate.broker.sessions);
    Object.assign(gate.broker.sessions, {
      open: () => Promise.reject(new GatehouseError("storage-unavailable", "the database is away")),
    });
    const client = await signInPeer(gate.port, LOGIN);
    await wait(200);
    const all = heard(await exec(client, "true"));
    await until(() => all.text.includes("gatehouse:"));
    client.destroy();
    Object.assign(gate.broker.sessions, { open });
    expect((await gate.client.ssh(LOGIN, ["echo fine"])).stdout.toString()).toBe("fine\n");
  });
});

describe("two shells at once without a named asset", () => {
  it("get one menu and one session; nothing stays open when the client leaves", async () => {
    const item = gate.broker.reachable({ accountLogin: "demo", assetName: "web-01" });
    gate.broker.reachableItems = [{ ...item, grant: { endsAt: Date.now() + 60_000 } } as unknown as Reachable];
    const client = await signInPeer(gate.port, "alice");
    const [first, second] = await Promise.all([shell(client), shell(client)]);
    const [one, two] = [heard(first), heard(second)];
    await until(() => one.text.includes("web-01") && two.text.includes("gatehouse:"));
    second.write("\r");
    first.write("\r");
    await until(() => gate.broker.opened.length > 0);
    await wait(300);
    expect(gate.broker.opened).toHaveLength(1);
    client.destroy();
    await until(() => gate.broker.liveSessions === 0);
  });
});

describe("a window change that meets the channel's end", () => {
  it("ends nothing else", async () => {
    const client = await signInPeer(gate.port, LOGIN);
    const stays = await exec(client, "cat");
    const all = heard(stays);
    const ends = await shell(client);
    await until(() => gate.broker.channels.length === 2);
    await wait(200);
    const leaving = gate.broker.channels[1];
    if (leaving === undefined) throw new Error("no second channel");
    gate.broker.failResizesOfClosed = true;
    const peer = client as unknown as RawPeer & {
      readonly _protocol: { windowChange(id: number, rows: number, cols: number, height: number, width: number): void };
    };
    const { id } = (ends as unknown as RawChannel).outgoing;
    const changing = setInterval(() => peer._protocol.windowChange(id, 30, 90, 0, 0), 1);
    ends.resume();
    ends.write("exit\n");
    await until(() => leaving.closed !== undefined);
    await wait(200);
    clearInterval(changing);
    stays.write("still here");
    await until(() => all.text === "still here");
    expect(gate.broker.ends).toEqual([]);
    client.destroy();
  });
});

describe("what asks the target to act", () => {
  it("is recorded before it goes there: window sizes, signals, environment", async () => {
    const client = await signInPeer(gate.port, LOGIN);
    const channel = await new Promise<ClientChannel>((resolve, reject) =>
      client.exec(
        "trap 'echo got-usr1; exit 3' USR1; echo lang=$LC_ALL; while :; do sleep 0.1; done",
        { env: { LC_ALL: "C.UTF-8" } },
        (error, made) => (error ? reject(error) : resolve(made)),
      ),
    );
    const all = heard(channel);
    await until(() => all.text.includes("lang="));
    expect(gate.broker.notes).toContainEqual({
      kind: "session",
      detail: { channel: 1, environment: { LC_ALL: "C.UTF-8" } },
    });
    gate.broker.tapFails = true;
    channel.signal("USR1");
    await until(() => gate.broker.ends.includes("recorder-failed"));
    expect(all.text).not.toContain("got-usr1");
    expect(gate.broker.notes).toContainEqual({ kind: "session", detail: { channel: 1, signal: "USR1" } });
    client.destroy();
  });
});

describe("a forward in which SSH shows", () => {
  it("passes nothing more while the refusal is written down", async () => {
    const { createServer } = await import("node:net");
    const got: Buffer[] = [];
    const server = createServer((socket) => void socket.on("error", () => undefined).on("data", (b) => got.push(b)));
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    gate.broker.forwardTo = [{ host: "127.0.0.1", port }];
    gate.broker.refusalDelayMs = 400;
    const client = await signInPeer(gate.port, LOGIN);
    const channel = await new Promise<ClientChannel>((resolve, reject) =>
      client.forwardOut("127.0.0.1", 1, "127.0.0.1", port, (error, made) => (error ? reject(error) : resolve(made))),
    );
    channel.on("error", () => undefined);
    channel.resume();
    channel.write("SSH-");
    await wait(100);
    channel.write("2.0-hidden\r\n");
    await new Promise((resolve) => channel.once("close", resolve));
    expect(Buffer.concat(got).toString()).toBe("");
    expect(gate.broker.inChannel).toHaveLength(1);
    client.destroy();
    server.close();
  });
});

describe("a channel that may keep no more and is to be cut", () => {
  it("ends with a line, and alone", async () => {
    const client = await signInPeer(gate.port, LOGIN);
    const stays = await exec(client, "cat");
    const all = heard(stays);
    gate.broker.cutAfterBytes = 1_000;
    const channel = await exec(client, "yes");
    const cut = heard(channel);
    await new Promise((resolve) => channel.once("close", resolve));
    expect(cut.text).toMatch(/gatehouse: .*record/);
    expect(cut.text.replace(/gatehouse: .*\n/, "").length).toBeLessThanOrEqual(1_000);
    stays.write("still here");
    await until(() => all.text === "still here");
    expect(gate.broker.ends).toEqual([]);
    client.destroy();
  });
});

describe("a secret piped in before anything asked for it", () => {
  it("is kept nowhere when the command says that its first line is one", async () => {
    const input = Buffer.from("hunter2\nrest\n");
    const command = "sh() { head -c 13; }; sh # sudo -S id";
    expect((await gate.client.ssh(LOGIN, [command], { input })).stdout.toString()).toBe("hunter2\nrest\n");
    expect(gate.broker.channels[0]?.secrets).toBe(1);
    expect(gate.broker.channels[0]?.input.toString()).not.toContain("hunter2");
  });

  it.each([
    ["sudo -S id", true],
    ["sudo -k -S -p '' id", true],
    ["LANG=C sudo --stdin -- id", true],
    ["passwd --stdin bob", true],
    ["docker login -u x --password-stdin", true],
    ["sudo id", false],
    ["cat > S", false],
  ])("%s: %s", (command, first) => {
    expect(readsSecretFirst(command)).toBe(first);
  });
});

describe("what is refused on a connection", () => {
  it("is on record though no channel follows, and though it came before the session stood", async () => {
    const open = gate.broker.sessions.open.bind(gate.broker.sessions);
    Object.assign(gate.broker.sessions, {
      open: async (input: never) => {
        await wait(200);
        return open(input);
      },
    });
    const client = await signInPeer(gate.port, LOGIN);
    client.forwardIn("127.0.0.1", 0, () => undefined);
    const { _protocol } = client as unknown as {
      readonly _protocol: {
        openssh_directStreamLocal(id: number, window: number, packet: number, cfg: { socketPath: string }): void;
      };
    };
    _protocol.openssh_directStreamLocal(9, 1_000, 32_768, { socketPath: "/run/docker.sock" });
    await until(() => gate.broker.refusals.length === 2);
    expect(gate.broker.refusals.map(({ kind, because }) => [kind, because])).toEqual([
      ["remoteForward", "never-allowed"],
      ["direct-streamlocal@openssh.com", "never-allowed"],
    ]);
    client.destroy();
  });

  it("is on record when it was one channel too many", async () => {
    await gate.stop();
    gate = await startDoor(sshd, { channelsPerConnection: 2 });
    const client = await signInPeer(gate.port, LOGIN);
    await Promise.all([exec(client, "sleep 9"), exec(client, "sleep 9")]);
    await expect(exec(client, "true")).rejects.toThrow(/too many channels/);
    await until(() => gate.broker.refusals.length === 1);
    expect(gate.broker.refusals).toEqual([{ kind: "session", detail: "", because: "too-many-channels" }]);
    client.destroy();
  });

  it("at the menu is on record once the menu led to a session", async () => {
    const item = gate.broker.reachable({ accountLogin: "demo", assetName: "web-01" });
    gate.broker.reachableItems = [{ ...item, grant: { endsAt: Date.now() + 60_000 } } as unknown as Reachable];
    const client = await signInPeer(gate.port, "alice");
    const channel = await shell(client);
    const all = heard(channel);
    await until(() => all.text.includes("web-01"));
    await expect(exec(client, "true")).rejects.toThrow(/one terminal/);
    channel.write("\r");
    await until(() => gate.broker.refusals.length > 0);
    expect(gate.broker.refusals).toEqual([{ kind: "session", detail: "", because: "at-the-menu" }]);
    client.destroy();
  });
});

describe("a peer that asks and asks", () => {
  it("and reads no answer loses the connection before memory grows", async () => {
    const client = await signInPeer(gate.port, LOGIN);
    const peer = client as unknown as RawPeer & { readonly _protocol: { ping(): void } };
    const gone = new Promise<void>((resolve) => peer._sock.once("close", () => resolve()));
    const before = process.memoryUsage().rss;
    await exec(client, "sleep 100");
    peer._sock.pause();
    const asking = setInterval(() => {
      for (let n = 0; n < 20_000 && peer._sock.writableLength < 1e7 && !peer._sock.destroyed; n += 1)
        peer._protocol.ping();
    }, 5);
    await until(() => gate.door.connections === 0, 20_000);
    clearInterval(asking);
    client.destroy();
    await gone;
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  }, 30_000);

  it("opens a terminal without a window and closes it: the channel is closed on record as well", async () => {
    const client = await signInPeer(gate.port, LOGIN);
    const { _protocol } = client as unknown as {
      readonly _protocol: {
        session(id: number, window: number, packet: number): void;
        pty(
          id: number,
          rows: number,
          cols: number,
          h: number,
          w: number,
          term: string,
          modes: object,
          r: boolean,
        ): void;
        shell(id: number, reply: boolean): void;
        channelClose(id: number): void;
        _handlers: Record<string, (...args: never[]) => void>;
      };
    };
    const opened = new Promise<number>((resolve) => {
      _protocol._handlers["CHANNEL_OPEN_CONFIRMATION"] = (_p: unknown, info: { readonly sender: number }) =>
        resolve(info.sender);
    });
    _protocol.session(7, 0, 32_768);
    const id = await opened;
    _protocol.pty(id, 24, 80, 0, 0, "xterm", {}, false);
    _protocol.shell(id, false);
    await until(() => gate.broker.channels.length === 1);
    await wait(100);
    _protocol.channelClose(id);
    await until(() => gate.broker.channels[0]?.closed !== undefined);
    client.destroy();
  });
});

describe("a dial", () => {
  it("does not begin when its session ended before", async () => {
    const over = new AbortController();
    over.abort();
    const address = { ...gate.broker.target, assetName: "web-01" };
    const from = sshd.log().length;
    const reached = await reachTarget(address as Parameters<typeof reachTarget>[0], 2_000, over.signal);
    expect(reached.kind).toBe("unreachable");
    await wait(200);
    expect(sshd.log().slice(from)).toBe("");
  });

  it("whose target went away before it was told ends the session", async () => {
    const dial = gate.broker.sessions.dial.bind(gate.broker.sessions);
    Object.assign(gate.broker.sessions, {
      dial: async (proof: never, use: never) => {
        const reached = await dial(proof, use);
        sshd.cutConnections();
        await wait(300);
        return reached;
      },
    });
    const client = await signInPeer(gate.port, LOGIN);
    await until(() => gate.broker.ends.length > 0, 3_000);
    expect(gate.broker.ends).toEqual(["target-closed"]);
    client.destroy();
  });
});
