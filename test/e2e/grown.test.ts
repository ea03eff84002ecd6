/** The whole walk on the grown installation: PostgreSQL for the rows and an S3 store for the recordings, both real. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, until } from "../support/gatehouse.js";
import { startLab, type Lab } from "../support/lab.js";
import { startPostgres, type TestPostgres } from "../support/postgres.js";
import { startS3, type TestS3 } from "../support/s3.js";
import { finish } from "../support/ssh-client.js";
import { endedSession } from "../support/trail.js";

let postgres: TestPostgres;
let s3: TestS3;
let lab: Lab;
const folder = mkdtempSync(join(tmpdir(), "gatehouse-grown-"));

beforeAll(async () => {
  postgres = await startPostgres();
  s3 = await startS3();
  lab = await startLab({
    env: {
      GATEHOUSE_DATABASE_URL: postgres.url,
      GATEHOUSE_RECORDINGS_URL: `s3://${s3.bucket}/gate?endpoint=${s3.endpoint}&region=us-east-1`,
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3RVER",
    },
  });
});
afterAll(async () => {
  await lab?.stop();
  await s3?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function verify(path: string, key: string): Promise<{ status: number | null; text: string }> {
  const done = spawnSync(process.execPath, ["gateway/gatehouse.mjs", "recording", "verify", "--signer", key, path], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return Promise.resolve({ status: done.status, text: done.stdout + done.stderr });
}

async function objects(): Promise<readonly { key: string; bytes: Buffer }[]> {
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
  });
  try {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
    return await Promise.all(
      Contents.map(async ({ Key = "" }) => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key }));
        return { key: Key, bytes: Buffer.from((await Body?.transformToByteArray()) ?? []) };
      }),
    );
  } finally {
    client.destroy();
  }
}

test("ask, approve, exec and sftp, replay, export, verify; the container ends in the bucket and nothing of it on this disk", async () => {
  const operator = await lab.operator(["ssh.exec", "sftp.read", "sftp.write"]);
  const client = await operator.client();
  writeFileSync(join(client.folder, "in.bin"), Buffer.alloc(300_000, "grown "));
  const control = join(client.folder, "control");
  const place = ["-o", `User=${operator.target}`, "-o", `ControlPath=${control}`];
  const master = client.start("ssh", client.arguments(operator.target, ["-M", "-S", control, "-N"]));
  const share = ["-S", control, "-p", String(lab.house.sshPort), "-l", operator.target, "127.0.0.1"];
  // Without the socket ssh would sign in by itself, and use up the code that the master needs.
  await until("the shared connection's socket", () => existsSync(control));
  const said = await until("the shared connection", async () => {
    const done = await client.run("ssh", [...client.options, ...share, "echo grown-$((40+2)); exit 5"]);
    return done.code === 5 ? done : false;
  });
  expect(said.stdout.toString()).toBe("grown-42\n");
  const batch = join(client.folder, "batch");
  writeFileSync(batch, "put in.bin there.bin\nget there.bin back.bin\n");
  const moved = await finish(
    client.start(
      "sftp",
      [...client.options, "-o", "BatchMode=no", "-P", String(lab.house.sshPort), ...place, "-b", "batch", "127.0.0.1"],
      { cwd: client.folder },
    ),
  );
  expect(moved.code, moved.stderr).toBe(0);
  expect(readFileSync(join(client.folder, "back.bin")).equals(readFileSync(join(client.folder, "in.bin")))).toBe(true);
  expect(readFileSync(join(lab.sshd.home, "there.bin")).length).toBe(300_000);
  master.kill("SIGTERM");

  const session = await endedSession(lab.house, operator.login);
  expect(session.recording.state).toBe("complete");
  const auditor = await lab.house.as("ivan");
  const detail = await auditor.call("GET", `/sessions/${session.id}`);
  expect(detail.transfers).toMatchObject([
    { direction: "upload", size: 300_000, sequential: true },
    { direction: "download", size: 300_000, sequential: true },
  ]);
  const base = `/recordings/${session.recordingId}`;
  const index = await auditor.call("GET", `${base}/index`);
  expect(index.complete).toBe(true);
  expect(index.markers.map((marker: { text: string }) => marker.text).join("\n")).toContain("echo grown-$((40+2))");
  const channel = index.channels[0].channel as number;
  const segment = await auditor.raw("GET", `${base}/segment?channel=${channel}&fromUs=0&maxUs=60000000`);
  expect(await segment.text()).toContain(Buffer.from("grown-42\n").toString("base64"));
  const cast = await (await auditor.raw("GET", `${base}/asciicast?channel=${channel}`)).text();
  expect(cast).toContain("grown-42");

  const key = /evidence key (\S+)/.exec(lab.house.output())?.[1] ?? "";
  const exported = Buffer.from(await (await auditor.raw("GET", `${base}/container`)).arrayBuffer());
  writeFileSync(join(folder, `${session.recordingId}.ghr`), exported);
  expect(await verify(join(folder, `${session.recordingId}.ghr`), key)).toMatchObject({
    status: 0,
    text: expect.stringContaining("complete") as string,
  });
  const stored = await until("the container in the bucket", async () =>
    (await objects()).find((object) => object.key.endsWith(`${session.recordingId}.ghr`)),
  );
  expect(stored.key.startsWith("gate/")).toBe(true);
  expect(stored.bytes.equals(exported)).toBe(true);
  for (const where of ["recordings", "spool"]) {
    const names = readdirSync(join(lab.house.data, where), { recursive: true, encoding: "utf8" });
    expect(
      names.filter((name) => name.includes(session.recordingId)),
      where,
    ).toEqual([]);
  }
});

test("after kill -9 and with the rows and containers elsewhere, the next start replays what was recorded before it", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const done = await (await operator.client()).ssh(operator.target, ["echo before-the-crash"]);
  expect(done.stdout.toString()).toBe("before-the-crash\n");
  const session = await endedSession(lab.house, operator.login);
  const auditor = await lab.house.as("ivan");
  await lab.house.kill("SIGKILL");
  await lab.house.restart();
  const cast = await (await auditor.raw("GET", `/recordings/${session.recordingId}/asciicast?channel=1`)).text();
  expect(cast).toContain("before-the-crash");
});

test("with the object store away a session is still recorded whole, and its container arrives once the store is back", async () => {
  const operator = await lab.operator(["ssh.exec"]);
  const client = await operator.client();
  await s3.goAway();
  const done = await client.ssh(operator.target, ["seq 1 5000"]);
  await s3.comeBack();
  expect(done.stdout.toString().endsWith("\n5000\n"), done.stderr).toBe(true);
  const session = await endedSession(lab.house, operator.login);
  const stored = await until(
    "the container in the bucket",
    async () => (await objects()).find((object) => object.key.endsWith(`${session.recordingId}.ghr`)),
    60_000,
  );
  const key = /evidence key (\S+)/.exec(lab.house.output())?.[1] ?? "";
  writeFileSync(join(folder, "late.ghr"), stored.bytes);
  expect((await verify(join(folder, "late.ghr"), key)).text).toContain("complete");
});
