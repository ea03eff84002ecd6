/** Promise 6: history cannot be rewritten in silence; the verifiers work on exported files alone. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, until, type Api } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";

let lab: Lab;
let auditor: Api;
let container: Buffer;
let exported: string;
let key: string;
let recordingId: string;
const folder = mkdtempSync(join(tmpdir(), "gatehouse-history-"));

function gatehouse(...args: string[]): { status: number | null; text: string } {
  const done = spawnSync(process.execPath, ["gateway/gatehouse.mjs", ...args], { cwd: ROOT, encoding: "utf8" });
  return { status: done.status, text: done.stdout + done.stderr };
}

beforeAll(async () => {
  lab = await startLab();
  const operator = await lab.operator(["ssh.exec"]);
  const client = await operator.client();
  await client.ssh(operator.target, ["seq 1 3000; sleep 11; seq 1 3000"]);
  auditor = await lab.house.as("ivan");
  const session = await until("the session's end", async () => {
    const { items } = await auditor.call("GET", `/sessions?person=${operator.login}`);
    return items.find((one: { state: string }) => one.state === "ended");
  });
  recordingId = session.recordingId;
  container = Buffer.from(await (await auditor.raw("GET", `/recordings/${recordingId}/container`)).arrayBuffer());
  exported = await until("the recording's end in the log", async () => {
    const log = await (await auditor.raw("GET", "/audit/export")).text();
    return log.includes("recording.completed") && log;
  });
  key = /evidence key (\S+)/.exec(lab.house.output())?.[1] ?? "";
});
afterAll(() => lab?.stop());

test("an untouched recording and an untouched log verify under the key the gateway printed", () => {
  const path = join(folder, `${recordingId}.ghr`);
  writeFileSync(path, container);
  expect(gatehouse("recording", "verify", "--signer", key, path)).toMatchObject({ status: 0 });
  writeFileSync(join(folder, "log.jsonl"), exported);
  const verified = gatehouse("audit", "verify", "--key", key, join(folder, "log.jsonl"));
  expect(verified.text).toContain("good");
  expect(verified.status).toBe(0);
  expect(gatehouse("recording", "verify", "--signer", key, "--audit", join(folder, "log.jsonl"), path).status).toBe(0);
});

test("a flipped bit anywhere in a recording is named", () => {
  for (const at of [20, 400, Math.floor(container.length / 2), container.length - 10]) {
    const copy = Buffer.from(container);
    copy[at] = (copy[at] ?? 0) ^ 1;
    const path = join(folder, `${recordingId}.ghr`);
    writeFileSync(path, copy);
    const verified = gatehouse("recording", "verify", "--signer", key, path);
    expect(verified.status, `byte ${at}`).not.toBe(0);
    expect(verified.text, `byte ${at}`).toMatch(/altered|truncated/);
  }
});

test("a cut recording cannot pass for a crash once its heads were logged", () => {
  const path = join(folder, `${recordingId}.ghr`);
  writeFileSync(path, container.subarray(0, 700));
  writeFileSync(join(folder, "log.jsonl"), exported);
  expect(gatehouse("recording", "verify", path).text).toContain("truncated");
  const verified = gatehouse("recording", "verify", "--audit", join(folder, "log.jsonl"), path);
  expect(verified.text).toContain("altered");
  expect(verified.status).not.toBe(0);
});

test("a changed, removed or added audit event is named, also with the checkpoint left alone", () => {
  const lines = exported.trim().split("\n");
  expect(lines.length).toBeGreaterThan(20);
  const changed = [...lines];
  changed[10] = (changed[10] ?? "").replace(/person|asset|request|session|power|role|node|account/, "nobody");
  const removed = lines.filter((_, at) => at !== 12);
  const added = [...lines.slice(0, 12), lines[11] ?? "", ...lines.slice(12)];
  for (const [name, altered] of Object.entries({ changed, removed, added })) {
    const path = join(folder, `${name}.jsonl`);
    writeFileSync(path, altered.join("\n"));
    const verified = gatehouse("audit", "verify", "--key", key, path);
    expect(verified.status, name).not.toBe(0);
    expect(verified.text, name).toContain("ALTERED");
  }
});

test("a checkpoint that the key did not sign proves nothing, in the export or kept elsewhere", () => {
  const [first = "", ...rest] = exported.trim().split("\n");
  const { note } = JSON.parse(first) as { note: string };
  // The signature follows the four bytes that name the key: change one letter well inside it.
  const at = note.trimEnd().length - 20;
  const forged = note.slice(0, at) + (note[at] === "A" ? "B" : "A") + note.slice(at + 1);
  writeFileSync(join(folder, "forged.jsonl"), [JSON.stringify({ note: forged }), ...rest].join("\n"));
  const verified = gatehouse("audit", "verify", "--key", key, join(folder, "forged.jsonl"));
  expect(verified.text).toContain("ALTERED: bad-signature");
  expect(verified.status).toBe(2);
  writeFileSync(join(folder, "forged.note"), forged);
  writeFileSync(join(folder, "log.jsonl"), exported);
  const older = gatehouse(
    "audit",
    "verify",
    "--key",
    key,
    "--older",
    join(folder, "forged.note"),
    join(folder, "log.jsonl"),
  );
  expect(older.text).toContain("ALTERED: older-note-bad");
});

test("an audit row cannot be changed or deleted in the database itself", async () => {
  const { default: Database } = await import("better-sqlite3");
  const database = new Database(join(lab.house.data, "gatehouse.db"));
  for (const name of ["audit_event", "tree_node", "checkpoint"]) {
    const rows = (): unknown[] => database.prepare(`SELECT * FROM ${name} ORDER BY 1`).all();
    const before = rows();
    expect(before.length, name).toBeGreaterThan(0);
    const columns = Object.keys(before[0] as object);
    const tries = columns.map((column) => `UPDATE ${name} SET ${column} = CAST(${column} AS TEXT) || 'x'`);
    for (const sql of [...tries, `DELETE FROM ${name}`, `UPDATE ${name} SET ${columns[0] ?? ""} = NULL`])
      expect(() => database.prepare(sql).run(), sql).toThrow("append-only");
    expect(rows()).toEqual(expect.arrayContaining(before));
  }
  database.close();
});

test("a part of the log verifies by its inclusion proofs, and an older checkpoint kept elsewhere is extended", async () => {
  const { items } = await auditor.call("GET", "/audit/events?limit=200");
  const at = items[items.length - 1].at as number;
  writeFileSync(
    join(folder, "part.jsonl"),
    await (await auditor.raw("GET", `/audit/export?from=${at}&to=${at + 60_000}`)).text(),
  );
  expect(gatehouse("audit", "verify", "--key", key, join(folder, "part.jsonl"))).toMatchObject({ status: 0 });
  const older = await auditor.call("GET", "/audit/checkpoints");
  const list = Array.isArray(older) ? older : older.items;
  writeFileSync(join(folder, "older.note"), list[list.length - 1].note);
  writeFileSync(join(folder, "log.jsonl"), await (await auditor.raw("GET", "/audit/export")).text());
  const extended = gatehouse(
    "audit",
    "verify",
    "--key",
    key,
    "--older",
    join(folder, "older.note"),
    join(folder, "log.jsonl"),
  );
  expect(extended.text).toContain("extends");
  expect(extended.status).toBe(0);
});
