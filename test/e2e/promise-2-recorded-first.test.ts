/** Promise 2: nothing passes that was not first recorded; without a recorder there is no session. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { finish } from "../support/ssh-client.js";

/** A small disk of its own, so that "full" is real. */
const disk = mkdtempSync(join(tmpdir(), "gatehouse-disk-"));
let lab: Lab;
beforeAll(async () => {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", disk]);
  lab = await startLab({
    env: {
      GATEHOUSE_DATA: join(disk, "data"),
      GATEHOUSE_RESERVE_BYTES: String(32 * 1024 * 1024),
      GATEHOUSE_SESSION_BYTES_PER_SECOND: String(1 << 30),
    },
  });
});
afterAll(async () => {
  await lab?.stop();
  execFileSync("umount", ["-l", disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** A line of a kilobyte with its number, a hundred times a second. */
const NUMBERED = "n=0; while n=$((n+1)); do printf 'tick-%d-%01000d\\n' $n 0; sleep 0.01; done";

function openAlerts(): Promise<{ items: { kind: string }[] }> {
  return lab.house.as("ivan").then((auditor) => auditor.call("GET", "/alerts?open=true"));
}

test("everything an exec showed, byte for byte, is in the recording", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const shown = await (await operator.client()).ssh(operator.target, ["seq 1 20000; seq 1 20000 >&2"]);
  expect(shown.stdout.length).toBeGreaterThan(100_000);
  const auditor = await lab.house.as("ivan");
  const session = await until("the session's end", async () => {
    const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
    return items.find((one: { state: string }) => one.state === "ended");
  });
  const cast = await (await auditor.raw("GET", `/recordings/${session.recordingId}/asciicast?channel=1`)).text();
  const events = cast
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => JSON.parse(line) as [number, string, string]);
  const text = events
    .filter(([, kind]) => kind === "o")
    .map(([, , data]) => data)
    .join("");
  const lines = new Set(text.split(/\r?\n/));
  for (let number = 1; number <= 20_000; number += 1) expect(lines.has(String(number))).toBe(true);
  expect(session.recording.state).toBe("complete");
});

test("one operator who records as fast as he can ends himself, and nobody else", async () => {
  const calm = await lab.operator(["ssh.shell"]);
  const calmClient = await calm.client();
  const quiet = calmClient.start("ssh", calmClient.arguments(calm.target, ["-tt"]));
  let seen = "";
  quiet.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
  quiet.stdin.write("echo calm-$((40+2))\n");
  await until("the calm shell", () => seen.includes("calm-42"));

  const greedy = await lab.operator(["ssh.shell"]);
  const greedyClient = await greedy.client();
  const flood = greedyClient.start("ssh", greedyClient.arguments(greedy.target, ["-tt", "-q"]));
  flood.stdout.resume();
  // Some megabytes a second: faster than the reserve's half within one look at it, and the disk is full before anyone looked.
  flood.stdin.write("while :; do head -c 65536 /dev/urandom | base64 -w0; sleep 0.01; done\n");
  const ended = await Promise.race([
    new Promise((resolve) => flood.once("close", () => resolve("ended"))),
    new Promise((resolve) => setTimeout(() => resolve("still running"), 60_000)),
  ]);
  expect(ended).toBe("ended");

  quiet.stdin.write("echo still-$((40+3))\n");
  await until("the calm shell's next answer", () => seen.includes("still-43"));
  quiet.stdin.write("exit\n");
  await new Promise((resolve) => quiet.once("close", resolve));
  // The alert is written once the recording is closed, a moment after the operator was cut off.
  await until("the alert", async () =>
    (await openAlerts()).items.some((alert) => ["quota-exceeded", "storage-full"].includes(alert.kind)),
  );
});

test("a full disk: no new session, the live one ends, an alert stands, and what was shown is kept", async () => {
  execFileSync("mount", ["-o", "remount,size=256m", disk]);
  const operator = await lab.operator(["ssh.exec"]);
  const client = await operator.client();
  const later = await lab.operator(["ssh.exec"]);
  const child = client.start("ssh", client.arguments(operator.target).concat(NUMBERED));
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const over = finish(child, undefined, 60_000);
  await until("the first tick", () => shown.includes("tick-9-"));
  const filler = join(disk, "filler");
  try {
    execFileSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=64k", "count=8192"], { stdio: "ignore" });
  } catch {
    // dd says that the disk is full; that is the point.
  }
  for (let more = 0; more < 64; more += 1) {
    try {
      writeFileSync(join(disk, `filler-${more}`), Buffer.alloc(4096));
    } catch {
      break;
    }
  }
  expect((await over).code).not.toBe(0);
  const refused = await (await later.client()).ssh(later.target, ["echo in"]);
  expect(refused.stdout.toString()).toBe("");
  execFileSync("sh", ["-c", `rm -f ${disk}/filler*`]);
  const alerts = await until("an alert", async () => {
    const { items } = await openAlerts();
    return items.find((alert) => ["recorder-failed", "storage-full"].includes(alert.kind));
  });
  expect(alerts).toBeDefined();

  await lab.house.kill("SIGKILL");
  await lab.house.restart();
  const auditor = await lab.house.as("ivan");
  const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
  const text = await (await auditor.raw("GET", `/recordings/${items[0].recordingId}/text?channel=1`)).text();
  const recorded = new Set(text.match(/tick-\d+-/g));
  const seen = shown.match(/tick-\d+-/g) ?? [];
  expect(seen.length).toBeGreaterThan(8);
  expect(seen.filter((tick) => !recorded.has(tick))).toEqual([]);
});
