import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDoor, type TestDoor } from "../../../test/support/ssh-door.js";
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

describe("exec through the gate, with the system's ssh and a real sshd", () => {
  it("runs a command and says nothing of its own", async () => {
    const result = await gate.client.ssh(LOGIN, ["echo hello; echo wrong >&2"]);
    expect(result).toMatchObject({ code: 0, stderr: "wrong\n" });
    expect(result.stdout.toString()).toBe("hello\n");
    const [channel] = gate.broker.channels;
    expect(channel?.ask).toMatchObject({ kind: "exec", action: "ssh.exec", detail: "echo hello; echo wrong >&2" });
    expect(channel?.output.toString()).toBe("hello\n");
    expect(channel?.errors.toString()).toBe("wrong\n");
    expect(channel?.exit).toEqual({ code: 0 });
    expect(channel?.closed).toBe("0");
  });

  it("passes exit codes and exit signals on", async () => {
    expect((await gate.client.ssh(LOGIN, ["exit 37"])).code).toBe(37);
    const killed = await gate.client.ssh(LOGIN, ["kill -TERM $$"]);
    expect(killed.code).toBe(255);
    expect(gate.broker.channels[1]?.exit).toEqual({ signal: "SIGTERM", core: false });
  });

  it("hands stdin on to its end, whole and unchanged", async () => {
    const input = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 256));
    const result = await gate.client.ssh(LOGIN, ["cat"], { input });
    expect(result.stdout.equals(input)).toBe(true);
    expect(gate.broker.channels[0]?.input.equals(input)).toBe(true);
    expect((await gate.client.ssh(LOGIN, ["cat"])).code).toBe(0);
  });

  it("carries 5 MB of stdout and 5 MB of stderr at once", async () => {
    const command = "head -c 5000000 /dev/zero | tr '\\0' o & head -c 5000000 /dev/zero | tr '\\0' e >&2; wait";
    const result = await gate.client.ssh(LOGIN, [command]);
    expect(result.code).toBe(0);
    expect(result.stdout.equals(Buffer.alloc(5_000_000, "o"))).toBe(true);
    const channel = gate.broker.channels[0];
    expect([result.stderr.length, channel?.output.length, channel?.errors.length]).toEqual([
      5_000_000, 5_000_000, 5_000_000,
    ]);
    expect(result.stderr === "e".repeat(5_000_000)).toBe(true);
  });
});
