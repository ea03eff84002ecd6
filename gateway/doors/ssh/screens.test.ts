import { spawn } from "node:child_process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDoor, until, type TestDoor } from "../../../test/support/ssh-door.js";
import { startSshd, type TestSshd } from "../../../test/support/sshd.js";

let sshd: TestSshd;
let gate: TestDoor;

beforeAll(async () => {
  sshd = await startSshd();
}, 30_000);
afterAll(() => sshd.stop());
beforeEach(async () => {
  gate = await startDoor(sshd);
});
afterEach(() => gate.stop());

function terminal(login: string) {
  const child = spawn(
    "script",
    ["-qfec", `stty rows 30 cols 100; exec ssh ${gate.client.arguments(login).join(" ")}`, "/dev/null"],
    { env: gate.client.env },
  );
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

describe("someone without a grant, on a terminal", () => {
  beforeEach(() => {
    gate.broker.answer = "ask";
  });

  async function fileRequest(login = "alice@demo@web-01") {
    const screen = terminal(login);
    await screen.sees("Copy files too");
    screen.type("y\r");
    await screen.sees("Reason, 3 characters or more (empty gives up): ");
    screen.type("replace the disk\r");
    await screen.sees("Work order");
    screen.type("WO-7\r");
    await screen.sees("How long");
    screen.type("90m\r");
    await screen.sees("waiting 00:0");
    return screen;
  }

  it("is asked for a reason, waits, and goes on into the session the moment it is approved", async () => {
    const screen = await fileRequest();
    expect(screen.shown()).toContain("gatehouse: you have no grant for demo@web-01 now");
    expect(screen.shown()).toContain("who can approve: approvers of ·[31mBureau");
    expect(gate.broker.requests).toEqual([
      {
        items: [{ accountId: "account-1", actions: ["ssh.shell", "ssh.exec", "sftp.read", "sftp.write"] }],
        reason: "replace the disk",
        workOrder: "WO-7",
        durationMs: 5_400_000,
      },
    ]);
    expect(sshd.log()).not.toContain("Accepted");
    gate.broker.decide("approved");
    await screen.sees(/gatehouse: approved[\s\S]*\$ $/);
    screen.type("id -un; exit 3\r");
    expect(await screen.closed).toBe(3);
    expect(screen.shown()).toContain(sshd.login);
  });

  it("learns of a denial and its reason, cleaned, and gets no byte of the target", async () => {
    const screen = await fileRequest();
    gate.broker.decide("denied");
    expect(await screen.closed).toBe(1);
    expect(screen.shown()).toContain("gatehouse: denied: not ·[2Jtoday");
    expect(gate.broker.channels).toHaveLength(0);
  });

  it("withdraws with Ctrl-C, and leaves the request waiting by hanging up", async () => {
    const screen = await fileRequest();
    screen.type("\x03");
    expect(await screen.closed).toBe(1);
    expect(gate.broker.withdrawn).toBe(1);
    const second = await fileRequest();
    second.child.kill("SIGKILL");
    await second.closed;
    await until(() => gate.door.connections === 0);
    expect(gate.broker.withdrawn).toBe(1);
  });

  it("asks nothing when no reason is given", async () => {
    const screen = terminal("alice@demo@web-01");
    await screen.sees("Copy files too");
    screen.type("\r");
    await screen.sees("Reason");
    screen.type("\r");
    expect(await screen.closed).toBe(1);
    expect(gate.broker.requests).toHaveLength(0);
  });

  it("reads Chinese when that is his language, and may type it", async () => {
    const screen = terminal("wang@demo@web-01");
    await screen.sees("demo@web-01 目前没有授权");
    screen.type("\r");
    await screen.sees("事由");
    screen.type("更换磁盘\r");
    await screen.sees("工单");
    screen.type("\r");
    await screen.sees("时长");
    screen.type("\r");
    await screen.sees("已等待");
    expect(gate.broker.requests[0]).toMatchObject({ reason: "更换磁盘", durationMs: 3_600_000 });
    screen.type("\x03");
    await screen.closed;
  });

  it("is told where to ask when there is no terminal, on stderr alone", async () => {
    const result = await gate.client.ssh("alice@demo@web-01", ["id"]);
    expect([result.code, result.stdout.toString()]).toEqual([255, ""]);
    expect(result.stderr).toBe(
      "gatehouse: no grant for demo@web-01 now; ask for one at http://localhost:8080 or by ssh with a terminal\n",
    );
  });
});

describe("a bare login", () => {
  beforeEach(() => {
    gate.broker.reachableItems = ["web-01", "web-02", "db-01"].map((assetName) => ({
      ...gate.broker.reachable({ accountLogin: "demo", assetName }),
      assetDescription: assetName.startsWith("db") ? "main database" : "",
    }));
  });

  it("gets a menu, filters it by typing and opens what it chose", async () => {
    const screen = terminal("alice");
    await screen.sees("what you may open or ask for · ALICE (alice, Delta › Harbour)");
    await screen.sees("demo@db-01");
    screen.type("database");
    await until(() => !(screen.shown().split("\x1b[2J").at(-1) ?? "").includes("web-01"));
    screen.type("\r");
    await screen.sees(/this session is recorded: ALICE \(alice, Delta › Harbour\) at demo@db-01[\s\S]*\$ $/);
    screen.type("exit\r");
    expect(await screen.closed).toBe(0);
    expect(gate.broker.opened[0]).toMatchObject({ accountLogin: "demo", assetName: "db-01" });
  });

  it("quits with q, opening nothing", async () => {
    const screen = terminal("alice");
    await screen.sees("demo@db-01");
    screen.type("q");
    expect(await screen.closed).toBe(0);
    expect(gate.broker.opened).toHaveLength(0);
  });

  it("asks for access from the menu", async () => {
    gate.broker.answer = "ask";
    const screen = terminal("alice");
    await screen.sees("demo@db-01");
    screen.type("2\r");
    await screen.sees("you have no grant for demo@web-02 now");
    screen.child.kill();
    await screen.closed;
  });

  it("has no channel but the menu's terminal", async () => {
    const exec = await gate.client.ssh("alice", ["id"]);
    expect(exec.code).toBe(255);
    expect(exec.stderr).toBe("gatehouse: name what to open: ssh alice@ACCOUNT@ASSET@GATE\n");
    expect(gate.broker.opened).toHaveLength(0);
  });
});
