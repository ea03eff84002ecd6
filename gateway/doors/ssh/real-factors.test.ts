/** The door over the real use cases of terminals and device keys, with passkeys in software and OpenSSH's own client. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { must } from "../../../test/support/identity-lab.js";
import { finish } from "../../../test/support/ssh-client.js";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
import { startSshd, type TestSshd } from "../../../test/support/sshd.js";
import { openTerminalHouse, RULES, type Seated, type TerminalHouse } from "../../../test/support/terminal-house.js";

let sshd: TestSshd;
let gate: TestDoor;
let house: TerminalHouse;
let alice: Seated;
const LOGIN = "alice@demo@web-01";
const HERE = "127.0.0.1";

beforeAll(async () => {
  sshd = await startSshd();
}, 30_000);
afterAll(() => sshd.stop());
beforeEach(async () => {
  house = await openTerminalHouse();
  alice = await house.seat("alice", { from: HERE });
  gate = await startDoor(sshd);
  Object.assign(gate.broker, { factors: house.factors });
});
afterEach(async () => {
  await gate.stop();
  await house.close();
});

/** A client that asks for the browser; what it shows of link and number. */
async function askBrowser(login: string) {
  const shown = ["-o", "LogLevel=INFO", "-o", "PreferredAuthentications=keyboard-interactive"];
  const args = [...shown, ...gate.client.arguments(login), "echo", "in"];
  const child = gate.client.start("ssh", args, { env: { GATE_PASSWORD: "", LC_ALL: "C.UTF-8" } });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const finished = finish(child, undefined, 18_000);
  const line = /within 90 s open \S+\/a\/(\S+) , enter ([0-9]{2}) and/;
  await until(() => line.test(said));
  const [, code = "", number = ""] = line.exec(said) ?? [];
  return { child, finished, code, number };
}

/** A fresh key that its person registered for the day. */
async function deviceKey(who: Seated, from = HERE): Promise<{ readonly file: string; readonly token: string }> {
  const file = join(gate.client.folder, "device");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  const publicKey = readFileSync(`${file}.pub`, "utf8").trim();
  const asked = { login: who.person.login, purpose: "device-key", subject: "laptop", sourceAddress: from } as const;
  const wait = must(await house.factors.askTerminal({ ...asked, publicKey }));
  must(await house.approve(who, wait.code, wait.number));
  return { file, token: wait.pollToken ?? "" };
}
const byKey = async (file: string): Promise<number | null> =>
  (await gate.client.ssh(LOGIN, ["true"], { more: ["-o", "BatchMode=yes", "-i", file] })).code;

describe("a real browser's word", () => {
  it("lets the waiting client in, as the person and from where it waits", async () => {
    const ssh = await askBrowser(LOGIN);
    must(await house.approve(alice, ssh.code, ssh.number));
    expect((await ssh.finished).stdout.toString()).toBe("in\n");
    expect(gate.broker.opened).toMatchObject([{ actor: { personId: alice.person.id, sourceAddress: HERE } }]);
  });

  it("of another person, or for a client that has left, opens nothing", async () => {
    const bob = await house.seat("bob", { from: HERE });
    const ssh = await askBrowser(LOGIN);
    expect(await house.approve(bob, ssh.code, ssh.number)).toMatchObject({ code: "not-found" });
    ssh.child.kill("SIGKILL");
    await ssh.finished;
    const gone = async () => (await house.factors.terminalQuestion(alice.actor, ssh.code)).ok;
    await expect.poll(gone).toBe(false);
    expect(await house.approve(alice, ssh.code, ssh.number)).toMatchObject({ code: "not-found" });
    expect(gate.broker.opened).toHaveLength(0);
  });

  it("cannot be had for a login that is nobody's", async () => {
    const ssh = await askBrowser("nobody@demo@web-01");
    expect(await house.approve(alice, ssh.code, ssh.number)).toMatchObject({ code: "not-found" });
    ssh.child.kill("SIGKILL");
    await ssh.finished;
  });
});

describe("a real device key", () => {
  it("opens until it is retired", async () => {
    const { file, token } = await deviceKey(alice);
    expect(await byKey(file)).toBe(0);
    expect(gate.broker.opened[0]?.actor.deviceKeyId).toBeDefined();
    must(await house.factors.endDeviceLogin(token, HERE));
    expect(await byKey(file)).toBe(255);
  });

  it("opens until everything of its person was signed out, and until its day is over", async () => {
    const { file } = await deviceKey(alice);
    must(await house.factors.signOutEverywhere(alice.actor, alice.person.id));
    expect(await byKey(file)).toBe(255);
    const bob = await house.seat("bob", { from: HERE });
    execFileSync("rm", [file, `${file}.pub`]);
    const his = await deviceKey(bob);
    const asBob = async () =>
      (await gate.client.ssh("bob@demo@web-01", ["true"], { more: ["-o", "BatchMode=yes", "-i", his.file] })).code;
    expect(await asBob()).toBe(0);
    house.pass(4 * 3_600_000);
    expect(await asBob()).toBe(255);
  });

  it("made elsewhere is answered as a key that nobody knows", async () => {
    house.rules = { ...RULES, terminal: { otherAddress: true } };
    const { file } = await deviceKey(alice, "198.51.100.9");
    expect(await byKey(file)).toBe(255);
    expect((await gate.client.ssh(LOGIN, ["true"], { more: ["-i", file] })).code).toBe(0);
    expect(gate.broker.signIns.map((one) => (one as { readonly via: string }).via)).toEqual([
      "ssh-key",
      "ssh-password",
    ]);
  });
});
