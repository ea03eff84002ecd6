/** Promise 9: a killed process loses nothing that was shown, nor an acknowledged audit event. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, until, type Api } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ env: { GATEHOUSE_DRAIN_SECONDS: "3" } });
});
afterAll(() => lab?.stop());

test("kill -9 in the middle of work: the next start recovers every byte that was shown, signs it as node-lost and raises an alert", async () => {
  const operator = await lab.operator(["ssh.shell"]);
  const client = await operator.client();
  const child = client.start("ssh", client.arguments(operator.target, ["-tt"]));
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  child.stdin.write("export PS1='> '\nfor i in $(seq 1 400); do echo line-$i-shown; done; echo the-$((6*7))-end\n");
  await until("the loop", () => shown.includes("the-42-end"));
  for (const key of "echo half-typed") {
    child.stdin.write(key);
    await new Promise((next) => setTimeout(next, 15));
  }
  await until("the echo", () => shown.includes("half-typed"));
  const filed = await operator.api.raw("PUT", "/me/locale", { locale: "zh-CN" });
  expect(filed.ok).toBe(true);
  const kept = async (api: Api): Promise<string[]> => {
    const { items: events } = await api.call("GET", `/audit/events?objectId=${operator.id}&limit=200`);
    return events.map((event: { leaf: string }) => event.leaf);
  };
  const cutOff = new Promise((resolve) => child.once("close", resolve));
  await lab.house.kill("SIGKILL");
  await cutOff;
  await lab.house.restart();

  const folder = join(lab.house.data, "recordings");
  const verified = execFileSync(process.execPath, ["gateway/gatehouse.mjs", "recording", "verify", folder], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(verified).toMatch(/recovered/);
  expect(verified).not.toMatch(/altered|truncated/);

  const auditor = await until(
    "a new code for the auditor",
    () => lab.house.as("ivan").catch(() => lab.house.as("judy")),
    65_000,
  );
  const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
  expect(items[0]).toMatchObject({ state: "ended", because: "node-lost" });
  expect((await kept(auditor)).some((leaf) => leaf.includes('"locale":"zh-CN"'))).toBe(true);
  expect((await operator.api.call("GET", "/me")).locale).toBe("zh-CN");
  expect(items[0].recording.state).toBe("recovered");
  const cast = await (await auditor.raw("GET", `/recordings/${items[0].recordingId}/asciicast?channel=1`)).text();
  const recorded = cast
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => JSON.parse(line) as [number, string, string])
    .filter(([, kind]) => kind === "o")
    .map(([, , data]) => data)
    .join("");
  const lastShown = shown.slice(shown.indexOf("line-1-shown"));
  expect(recorded).toContain(lastShown.replaceAll("�", ""));
  const alerts = await auditor.call("GET", "/alerts?open=true");
  expect(alerts.items.map((alert: { kind: string }) => alert.kind)).toContain("recording-recovered");
}, 180_000);

test("SIGTERM drains: live sessions end as node-drained with complete recordings, and the process ends by itself", async () => {
  const operator = await lab.operator(["ssh.shell"]);
  const client = await operator.client();
  const child = client.start("ssh", client.arguments(operator.target, ["-tt"]));
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  child.stdin.write("echo ready-$((1+1))\n");
  await until("the shell", () => shown.includes("ready-2"));
  const over = new Promise((resolve) => child.once("close", resolve));
  expect(await lab.house.kill("SIGTERM")).toBe(0);
  await over;
  const verified = execFileSync(
    process.execPath,
    ["gateway/gatehouse.mjs", "recording", "verify", join(lab.house.data, "recordings")],
    { cwd: ROOT, encoding: "utf8" },
  );
  expect(verified).toMatch(/complete.*node-drained/);
});
