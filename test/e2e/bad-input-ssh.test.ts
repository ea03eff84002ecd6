/**
 * What a broken or hostile peer sends to the SSH port of a running gateway: it is refused or cut off, the gateway's memory
 * stays bounded, nothing it sent reaches the log as more than text, and an operator beside it works on.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { connect, type Socket } from "node:net";
import ssh2, { type AuthHandlerMiddleware, type Client, type ParsedKey } from "ssh2";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Api, code, until } from "../support/gatehouse.js";
import { startLab, type Lab, type Operator } from "../support/lab.js";
import { residentMiB } from "../support/memory.js";
import { kexInit, MODERN_LISTS, packet, speak, VERSION } from "../support/raw-ssh.js";
import { endedSession } from "../support/trail.js";

let lab: Lab;
let port: number;
beforeAll(async () => {
  lab = await startLab();
  port = lab.house.sshPort;
});
afterAll(() => lab?.stop());

/** What the door asks of whoever has no key that it takes. */
const PROMPTS = ["(empty / 留空: browser) Password: ", "One-time code: "];

const resident = (): number => residentMiB(lab.house.process.pid ?? 0);

async function works(): Promise<void> {
  const operator = await lab.operator(["ssh.exec"]);
  const done = await (await operator.client()).ssh(operator.target, ["echo works"]);
  expect(done.stdout.toString(), done.stderr).toBe("works\n");
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

describe("before any sign-in", () => {
  afterEach(() => {
    expect(lab.house.process.exitCode).toBe(null);
  });

  test.each<[string, (string | Buffer)[]]>([
    ["HTTP", ["GET / HTTP/1.1\r\nHost: gate\r\n\r\n"]],
    ["SSH 1.5", ["SSH-1.5-old\r\n"]],
    ["SSH 3.0", ["SSH-3.0-new\r\n"]],
    ["a version without an end", [Buffer.alloc(10 * 1024 * 1024, "SSH-2.0-")]],
    ["a megabyte of NUL", [Buffer.alloc(1024 * 1024)]],
    ["a megabyte of lines", [Buffer.alloc(1024 * 1024, "hello\r\n")]],
    ["a packet as long as can be said", [VERSION, packet(Buffer.from([20]), { length: 0xffffffff })]],
    ["a packet of no length", [VERSION, packet(Buffer.from([20]), { length: 0 })]],
    ["a packet of one byte", [VERSION, packet(Buffer.from([20]), { length: 1 })]],
    ["more padding than packet", [VERSION, packet(Buffer.from([20]), { padding: 255 })]],
    ["a key exchange cut short", [VERSION, packet(kexInit(MODERN_LISTS).subarray(0, 30))]],
    ["a list longer than its packet", [VERSION, packet(Buffer.concat([kexInit([]).subarray(0, 17), uint32(1 << 30)]))]],
    ["no algorithm in common", [VERSION, packet(kexInit(MODERN_LISTS.map(() => "rot13")))]],
    ["a sign-in before the key exchange", [VERSION, packet(Buffer.from([50, 0, 0, 0, 0]))]],
    ["a channel before the key exchange", [VERSION, packet(Buffer.from([90, 0, 0, 0, 0]))]],
    ["an unknown message", [VERSION, packet(Buffer.from([250, 1, 2, 3]))]],
    [
      "keys that are no point",
      [
        VERSION,
        packet(kexInit(MODERN_LISTS)),
        packet(Buffer.concat([Buffer.from([30]), uint32(32), Buffer.alloc(32)])),
      ],
    ],
    ["a key of no length", [VERSION, packet(kexInit(MODERN_LISTS)), packet(Buffer.from([30, 0, 0, 0, 0]))]],
    ["the end of a key exchange that never was", [VERSION, packet(kexInit(MODERN_LISTS)), packet(Buffer.from([21]))]],
  ])("%s is cut off at once", async (_name, pieces) => {
    const heard = await speak(port, pieces, { withinMs: 4_000 });
    expect(heard.closedAfterMs).toBeDefined();
    expect(heard.bytes.length).toBeLessThan(4_096);
    expect(heard.bytes.subarray(0, 18).toString()).toBe("SSH-2.0-Gatehouse\r");
  });

  test("whoever never speaks, speaks only its version or TLS, or trickles, is dropped by the grace limit; who never reads costs no memory", async () => {
    const before = resident();
    const trickle = connect({ host: "127.0.0.1", port, localAddress: "127.9.0.9" });
    trickle.on("error", () => undefined);
    const dropped = new Promise<number>((resolve) => trickle.once("close", () => resolve(Date.now() - began)));
    const began = Date.now();
    const dripping = setInterval(() => trickle.writable && trickle.write("S"), 500);
    const ignore = packet(Buffer.concat([Buffer.from([2]), uint32(30_000), Buffer.alloc(30_000)]));
    const peers = await Promise.all([
      speak(port, [], { from: "127.9.0.1", withinMs: 18_000 }),
      speak(port, [VERSION], { from: "127.9.0.2", withinMs: 18_000 }),
      speak(port, [Buffer.from("16030100c8010000c40303", "hex"), Buffer.alloc(189, 1)], {
        from: "127.9.0.5",
        withinMs: 18_000,
      }),
      speak(port, [VERSION, packet(kexInit(MODERN_LISTS))], { from: "127.9.0.3", withinMs: 18_000 }),
      speak(port, [VERSION, ...Array.from({ length: 2_000 }, () => ignore)], {
        from: "127.9.0.4",
        withinMs: 18_000,
        deaf: true,
      }),
    ]);
    clearInterval(dripping);
    for (const [at, heard] of peers.entries()) expect(heard.closedAfterMs, `peer ${at}`).toBeDefined();
    expect(peers[0]?.closedAfterMs).toBeGreaterThan(13_000);
    expect(await dropped).toBeLessThan(18_000);
    expect(resident() - before).toBeLessThan(80);
  });

  test("ssh-keyscan reads the one host key, and nothing older is offered", () => {
    const scanned = spawnSync("ssh-keyscan", ["-T", "5", "-p", String(port), "127.0.0.1"], { encoding: "utf8" });
    const keys = scanned.stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(keys.length).toBe(1);
    expect(keys[0]).toContain("ssh-ed25519");
  });

  test("ten thousand connections that do nothing, from hundreds of addresses: a real login works beside them, and memory is bounded", async () => {
    const limit = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).replace("unlimited", "65536"));
    const count = Math.min(10_000, limit - 1_500);
    expect(count).toBeGreaterThanOrEqual(3_000);
    const operator = await lab.operator(["ssh.exec"]);
    const client = await operator.client();
    const before = resident();
    const sockets = new Set<Socket>();
    let opened = 0;
    const open = (at: number): void => {
      const localAddress = `127.${20 + (at % 5)}.${Math.floor(at / 5) % 100}.7`;
      const socket = connect({ host: "127.0.0.1", port, localAddress }, () => (opened += 1));
      socket.on("error", () => undefined);
      socket.once("close", () => sockets.delete(socket));
      socket.resume();
      sockets.add(socket);
    };
    try {
      for (let at = 0; at < count; at += 1) {
        open(at);
        if (at % 200 === 0) await new Promise((next) => setTimeout(next, 10));
      }
      const done = await client.ssh(operator.target, ["echo in-between"]);
      expect(done.stdout.toString(), done.stderr).toBe("in-between\n");
      await until("all connections", () => opened >= count - sockets.size && opened > count * 0.9, 30_000);
      // Strangers are capped; who came before made room for who came after.
      await until("the crowd to thin out", () => sockets.size <= 300);
      expect(sockets.size).toBeGreaterThan(100);
      expect(resident() - before).toBeLessThan(120);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await works();
  });
});

interface Tried {
  readonly error: string;
  readonly ready: boolean;
  readonly prompts: readonly string[];
}

/** Signs in by the given steps with a client that keeps to the protocol but not to manners. */
function tryToSignIn(
  steps: readonly object[],
  answers: readonly string[] = [],
  localAddress = "127.0.0.1",
): Promise<Tried> {
  return new Promise((resolve) => {
    const client: Client = new ssh2.Client();
    const queue = [...steps];
    const replies = [...answers];
    const prompts: string[] = [];
    let [error, ready] = ["", false];
    client.on("error", (reason) => (error ||= reason.message));
    client.on("keyboard-interactive", (_name, _instructions, _language, asked, finish) => {
      prompts.push(...asked.map(({ prompt }) => prompt));
      finish(asked.map(() => replies.shift() ?? ""));
    });
    client.on("ready", () => {
      ready = true;
      client.end();
    });
    client.on("close", () => resolve({ error, ready, prompts }));
    const next = ((_left: unknown, _partial: unknown, go: (method: object | false) => void) => {
      const step = queue.shift() ?? false;
      if (step !== false && "type" in step && step.type === "keyboard-interactive")
        Object.assign(step, {
          prompt: (
            _name: string,
            _text: string,
            _language: string,
            asked: { prompt: string }[],
            finish: (all: string[]) => void,
          ) => {
            prompts.push(...asked.map(({ prompt }) => prompt));
            finish(asked.map(() => replies.shift() ?? ""));
          },
        });
      go(step);
    }) as unknown as AuthHandlerMiddleware;
    client.connect({
      host: "127.0.0.1",
      localAddress,
      port,
      username: "unused",
      authHandler: next,
      readyTimeout: 20_000,
    });
  });
}

const typed = (username: string): object => ({ type: "keyboard-interactive", username });

describe("at the sign-in", () => {
  const HOSTILE: readonly [string, string][] = [
    ["a NUL", "alice\u0000@root@web-01"],
    ["a newline", "alice\n@root@web-01"],
    ["a path", "../../etc/passwd@root@../web-01"],
    ["an escape sequence", "\u001b]0;pwned\u0007\u001b[2J@root@web-01"],
    ["HTML", "<script>alert(1)</script>"],
    ["text that turns round", "\u202Eecila@root@web-01"],
    ["twenty kilobytes", "a".repeat(20_000)],
    ["no name", ""],
    ["only separators", "@@@+++@"],
    ["a template", "${jndi:ldap://x}@root@web-01"],
    ["a quote", "alice' OR '1'='1@root@web-01"],
    ["a prototype's name", "__proto__@constructor@web-01"],
  ];

  test("names of every bad kind are refused as any wrong password is, and are text in the log and in the audit", async () => {
    const ordinary = await tryToSignIn([typed("nobody@root@web-01")], ["wrong-password-1", "000000"]);
    for (const [at, [what, name]] of HOSTILE.entries()) {
      const tried = await tryToSignIn([typed(name)], ["wrong-password-1", "000000"], `127.8.0.${at + 1}`);
      expect(tried, what).toEqual(ordinary);
    }
    expect(ordinary.prompts).toEqual(PROMPTS);
    for (const raw of ["\u001b]0;pwned", "\u0000", "\u202E"]) expect(lab.house.output()).not.toContain(raw);
    const auditor = await lab.house.as("ivan");
    const items = await until("an event of each", async () => {
      const told = await auditor.call("GET", "/audit/events?limit=50&verb=person.sign-in-failed");
      return told.items.length >= HOSTILE.length && told.items;
    });
    expect(JSON.stringify(items)).not.toMatch(/pwned|script|passwd|jndi|__proto__/);
  });

  test("a name of ten megabytes is cut off, at little cost", async () => {
    const before = resident();
    const tried = await tryToSignIn([typed("a".repeat(10 * 1024 * 1024))], ["x", "000000"]);
    expect(tried).toMatchObject({ ready: false, prompts: [] });
    expect(tried.error).not.toBe("");
    expect(resident() - before).toBeLessThan(60);
  });

  test("answers of a megabyte, of NUL and of escape sequences are wrong answers", async () => {
    for (const answer of ["x".repeat(200_000), "\u0000".repeat(50), "\u001b[31m\n\r"]) {
      const tried = await tryToSignIn([typed("alice@root@web-01")], [answer, answer]);
      expect(tried.ready).toBe(false);
    }
  });

  test("a login begun as one person and ended as another is hung up, right secrets or not", async () => {
    const [one, other] = [await lab.operator(["ssh.exec"]), await lab.operator(["ssh.exec"])];
    const tried = await tryToSignIn(
      [{ type: "password", username: one.target, password: one.password }, typed(other.target)],
      [await code(other.totp, 1), await code(one.totp, 1)],
    );
    expect(tried).toMatchObject({ ready: false, prompts: [] });
    const switched = await tryToSignIn(
      [typed(one.target), typed(other.target)],
      ["wrong-password-1", "000000", other.password, await code(other.totp, 1)],
    );
    expect(switched.ready).toBe(false);
    expect(switched.prompts.length).toBe(2);
  });

  /** Keys are shown, and every signature fails to come. */
  class Unsigning extends ssh2.BaseAgent<ParsedKey> {
    readonly #keys: readonly ParsedKey[];
    signatures = 0;
    constructor(keys: readonly ParsedKey[]) {
      super();
      this.#keys = keys;
    }
    override getIdentities(done: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
      done(undefined, [...this.#keys]);
    }
    override sign(...all: unknown[]): void {
      this.signatures += 1;
      (all.at(-1) as (error: Error) => void)(new Error("no signature"));
    }
  }

  function makeKey(): { readonly line: string; readonly parsed: ParsedKey } {
    const { publicKey } = generateKeyPairSync("ed25519");
    const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    const type = Buffer.from("ssh-ed25519");
    const blob = Buffer.concat([uint32(type.length), type, uint32(32), raw]);
    const line = `ssh-ed25519 ${blob.toString("base64")}`;
    const parsed = ssh2.utils.parseKey(line);
    const [key] = parsed instanceof Error ? [] : [parsed].flat();
    if (key === undefined) throw new Error("the key just made cannot be read");
    return { line, parsed: key };
  }

  test("a registered key that is offered but not signed with proves nothing: the password is asked all the same", async () => {
    const operator = await lab.operator(["ssh.exec"]);
    const { line, parsed } = makeKey();
    await operator.api.call("POST", "/me/keys", {
      name: "laptop",
      publicKey: line,
      code: await code(operator.totp, 1),
    });
    const agent = new Unsigning([parsed]);
    const tried = await tryToSignIn(
      [{ type: "agent", username: operator.target, agent }, typed(operator.target)],
      [await code(operator.totp, 1), await code(operator.totp, 1)],
    );
    expect(agent.signatures).toBe(1);
    expect(tried.ready).toBe(false);
    expect(tried.prompts).toEqual(PROMPTS);
  });

  test("whoever offers keys without end is hung up on", async () => {
    const agent = new Unsigning(Array.from({ length: 40 }, () => makeKey().parsed));
    const tried = await tryToSignIn([{ type: "agent", username: "alice", agent }]);
    expect(tried.ready).toBe(false);
    expect(agent.signatures).toBeLessThanOrEqual(12);
    expect(agent.signatures).toBeGreaterThan(5);
  });
});

describe("after the sign-in", () => {
  async function signedIn(operator: Operator): Promise<Client> {
    const answers = [operator.password, await code(operator.totp, 1)];
    const client = new ssh2.Client();
    return new Promise((resolve, reject) => {
      client.on("error", reject);
      client.on("keyboard-interactive", (_name, _text, _language, asked, finish) =>
        finish(asked.map(() => answers.shift() ?? "")),
      );
      client.once("ready", () => {
        client.removeAllListeners("error");
        client.on("error", () => undefined);
        resolve(client);
      });
      client.connect({ host: "127.0.0.1", port, username: operator.target, tryKeyboard: true });
    });
  }
  interface Wire {
    readonly _protocol: {
      readonly _packetRW: { readonly write: { alloc(length: number): Buffer; finalize(packet: Buffer): Buffer } };
      readonly _cipher: { encrypt(packet: Buffer): void };
    };
  }
  /** One encrypted packet with any payload. */
  function send(client: Client, payload: Uint8Array): void {
    const { _packetRW: packets, _cipher: cipher } = (client as unknown as Wire)._protocol;
    const whole = packets.write.alloc(payload.length);
    whole.set(payload, 5);
    cipher.encrypt(packets.write.finalize(whole));
  }
  const text = (value: string): Buffer => Buffer.concat([uint32(value.length), Buffer.from(value, "latin1")]);
  const session = Buffer.concat([Buffer.from([90]), text("session"), uint32(0), uint32(1 << 20), uint32(32_768)]);
  const request = (name: string, rest: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([98]), uint32(0), text(name), Buffer.from([1]), rest]);

  test.each<[string, Buffer[]]>([
    ["data for a channel that is not", [Buffer.concat([Buffer.from([94]), uint32(77), text("x")])]],
    ["a channel opened in half a packet", [Buffer.from([90, 0, 0, 0, 200, 1])]],
    ["a request cut in its name", [session, Buffer.from([98, 0, 0, 0, 0, 0, 0, 0, 99])]],
    [
      "a window that overflows",
      [session, ...Array.from({ length: 4 }, () => Buffer.concat([Buffer.from([93]), uint32(0), uint32(0xffffffff)]))],
    ],
    [
      "a terminal of four thousand million columns",
      [
        session,
        request(
          "pty-req",
          Buffer.concat([text("xterm"), uint32(0xffffffff), uint32(0xffffffff), uint32(0), uint32(0), text("\u0000")]),
        ),
      ],
    ],
    [
      "terminal modes cut short",
      [
        session,
        request("pty-req", Buffer.concat([text("xterm"), uint32(80), uint32(24), uint32(0), uint32(0), uint32(500)])),
      ],
    ],
    ["an unknown message", [Buffer.from([251, 0])]],
    [
      "a sign-in in the middle",
      [Buffer.concat([Buffer.from([50]), text("alice"), text("ssh-connection"), text("none")])],
    ],
    ["an empty packet", [Buffer.alloc(0)]],
    ["a key exchange without end", [kexInit(MODERN_LISTS), kexInit(MODERN_LISTS), kexInit(MODERN_LISTS)]],
  ])("%s ends at most this one connection", async (_name, payloads) => {
    const operator = await lab.operator(["ssh.exec"]);
    const client = await signedIn(operator);
    for (const payload of payloads) send(client, payload);
    await new Promise((next) => setTimeout(next, 300));
    client.destroy();
    expect(lab.house.process.exitCode).toBe(null);
    expect(await endedSession(lab.house, operator.login)).toMatchObject({ recording: { state: "complete" } });
  });

  test("commands with NUL, escape sequences, HTML and thirty kilobytes are text everywhere they are shown", async () => {
    const operator = await lab.operator(["ssh.exec"]);
    const client = await signedIn(operator);
    const commands = [
      "echo \u001b]0;pwned\u0007",
      "echo '<img src=x onerror=alert(1)>'",
      `echo ${"x".repeat(30_000)}`,
      "echo a\u0000b",
    ];
    for (const command of commands)
      await new Promise<void>((resolve) => {
        client.exec(command, (error, channel) => {
          if (error !== undefined) return resolve();
          channel.resume().stderr.resume();
          channel.once("close", () => resolve());
        });
      });
    client.end();
    const row = await endedSession(lab.house, operator.login);
    const auditor = await lab.house.as("ivan");
    for (const path of [`/sessions/${row.id}`, `/recordings/${row.recordingId}/index`, "/audit/events?limit=30"]) {
      const answer = await auditor.raw("GET", path);
      expect(answer.headers.get("content-type"), path).toMatch(/^application\/json/);
      const body = await answer.text();
      expect(body.length, path).toBeLessThan(300_000);
      // JSON keeps control characters as escapes; the page shows them as text.
      expect(/\p{Cc}/u.test(body.replaceAll("\n", "")), path).toBe(false);
    }
    expect(lab.house.output()).not.toContain("\u001b]0;pwned");
  });

  test("after all of this, nobody else was harmed", async () => {
    await works();
    expect(lab.house.output()).not.toMatch(/unhandled|uncaught|TypeError|RangeError|ERR_/i);
    expect((await new Api(lab.house.http).raw("GET", "/auth/session")).status).toBeLessThan(500);
  });
});
