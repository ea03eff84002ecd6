import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ssh2, { type Client } from "ssh2";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { finish } from "../../../test/support/ssh-client.js";
import { makeOpensshKey, startDoor, type TestDoor } from "../../../test/support/ssh-door.js";
import { createProbe } from "./probe.js";
import { startSshd, type TestSshd } from "../../../test/support/sshd.js";

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

type Method = Readonly<Record<string, unknown>> & { readonly type: string };
interface Tried {
  readonly ok: boolean;
  /** Methods the door named after each failure, with its word on partial success. */
  readonly left: { readonly methods: readonly string[] | null; readonly partial: boolean | null }[];
  readonly error: string;
}

/** Tries methods one after another, as a client that does what it likes. */
function attempt(methods: readonly Method[]): Promise<Tried> {
  return new Promise((resolve) => {
    const client: Client = new ssh2.Client();
    const left: Tried["left"] = [];
    const queue = [...methods];
    let error = "";
    const done = (ok: boolean): void => {
      client.destroy();
      resolve({ ok, left, error });
    };
    client.on("ready", () => done(true));
    client.on("error", (problem) => (error = problem.message));
    client.on("close", () => done(false));
    client.connect({
      host: "127.0.0.1",
      port: gate.port,
      username: "unused",
      authHandler: (names: string[] | null, partial: boolean | null) => {
        if (names !== null) left.push({ methods: names, partial });
        return queue.shift() ?? false;
      },
    });
  });
}

const typed = (username: string, ...answers: string[]): Method => ({
  type: "keyboard-interactive",
  username,
  prompt: (_n: string, _i: string, _l: string, _p: unknown, give: (list: string[]) => void) =>
    give([answers.shift() ?? ""]),
});

function fingerprint(publicKey: string): string {
  return execFileSync("ssh-keygen", ["-lf", "-"], { input: publicKey, encoding: "utf8" }).split(" ")[1] ?? "";
}

describe("signing in", () => {
  it("asks for the password first, then the code, and passes the address on", async () => {
    expect((await gate.client.ssh(LOGIN, ["true"])).code).toBe(0);
    expect(gate.broker.signIns).toEqual([
      { login: "alice", password: "correct horse", code: "123456", sourceAddress: "127.0.0.1", via: "ssh-password" },
    ]);
  });

  it("takes + for @ in the login name, and one account without its name", async () => {
    expect((await gate.client.ssh("alice+demo+web-01", ["true"])).code).toBe(0);
    expect((await gate.client.ssh("alice@web-01", ["true"])).code).toBe(0);
    expect(gate.broker.opened.map((one) => [one.accountLogin, one.assetName])).toEqual([
      ["demo", "web-01"],
      [null, "web-01"],
    ]);
  });

  it("takes a signed key and a code, and names the key by its fingerprint", async () => {
    const key = join(gate.client.folder, "id");
    for (const type of ["ed25519", "rsa", "ecdsa"]) {
      execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", `${key}-${type}`]);
      const print = fingerprint(readFileSync(`${key}-${type}.pub`, "utf8"));
      gate.broker.people[0] = { ...gate.broker.people[0]!, keys: [print] };
      const result = await gate.client.ssh(LOGIN, ["true"], { more: ["-i", `${key}-${type}`] });
      expect([type, result.code, result.stderr]).toEqual([type, 0, ""]);
      expect(gate.broker.signIns.at(-1)).toMatchObject({ keyFingerprint: print, via: "ssh-key" });
      expect(gate.broker.signIns.at(-1)).not.toHaveProperty("password");
    }
  });

  it("lets someone with a key that is not his own go on to the password", async () => {
    const key = join(gate.client.folder, "stranger");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const result = await gate.client.ssh(LOGIN, ["true"], { more: ["-i", key] });
    expect(result.code).toBe(0);
    expect(gate.broker.signIns.map((one) => (one as { via: string }).via)).toEqual(["ssh-key", "ssh-password"]);
  });

  it("takes the password method as the first step only, and asks the code after it", async () => {
    const tried = await attempt([
      { type: "password", username: LOGIN, password: "correct horse" },
      typed(LOGIN, "123456"),
    ]);
    expect(tried).toMatchObject({ ok: true, left: [{ methods: ["keyboard-interactive"], partial: true }] });
  });

  it("offers publickey and keyboard-interactive, and nothing else", async () => {
    const tried = await attempt([{ type: "none", username: LOGIN }]);
    expect(tried.ok).toBe(false);
    expect(tried.left).toEqual([{ methods: ["publickey", "keyboard-interactive"], partial: false }]);
  });

  it("works from PuTTY's plink", async () => {
    const command = `plink -ssh -no-antispoof -P ${gate.port} -l ${LOGIN} -hostkey ${await hostKeyOf(gate.port)} 127.0.0.1 echo from-plink`;
    const child = gate.client.start("expect", ["-c", answering(command, "from-plink")]);
    const result = await finish(child, undefined, 18_000);
    expect([result.code, result.stdout.toString()]).toEqual([0, expect.any(String)]);
  });

  it("works under expect", async () => {
    const args = gate.client.arguments(LOGIN, ["-o", "PreferredAuthentications=keyboard-interactive"]).join(" ");
    const env = { SSH_ASKPASS: "", SSH_ASKPASS_REQUIRE: "never" };
    const child = gate.client.start("expect", ["-c", answering(`ssh ${args} echo from-expect`, "from-expect")], {
      env,
    });
    const result = await finish(child, undefined, 18_000);
    expect([result.code, result.stdout.toString()]).toEqual([0, expect.any(String)]);
  });
});

/** An expect script that answers both prompts in order; exits 0 only when it then saw `wanted` on a line of its own. */
function answering(command: string, wanted: string): string {
  const step = (pattern: string, failed: number): string =>
    `expect {\n  ${pattern} {}\n  timeout { exit ${failed} }\n  eof { exit ${failed + 1} }\n}`;
  return [
    "set timeout 15",
    `spawn -noecho ${command}`,
    step('"assword:"', 2),
    'send "correct horse\\r"',
    step('"code:"', 4),
    'send "123456\\r"',
    step(`-re "\\n${wanted}"`, 6),
    "expect eof",
    "exit 0",
  ].join("\n");
}

async function hostKeyOf(port: number): Promise<string> {
  return fingerprint(await createProbe().scanHostKey({ address: "127.0.0.1", port, legacy: false }));
}

describe("an attacker at the door", () => {
  it("gets the same answers for a known and an unknown login, and for a name that is none", async () => {
    const answers: unknown[] = [];
    for (const login of [
      "alice@demo@web-01",
      "nobody@demo@web-01",
      "alice@no@such",
      "ALICE@x",
      "a".repeat(5_000),
      "al\0ice",
      "../x@y",
    ]) {
      const tried = await attempt([
        { type: "none", username: login },
        typed(login, "wrong", "000000"),
        typed(login, "wrong", "000000"),
      ]);
      answers.push({ ok: tried.ok, left: tried.left });
    }
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(gate.broker.opened).toHaveLength(0);
  });

  it("is told PK_OK for every key, known or not, and gets nowhere with a key that does not sign", async () => {
    const known = makeOpensshKey();
    gate.broker.people[0] = { ...gate.broker.people[0]!, keys: [fingerprint(known.publicKey)] };
    for (const key of [known, makeOpensshKey()]) {
      const asked = await queryOnly(key.publicKey);
      expect(asked).toEqual({ welcome: true, partial: false });
    }
    expect(gate.broker.signIns).toHaveLength(0);
  });

  it("gets nowhere with a signature by another key", async () => {
    const [mine, theirs] = [makeOpensshKey(), makeOpensshKey()];
    gate.broker.people[0] = { ...gate.broker.people[0]!, keys: [fingerprint(theirs.publicKey)] };
    expect(await forged(mine.privateKey, theirs.publicKey)).toEqual({
      methods: ["publickey", "keyboard-interactive"],
      partial: false,
    });
    expect(gate.broker.signIns).toHaveLength(0);
  });

  it("cannot begin as one person and end as another", async () => {
    const tried = await attempt([
      { type: "password", username: "mallory@demo@web-01", password: "x" },
      typed("alice@demo@web-01", "correct horse", "123456"),
    ]);
    expect(tried.ok).toBe(false);
    expect(gate.broker.signIns).toHaveLength(0);
  });

  it("has three tries with passwords, then the line is cut", async () => {
    const wrong = (): Method => typed(LOGIN, "wrong", "000000");
    const tried = await attempt([wrong(), wrong(), wrong(), wrong(), wrong()]);
    expect(tried.ok).toBe(false);
    expect(gate.broker.signIns).toHaveLength(3);
  });

  it("has a bounded number of keys to offer", async () => {
    const keys = Array.from({ length: 14 }, () => ({
      type: "publickey",
      username: LOGIN,
      key: makeOpensshKey().privateKey,
    }));
    const tried = await attempt(keys);
    expect(tried.ok).toBe(false);
    expect(tried.left.length).toBeLessThan(12);
  });

  it("is asked for a key that signed: the code still decides", async () => {
    const key = makeOpensshKey();
    const tried = await attempt([{ type: "publickey", username: LOGIN, key: key.privateKey }, typed(LOGIN, "123456")]);
    expect(tried.ok).toBe(false);
    expect(tried.left[0]).toEqual({ methods: ["keyboard-interactive"], partial: true });
  });

  it("gets no channel before signing in", async () => {
    const client = new ssh2.Client();
    const opened = new Promise<string>((resolve) => {
      client.on("error", () => undefined);
      client.on("handshake", () => {
        client.exec("id", (error) => resolve(error?.message ?? "opened"));
        setTimeout(() => resolve("no answer"), 1_500);
      });
      client.on("close", () => resolve("closed"));
    });
    client.connect({ host: "127.0.0.1", port: gate.port, username: LOGIN, authHandler: () => undefined });
    expect(await opened).not.toBe("opened");
    client.destroy();
    expect(gate.broker.opened).toHaveLength(0);
  });
});

/** Sends the query of RFC 4252 §7 without ever signing. */
function queryOnly(publicKey: string): Promise<{ readonly welcome: boolean; readonly partial: boolean }> {
  return raw((client, answer) => {
    const parsed = ssh2.utils.parseKey(publicKey) as ssh2.ParsedKey;
    const protocol = internals(client);
    protocol._handlers["USERAUTH_PK_OK"] = () => answer({ welcome: true, partial: false });
    protocol._handlers["USERAUTH_FAILURE"] = (_p, _methods, partial) => answer({ welcome: false, partial });
    protocol.authPK(LOGIN, parsed, parsed.type);
  });
}

/** Signs with one key while naming another. */
function forged(
  privateKey: string,
  publicKey: string,
): Promise<{ readonly methods: unknown; readonly partial: unknown }> {
  return raw((client, answer) => {
    const mine = ssh2.utils.parseKey(privateKey) as ssh2.ParsedKey;
    const theirs = ssh2.utils.parseKey(publicKey) as ssh2.ParsedKey;
    const protocol = internals(client);
    protocol._handlers["USERAUTH_FAILURE"] = (_p, methods, partial) => answer({ methods, partial });
    protocol._handlers["USERAUTH_SUCCESS"] = () => answer({ methods: "success", partial: false });
    protocol.authPK(LOGIN, theirs, theirs.type, (data, use) => use(mine.sign(data)));
  });
}

interface Internals {
  readonly _handlers: Record<string, (p: unknown, a: never, b: never) => void>;
  authPK(
    login: string,
    key: ssh2.ParsedKey,
    algorithm: string,
    sign?: (data: Buffer, use: (signature: Buffer) => void) => void,
  ): void;
}
const internals = (client: Client): Internals => (client as unknown as { readonly _protocol: Internals })._protocol;

function raw<T>(step: (client: Client, answer: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on("error", reject);
    client.connect({
      host: "127.0.0.1",
      port: gate.port,
      username: LOGIN,
      authHandler: () => {
        step(client, (value) => {
          client.destroy();
          resolve(value);
        });
      },
    });
  });
}
