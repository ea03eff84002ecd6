import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "ssh2";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { finish } from "../../../test/support/ssh-client.js";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
import { startSshd, type TestSshd } from "../../../test/support/sshd.js";
import { createProbe } from "./probe.js";

let sshd: TestSshd;
let gate: TestDoor;
const LOGIN = "alice@demo@web-01";
const LINK = "http://localhost:8080/a/7K3M-9QXT";

beforeAll(async () => {
  sshd = await startSshd();
}, 30_000);
afterAll(() => sshd.stop());
beforeEach(async () => {
  gate = await startDoor(sshd);
});
afterEach(() => gate.stop());

function fingerprint(publicKey: string): string {
  return execFileSync("ssh-keygen", ["-lf", "-"], { input: publicKey, encoding: "utf8" }).split(" ")[1] ?? "";
}

/** Answers every prompt with nothing. */
const EMPTY = { GATE_PASSWORD: "", GATE_CODE: "", LC_ALL: "C.UTF-8" };
const SHOWN = ["-o", "LogLevel=INFO", "-o", "PreferredAuthentications=keyboard-interactive"];

/** A real client that asks for the browser, and what it has said so far. */
function askBrowser(command: readonly string[], login = LOGIN) {
  const child = gate.client.start("ssh", [...SHOWN, ...gate.client.arguments(login), ...command], { env: EMPTY });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  return { child, said: () => said, finished: finish(child, undefined, 18_000) };
}

const waits = () => gate.broker.terminals.waits;

describe("a terminal that asks for the browser", () => {
  it("shows link and number in both languages to OpenSSH, and goes on by itself once approved", async () => {
    const ssh = askBrowser(["echo", "from-browser"]);
    await until(() => waits().length === 1 && ssh.said().includes("approve with your passkey"));
    expect(ssh.said()).toContain(`gatehouse: within 90 s open ${LINK} , enter 42 and approve with your passkey`);
    expect(ssh.said()).toContain(`gatehouse: 请在 90 秒内打开 ${LINK} ，输入 42，用通行密钥批准`);
    expect(waits()[0]).toMatchObject({ login: "alice", subject: "demo@web-01" });
    waits()[0]?.approve();
    const result = await ssh.finished;
    expect([result.code, result.stdout.toString()]).toEqual([0, "from-browser\n"]);
    expect(gate.broker.signIns).toHaveLength(0);
  });

  it("lets nobody in whom the browser refused, and asks again like after a wrong password", async () => {
    const ssh = askBrowser(["true"]);
    for (const turn of [1, 2, 3]) {
      await until(() => waits().length === turn);
      waits()[turn - 1]?.refuse();
    }
    expect((await ssh.finished).code).toBe(255);
    expect(ssh.said()).toContain("gatehouse: sign-in refused");
    expect(waits()).toHaveLength(3);
    expect(gate.broker.opened).toHaveLength(0);
  });

  it("shows a link for a login that is nobody's and for a name that is none", async () => {
    for (const login of ["nobody@demo@web-01", "NOBODY"]) {
      const before = waits().length;
      const ssh = askBrowser(["true"], login);
      await until(() => ssh.said().includes(LINK));
      await until(() => waits().length === before + 1);
      ssh.child.kill();
      await ssh.finished;
    }
    expect(waits().map((one) => one.login)).toEqual(["nobody", ""]);
  });

  it("stops waiting at once when the client leaves", async () => {
    const ssh = askBrowser(["true"]);
    await until(() => waits().length === 1);
    expect(waits()[0]?.left).toBe(false);
    ssh.child.kill("SIGKILL");
    await until(() => waits()[0]?.left === true, 2_000);
    await ssh.finished;
  });

  it("stops waiting when the client begins something else", async () => {
    const client = new Client();
    client.on("error", () => undefined);
    client.on("keyboard-interactive", (_name, _instruction, _language, _prompts, answer) => answer([""]));
    const authHandler = (): "keyboard-interactive" => "keyboard-interactive";
    client.connect({ host: "127.0.0.1", port: gate.port, username: LOGIN, tryKeyboard: true, authHandler });
    await until(() => waits().length === 1);
    const { _protocol } = client as unknown as { readonly _protocol: { authNone(login: string): void } };
    _protocol.authNone(LOGIN);
    await until(() => waits()[0]?.left === true, 3_000);
    waits()[0]?.approve();
    client.destroy();
    expect(gate.broker.opened).toHaveLength(0);
  });

  it("waits past the login grace, and no longer than for the browser", async () => {
    await gate.stop();
    gate = await startDoor(sshd, { loginGraceMs: 2_500 });
    const ssh = askBrowser(["echo", "late"]);
    await until(() => waits().length === 1);
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    waits()[0]?.approve();
    expect((await ssh.finished).stdout.toString()).toBe("late\n");
    const again = askBrowser(["true"]);
    await until(() => waits().length === 2);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    waits()[1]?.refuse();
    // What it is asked next is under the grace again: a client that says nothing is cut.
    again.child.kill("SIGSTOP");
    await until(() => gate.door.connections === 0);
    again.child.kill("SIGKILL");
    await again.finished;
  });

  it("counts as a try when no link is given", async () => {
    gate.broker.terminals.refusedWith = "too-many-tries";
    const result = await askBrowser(["true"]).finished;
    expect(result.code).toBe(255);
    expect(waits()).toHaveLength(0);
    expect(gate.door.connections).toBe(0);
  });

  it("follows a signed key whose code is left empty", async () => {
    const key = join(gate.client.folder, "id");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const args = [...gate.client.arguments(LOGIN, ["-i", key]), "echo", "by-key-and-browser"];
    const finished = finish(gate.client.start("ssh", args, { env: EMPTY }), undefined, 18_000);
    await until(() => waits().length === 1);
    waits()[0]?.approve();
    expect((await finished).stdout.toString()).toBe("by-key-and-browser\n");
  });

  it("works from PuTTY's plink", async () => {
    const hostKey = fingerprint(
      await createProbe().scanHostKey({ address: "127.0.0.1", port: gate.port, legacy: false }),
    );
    const command = `plink -ssh -no-antispoof -P ${gate.port} -l ${LOGIN} -hostkey ${hostKey} 127.0.0.1 echo from-plink`;
    const script = [
      "set timeout 15",
      `spawn -noecho ${command}`,
      'expect "assword:" {} timeout { exit 2 }',
      'send "\\r"',
      'expect "passkey" {} timeout { exit 3 }',
      'expect -re "\\nfrom-plink" {} timeout { exit 4 }',
      "expect eof",
      "exit 0",
    ].join("\n");
    const finished = finish(gate.client.start("expect", ["-c", script]), undefined, 18_000);
    await until(() => waits().length === 1, 15_000);
    waits()[0]?.approve();
    const result = await finished;
    expect([result.code, result.stdout.toString()]).toEqual([0, expect.stringContaining(LINK)]);
  });
});

describe("a device key", () => {
  function newKey(type: string): { readonly file: string; readonly print: string } {
    const file = join(gate.client.folder, `device-${type}`);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", file]);
    return { file, print: fingerprint(readFileSync(`${file}.pub`, "utf8")) };
  }
  const own = (print: string): void =>
    void (gate.broker.people[0] = { ...gate.broker.people[0]!, deviceKeys: [print] });
  /** Neither password nor code is at hand: a prompt ends it. */
  const BATCH = ["-o", "BatchMode=yes"];

  it("opens ssh, scp and rsync without any question", async () => {
    const { file, print } = newKey("ed25519");
    own(print);
    const batch = [...BATCH, "-i", file];
    const ran = await gate.client.ssh(LOGIN, ["echo", "no-questions"], { more: batch });
    expect([ran.code, ran.stdout.toString(), ran.stderr]).toEqual([0, "no-questions\n", ""]);
    const [from, to] = [join(gate.client.folder, "from.txt"), join(sshd.home, "to")];
    writeFileSync(from, "carried");
    const port = String(gate.port);
    const scp = [
      ...gate.client.options,
      ...batch,
      "-O",
      "-o",
      `User=${LOGIN}`,
      "-P",
      port,
      from,
      `127.0.0.1:${to}-scp`,
    ];
    const copied = await finish(gate.client.start("scp", scp), undefined, 18_000);
    expect([copied.code, copied.stderr]).toEqual([0, ""]);
    const shell = ["ssh", ...gate.client.options, ...batch, "-p", port, "-l", LOGIN].join(" ");
    const synced = await finish(
      gate.client.start("rsync", ["-e", shell, from, `127.0.0.1:${to}-rsync`]),
      undefined,
      18_000,
    );
    expect([synced.code, synced.stderr]).toEqual([0, ""]);
    for (const way of ["scp", "rsync"]) expect([way, existsSync(`${to}-${way}`)]).toEqual([way, true]);
    expect(gate.broker.signIns).toHaveLength(0);
    expect(gate.broker.opened.every((one) => one.actor.deviceKeyId === "device-key-1")).toBe(true);
  });

  it("is asked for with every key that signed, and one that lets nobody in leads to the code as before", async () => {
    for (const type of ["ed25519", "ecdsa"]) {
      const { file, print } = newKey(type);
      const before = gate.broker.signIns.length;
      gate.broker.people[0] = { ...gate.broker.people[0]!, keys: [print] };
      expect((await gate.client.ssh(LOGIN, ["true"], { more: ["-i", file] })).code).toBe(0);
      expect(gate.broker.terminals.keysAsked.at(-1)).toBe(print);
      expect(gate.broker.signIns.slice(before)).toMatchObject([{ keyFingerprint: print, code: "123456" }]);
    }
  });

  it("of one person opens nothing for another login", async () => {
    const { file, print } = newKey("ed25519");
    own(print);
    const result = await gate.client.ssh("wang@demo@web-01", ["true"], { more: [...BATCH, "-i", file] });
    expect(result.code).toBe(255);
    expect(gate.broker.opened).toHaveLength(0);
  });
});
