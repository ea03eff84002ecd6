/**
 * Promise 3's freeze, against a real PostgreSQL: a gateway without its database for ten seconds lets nothing pass either
 * way, ends its sessions after sixty, opens none meanwhile, and loses nothing when the database comes back in time.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../support/gatehouse.js";
import { startLab, type Lab, type Operator } from "../support/lab.js";
import { startPostgres, type TestPostgres } from "../support/postgres.js";
import type { SshClient } from "../support/ssh-client.js";
import { endedSession } from "../support/trail.js";

let postgres: TestPostgres;
let lab: Lab;
beforeAll(async () => {
  postgres = await startPostgres();
  lab = await startLab({ env: { GATEHOUSE_DATABASE_URL: postgres.url } });
});
afterAll(async () => {
  await lab?.stop();
  await postgres?.stop();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly text: () => string;
  readonly stderr: () => string;
  readonly over: Promise<number>;
}

function run(client: SshClient, args: readonly string[]): Running {
  const child = client.start("ssh", args);
  let [text, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => undefined);
  const over = new Promise<number>((resolve) => child.once("close", () => resolve(Date.now())));
  return { child, text: () => text, stderr: () => stderr, over };
}

/** Every process of the server, stopped as by a machine that hangs; answers how to let them go on. */
function hang(server: TestPostgres): () => void {
  const stat = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/status`, "utf8");
    } catch {
      return "";
    }
  };
  const parent = new RegExp(`^PPid:\\s+${server.pid()}$`, "m");
  process.kill(server.pid(), "SIGSTOP");
  const workers = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parent.test(stat(name)));
  expect(workers.length).toBeGreaterThan(3);
  const all = [server.pid(), ...workers.map(Number)];
  for (const pid of all) process.kill(pid, "SIGSTOP");
  return () => {
    for (const pid of all) process.kill(pid, "SIGCONT");
  };
}

async function ready(): Promise<number> {
  return (await fetch(`${lab.house.http}/readyz`)).status;
}

/** One connection that several channels share, once it stands. */
async function share(operator: Operator): Promise<{
  readonly client: SshClient;
  readonly master: Running;
  /** Arguments of ssh for a command through it. */
  readonly command: (text: string) => readonly string[];
}> {
  const client = await operator.client();
  const control = join(client.folder, "control");
  const master = run(client, client.arguments(operator.target, ["-M", "-S", control, "-N"]));
  const place = ["-S", control, "-p", String(lab.house.sshPort), "-l", operator.target, "127.0.0.1"];
  const command = (text: string): readonly string[] => [...client.options, ...place, text];
  // Without the socket ssh would sign in by itself, and use up the code that the master needs.
  await until("the shared connection's socket", () => existsSync(control));
  await until("the shared connection", async () => (await client.run("ssh", command("echo in"))).code === 0);
  return { client, master, command };
}

const ticks = (text: string): number[] => [...text.matchAll(/tick-(\d+)\n/g)].map(([, number]) => Number(number));
const TICKING = "n=0; while true; do n=$((n+1)); echo tick-$n; sleep 0.05; done";

async function recorded(operator: Operator): Promise<string> {
  const auditor = await lab.house.as("ivan");
  const { recordingId } = await endedSession(lab.house, operator.login);
  const cast = await (await auditor.raw("GET", `/recordings/${recordingId}/asciicast?channel=1`)).text();
  return cast
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => JSON.parse(line) as [number, string, string])
    .filter(([, kind]) => kind === "o")
    .map(([, , data]) => data)
    .join("")
    .replaceAll("\r\n", "\n");
}

test("a database that hangs: frozen both ways at ten seconds, on again when it answers, nothing lost or shown unrecorded", async () => {
  const [watching, typing, leaving, sharing] = [
    await lab.operator(["ssh.exec"]),
    await lab.operator(["ssh.shell"]),
    await lab.operator(["ssh.exec"]),
    await lab.operator(["ssh.exec"]),
  ];
  const out = await watching.client();
  const shown = run(out, [...out.arguments(watching.target), TICKING]);
  const into = await typing.client();
  const shell = run(into, into.arguments(typing.target, ["-tt"]));
  shell.child.stdin.write("cat >typed.txt\nfirst\n");
  const away = await leaving.client();
  const left = run(away, [...away.arguments(leaving.target), TICKING]);
  const shared = await share(sharing);
  const closing = run(shared.client, shared.command(TICKING));
  const typed = join(lab.sshd.home, "typed.txt");
  await until("what was typed", () => existsSync(typed) && readFileSync(typed, "utf8") === "first\n");
  await until("the first ticks", () => ticks(shown.text()).length > 5 && ticks(left.text()).length > 5);
  await until("the shared connection's ticks", () => ticks(closing.text()).length > 5);

  const goOn = hang(postgres);
  const hungAt = Date.now();
  try {
    left.child.kill("SIGKILL");
    closing.child.kill("SIGKILL");
    await until("the freeze", () => shell.text().includes("gatehouse: session frozen"), 20_000);
    expect(Date.now() - hungAt).toBeGreaterThan(8_500);
    expect(Date.now() - hungAt).toBeLessThan(12_000);
    // What was on its way to the client when the freeze came may still arrive.
    await pause(300);
    const atFreeze = shown.text();
    expect(ticks(atFreeze).length).toBeGreaterThan(100);
    shell.child.stdin.write("while-frozen\n");
    const probed = ready();
    await pause(2_500);
    expect(shown.text()).toBe(atFreeze);
    expect(readFileSync(typed, "utf8")).toBe("first\n");
    expect(await probed).toBe(503);
  } finally {
    goOn();
  }
  await until("what was typed meanwhile", () => readFileSync(typed, "utf8") === "first\nwhile-frozen\n");
  await until("the notice", () => shell.text().includes("gatehouse: session goes on"));
  const before = ticks(shown.text()).length;
  await until("more ticks", () => ticks(shown.text()).length > before + 40);
  const seen = ticks(shown.text());
  expect(seen).toEqual(seen.map((_, at) => at + 1));
  expect(await ready()).toBe(200);

  shown.child.kill("SIGKILL");
  shell.child.stdin.write("\u0004exit\n");
  await shell.over;
  const kept = ticks(await recorded(watching));
  expect(kept.slice(0, seen.length)).toEqual(seen);
  expect(await recorded(typing)).toContain("while-frozen");
  // What was closed while no row could be written is settled all the same, with the session and without it.
  const after = await shared.client.run("ssh", shared.command("echo still-in"));
  expect(after.stdout.toString()).toBe("still-in\n");
  shared.master.child.kill("SIGTERM");
  for (const [operator, count] of [
    [leaving, 1],
    [sharing, 3],
  ] as const) {
    const session = await endedSession(lab.house, operator.login);
    const { channels } = await (await lab.house.as("ivan")).call("GET", `/sessions/${session.id}`);
    const outcomes = channels.map((channel: { outcome: string }) => channel.outcome);
    expect(outcomes).toEqual(Array.from({ length: count }, () => "recorded"));
  }
});

test("a database that died: no session opens meanwhile, live ones end as node-lost after a minute, and work goes on when it is back", async () => {
  const [working, late, waiting] = [
    await lab.operator(["ssh.exec"]),
    await lab.operator(["ssh.exec"]),
    await lab.operator(["ssh.exec"]),
  ];
  const { client, master, command } = await share(working);
  const shown = run(client, command(TICKING));
  await until("the first ticks", () => ticks(shown.text()).length > 5);

  await postgres.kill();
  const diedAt = Date.now();
  try {
    const refused = await (await late.client()).ssh(late.target, ["echo in"]);
    expect(refused.stdout.toString()).toBe("");
    expect(refused.stderr).toMatch(/gatehouse: the gate cannot keep records now/);
    expect(refused.code).not.toBe(0);
    const channel = await client.run("ssh", command("echo in"));
    expect(channel.stdout.toString()).toBe("");
    expect(channel.stderr).toMatch(/gatehouse: the gate cannot keep records now/);
    expect(await ready()).toBe(503);
    const page = await working.api.raw("GET", "/me");
    expect(page.status).toBe(503);
    expect(((await page.json()) as { code: string }).code).toBe("storage-unavailable");
    const ended = await master.over;
    expect(ended - diedAt).toBeGreaterThan(55_000);
    expect(ended - diedAt).toBeLessThan(64_000);
    expect(master.stderr() + shown.stderr()).toMatch(/gatehouse: session ended: the gate lost its database/);
  } finally {
    await postgres.restart();
  }
  await until("the gateway to be ready", async () => (await ready()) === 200);
  expect(await endedSession(lab.house, working.login)).toMatchObject({
    because: "node-lost",
    recording: { state: "complete" },
  });
  // A connection to the database that is being made anew may still refuse one sign-in.
  await until(
    "work to go on",
    async () => {
      const again = await (await waiting.client()).ssh(waiting.target, ["echo in-again"]);
      return again.stdout.toString() === "in-again\n";
    },
    40_000,
  );
});
