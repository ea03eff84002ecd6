import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { finish, type Finished } from "../../../test/support/ssh-client.js";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
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

/** ssh under a real terminal of a known size; `type` sends keys, `shown` is what the terminal got. */
function terminal(login = LOGIN, more: readonly string[] = [], command = "") {
  const args = gate.client.arguments(login, more).join(" ");
  const child = spawn("script", ["-qfec", `stty rows 33 cols 101; exec ssh ${args} ${command}`, "/dev/null"], {
    env: gate.client.env,
  });
  let shown = "";
  child.stdout.on("data", (bytes: Buffer) => (shown += bytes.toString()));
  child.stdin.on("error", () => undefined);
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    child,
    closed,
    type: (text: string) => child.stdin.write(text),
    shown: () => shown,
    sees: (text: string | RegExp) =>
      until(() => (typeof text === "string" ? shown.includes(text) : text.test(shown)), 8_000),
  };
}

describe("a shell through the gate", () => {
  it("has a terminal of the right size and modes, a banner that is recorded, and an exit code", async () => {
    const screen = terminal();
    await screen.sees(/\$ $/);
    expect(screen.shown()).toMatch(
      /gatehouse: this session is recorded: ALICE \(alice, Delta › Harbour\) at demo@web-01 until \d{4}-\d\d-\d\d/,
    );
    expect(screen.shown()).not.toContain("\x1b]0;x");
    screen.type("stty size; echo $TERM; stty -a | grep -o 'erase = [^;]*'; exit 7\r");
    expect(await screen.closed).toBe(7);
    expect(screen.shown()).toContain("33 101");
    expect(screen.shown()).toMatch(/erase = \^\?/);
    const [channel] = gate.broker.channels;
    expect(channel?.ask).toMatchObject({ kind: "shell", action: "ssh.shell", pty: { cols: 101, rows: 33 } });
    expect(channel?.gate).toHaveLength(1);
    expect(channel?.exit).toEqual({ code: 7 });
    expect(channel?.output.toString()).not.toContain("gatehouse:");
  });

  it("hands terminal modes on", async () => {
    const args = gate.client.arguments(LOGIN).join(" ");
    const child = spawn("script", ["-qfec", `stty -echo -icrnl erase ^H; exec ssh -tt ${args} stty -a`, "/dev/null"], {
      env: gate.client.env,
    });
    const shown = (await finish(child)).stdout.toString();
    expect(shown).toMatch(/ -echo /);
    expect(shown).toContain("-icrnl");
    expect(shown).toContain("erase = ^H");
  });

  it("follows a change of the window and records it", async () => {
    const screen = terminal(LOGIN, [], "-tt bash --norc");
    gate.broker.actions = ["ssh.shell"];
    await screen.sees(/\$ $/);
    screen.type("trap 'stty size' WINCH; echo ready\r");
    await screen.sees(/ready\r\n/);
    // The terminal belongs to `script`; its child's terminal is found through ps.
    spawn("sh", [
      "-c",
      `for p in $(ps -o pid= --ppid ${screen.child.pid}); do stty -F /proc/$p/fd/0 rows 44 cols 122; done`,
    ]);
    await until(() => gate.broker.channels[0]?.resizes.includes("122x44") === true);
    screen.type("stty size\r");
    await screen.sees("44 122");
    screen.type("exit\r");
    await screen.closed;
  });

  it("keeps what answers a password prompt out of the record", async () => {
    const screen = terminal(LOGIN, [], "-tt bash --norc");
    await screen.sees(/\$ $/);
    screen.type("read -s -p 'Password:' x; echo; echo got ${#x}\r");
    await screen.sees(/[\r\n]Password:$/);
    screen.type("s3cret!\r");
    await screen.sees("got 7");
    screen.type("exit\r");
    await screen.closed;
    const [channel] = gate.broker.channels;
    expect(channel?.secrets).toBeGreaterThan(0);
    expect(channel?.input.toString()).toContain("read -s -p");
    expect(channel?.input.toString()).not.toContain("s3cret!");
  });

  it("needs ssh.shell, as does an exec with a terminal or of an interpreter; the refusal is one plain line", async () => {
    gate.broker.actions = ["ssh.exec"];
    const refusals: Finished[] = [
      await gate.client.ssh(LOGIN, [], { input: "id\n" }),
      await gate.client.ssh(LOGIN, ["-tt", "id"]),
      await gate.client.ssh(LOGIN, ["bash -s"], { input: "id\n" }),
      await gate.client.ssh(LOGIN, ["vim /etc/passwd"]),
      await gate.client.ssh(LOGIN, ["tmux"]),
    ];
    for (const refusal of refusals) {
      expect(refusal.code).toBe(255);
      expect(refusal.stdout.toString() + refusal.stderr).toMatch(
        /^\s*gatehouse: refused: your grant does not hold ssh.shell\s*$/,
      );
    }
    expect(gate.broker.channels).toHaveLength(0);
    expect(gate.broker.refusals).toHaveLength(refusals.length);
    expect((await gate.client.ssh(LOGIN, ["id -un"])).stdout.toString().trim()).toBe(sshd.login);
  });
});

describe("many channels on one connection", () => {
  it("run at once, each with its own output, and none opens after the end", async () => {
    const control = `${gate.client.folder}/mux`;
    const mux = ["-o", `ControlPath=${control}`];
    const master = gate.client.start("ssh", gate.client.arguments(LOGIN, ["-M", "-N", ...mux]));
    master.stderr.resume();
    await until(() => gate.broker.liveSessions === 1 && existsSync(control));
    const runs = Array.from({ length: 20 }, (_, at) =>
      gate.client.ssh(LOGIN, [`echo channel ${at}; exit ${at}`], { more: mux }),
    );
    const results = await Promise.all(runs);
    results.forEach((result, at) => expect([result.code, result.stdout.toString()]).toEqual([at, `channel ${at}\n`]));
    expect(gate.broker.opened).toHaveLength(1);
    expect(new Set(gate.broker.channels.map((one) => one.number)).size).toBe(20);
    const closed = new Promise((resolve) => master.once("close", resolve));
    gate.broker.end("expired");
    await closed;
    const late = await gate.client.ssh(LOGIN, ["echo late"], {
      more: ["-o", "ControlPath=" + control, "-o", "ControlMaster=no", "-o", "ProxyCommand=false"],
    });
    expect(late.code).not.toBe(0);
    expect(gate.broker.channels).toHaveLength(20);
  });

  it("are capped, with a reason", async () => {
    await gate.stop();
    gate = await startDoor(sshd, { channelsPerConnection: 2 });
    const control = `${gate.client.folder}/mux`;
    const mux = ["-o", `ControlPath=${control}`];
    const master = gate.client.start("ssh", gate.client.arguments(LOGIN, ["-M", ...mux]).concat("sleep 60"));
    await until(() => gate.broker.channels.length === 1 && existsSync(control));
    const second = gate.client.start("ssh", gate.client.arguments(LOGIN, mux).concat("sleep 60"));
    await until(() => gate.broker.channels.length === 2);
    const third = await gate.client.ssh(LOGIN, ["true"], { more: [...mux, "-o", "ProxyCommand=false"] });
    expect(third.code).not.toBe(0);
    expect(gate.broker.channels).toHaveLength(2);
    master.kill();
    second.kill();
  });
});

describe("an end", () => {
  it.each(["expired", "revoked", "stopped"] as const)(
    "(%s) cuts a busy terminal at once and says why",
    async (because) => {
      const screen = terminal(LOGIN, ["-tt"], "yes");
      await until(() => gate.broker.outputBytes > 200_000);
      const from = Date.now();
      gate.broker.end(because);
      await screen.closed;
      expect(Date.now() - from).toBeLessThan(2_000);
      const atEnd = gate.broker.outputBytes;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(gate.broker.outputBytes).toBe(atEnd);
    },
  );

  it("says why on a quiet terminal", async () => {
    const screen = terminal();
    await screen.sees(/\$ $/);
    gate.broker.end("revoked");
    await screen.closed;
    expect(screen.shown()).toContain("gatehouse: session ended: the grant was revoked");
  });

  it("of the recorder ends the session before a byte passes", async () => {
    gate.broker.tapFails = true;
    const result = await gate.client.ssh(LOGIN, ["echo secret"]);
    expect(result.stdout.toString()).toBe("");
    expect(result.code).not.toBe(0);
    await until(() => gate.broker.ends.includes("recorder-failed"));
  });

  it("is warned of at five and at one minute, on terminals alone", async () => {
    gate.broker.lifetimeMs = 5 * 60_000 + 1_500;
    const screen = terminal();
    await screen.sees("this session ends in 5 minutes");
    screen.type("exit\r");
    await screen.closed;
    gate.broker.lifetimeMs = 61_000;
    const result = await gate.client.ssh(LOGIN, ["sleep 2.5; echo done"]);
    expect([result.stdout.toString(), result.stderr]).toEqual(["done\n", ""]);
  });

  it("comes when the operator leaves, and the target's process goes with him", async () => {
    const child = gate.client.start("ssh", gate.client.arguments(LOGIN, ["-tt"]).concat("sleep 1000"));
    await until(() => gate.broker.channels.length === 1 && spawnedBy(sshd.login, "sleep 1000") === 1);
    child.kill("SIGKILL");
    await until(() => gate.broker.ends.includes("left"));
    await until(() => spawnedBy(sshd.login, "sleep 1000") === 0);
  });

  it("comes when the target goes away, with its reason", async () => {
    const child = gate.client.start("ssh", gate.client.arguments(LOGIN).concat("kill -9 $PPID; sleep 5"));
    const result = await finish(child);
    expect(result.code).toBe(255);
    await until(() => gate.broker.ends.includes("target-closed"));
  });
});

function spawnedBy(login: string, command: string): number {
  const { stdout } = spawnSync("ps", ["-u", login, "-o", "args="]);
  return stdout
    .toString()
    .split("\n")
    .filter((line) => line === command).length;
}

describe("a frozen session", () => {
  it("passes nothing either way, and goes on afterwards with nothing lost", async () => {
    const child = gate.client.start("ssh", gate.client.arguments(LOGIN).concat("cat"));
    let shown = "";
    child.stdout.on("data", (bytes: Buffer) => (shown += bytes.toString()));
    child.stdin.write("one\n");
    await until(() => shown === "one\n");
    gate.broker.freeze(true);
    child.stdin.write("two\n");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(shown).toBe("one\n");
    gate.broker.freeze(false);
    await until(() => shown === "one\ntwo\n");
    child.stdin.end();
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
  });
});

describe("a target that cannot be opened", () => {
  it.each([
    ["is down", { port: 1 }, "the target cannot be reached"],
    [
      "refuses the credential",
      { credential: { kind: "password" as const, password: "wrong" } },
      "the target refused the stored credential",
    ],
    [
      "shows another key",
      { hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIa0F1q5hKX0m1kzq2G8Q0bPYmT1oPq3Vd1lQ0n3e2kD" },
      "another host key",
    ],
  ])("because it %s is told in one line on stderr", async (_why, change, line) => {
    gate.broker.target = { ...gate.broker.target!, ...change };
    const result = await gate.client.ssh(LOGIN, ["echo never"]);
    expect(result.code).toBe(255);
    expect(result.stdout.toString()).toBe("");
    expect(result.stderr).toContain(`gatehouse: `);
    expect(result.stderr).toContain(line);
    await until(() => gate.broker.liveSessions === 0);
  });

  it("reports a changed key and what was shown, and never sends the password", async () => {
    gate.broker.target = {
      ...gate.broker.target!,
      hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIa0F1q5hKX0m1kzq2G8Q0bPYmT1oPq3Vd1lQ0n3e2kD",
      credential: { kind: "password", password: "must-not-travel" },
    };
    const before = sshd.log().length;
    await gate.client.ssh(LOGIN, ["true"]);
    expect(gate.broker.keyChanges).toEqual([sshd.hostKey.split(" ").slice(0, 2).join(" ")]);
    expect(sshd.log().slice(before)).not.toMatch(/Failed password/);
  });

  it("opens by password as well", async () => {
    gate.broker.target = { ...gate.broker.target!, credential: { kind: "password", password: sshd.password } };
    expect((await gate.client.ssh(LOGIN, ["id -un"])).stdout.toString().trim()).toBe(sshd.login);
  });

  it("is the same to one who may not know it and to one who names nothing", async () => {
    gate.broker.answer = "not-found";
    const unknown = await gate.client.ssh(LOGIN, ["id"]);
    gate.broker.answer = "forbidden";
    const forbidden = await gate.client.ssh(LOGIN, ["id"]);
    expect(unknown).toEqual(forbidden);
    expect(unknown.stderr).toBe("gatehouse: no such account or asset for you\n");
  });

  it("speaks Chinese to a person who does", async () => {
    gate.broker.answer = "not-found";
    expect((await gate.client.ssh("wang@demo@web-01", ["id"])).stderr).toBe(
      "gatehouse: 没有可供您使用的该账号或资产\n",
    );
  });
});
