/** A desktop on the grown installation: PostgreSQL for the rows and an S3 store for the recording; watched, replayed, exported, verified. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDesktop } from "../support/desktop-client.js";
import { startDesktopLab, type DesktopLab } from "../support/desktop-lab.js";
import { connectWatcher } from "../support/desktop-watcher.js";
import { flashing } from "../support/desktops.js";
import { ROOT, until } from "../support/gatehouse.js";
import { startPostgres, type TestPostgres } from "../support/postgres.js";
import { startS3, type TestS3 } from "../support/s3.js";
import { endedSession } from "../support/trail.js";

let postgres: TestPostgres;
let s3: TestS3;
let lab: DesktopLab;
const folder = mkdtempSync(join(tmpdir(), "gatehouse-grown-"));
beforeAll(async () => {
  postgres = await startPostgres();
  s3 = await startS3();
  lab = await startDesktopLab({
    env: {
      GATEHOUSE_DATABASE_URL: postgres.url,
      GATEHOUSE_RECORDINGS_URL: `s3://${s3.bucket}/gate?endpoint=${s3.endpoint}&region=us-east-1`,
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3RVER",
    },
  });
}, 90_000);
afterAll(async () => {
  await lab?.stop();
  await s3?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** The stored container, once it is there. */
async function stored(recordingId: string): Promise<Buffer> {
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
  });
  try {
    const Key = await until("the container in the bucket", async () => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
      return Contents.find((one) => one.Key?.endsWith(`${recordingId}.ghr`))?.Key;
    });
    const { Body } = await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  } finally {
    client.destroy();
  }
}

test("a desktop is watched, ends in the bucket alone, and is replayed and verified from there", async () => {
  const { accountId } = await lab.addDesktop(flashing(100));
  const operator = await lab.operator(accountId);
  const client = await openDesktop(operator.api, accountId);
  const watcher = await connectWatcher(await lab.house.as("carol"), client.sessionId);
  await until("the watcher's stream", () => watcher.graphicsBytes() > 0);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  client.leave();
  await watcher.ended;
  watcher.close();
  const session = await endedSession(lab.house, operator.login);
  expect(session.recording.state).toBe("complete");

  const auditor = await lab.house.as("ivan");
  const base = `/recordings/${session.recordingId}`;
  const index = await auditor.call("GET", `${base}/index`);
  expect(index).toMatchObject({ complete: true });
  expect(index.keyframes.length).toBeGreaterThan(0);
  const channel = index.channels[0].channel as number;
  const segment = await auditor.raw("GET", `${base}/segment?channel=${channel}&fromUs=0&maxUs=60000000`);
  expect((await segment.text()).length).toBeGreaterThan(1_000);
  const guac = await (await auditor.raw("GET", `${base}/guac?channel=${channel}`)).text();
  expect(guac).toMatch(/4\.size,1\.0,4\.1024,3\.768;/);
  expect(guac.match(/4\.sync,/g)?.length).toBeGreaterThan(5);

  const key = /evidence key (\S+)/.exec(lab.house.output())?.[1] ?? "";
  const bytes = await stored(session.recordingId);
  expect(bytes.equals(Buffer.from(await (await auditor.raw("GET", `${base}/container`)).arrayBuffer()))).toBe(true);
  const path = join(folder, "desktop.ghr");
  writeFileSync(path, bytes);
  const verified = spawnSync(
    process.execPath,
    ["gateway/gatehouse.mjs", "recording", "verify", "--signer", key, path],
    {
      cwd: ROOT,
      encoding: "utf8",
    },
  );
  expect(verified.stdout + verified.stderr).toContain("complete");
  expect(verified.status).toBe(0);
  for (const where of ["recordings", "spool"]) {
    const names = readdirSync(join(lab.house.data, where), { recursive: true, encoding: "utf8" });
    expect(
      names.filter((name) => name.includes(session.recordingId)),
      where,
    ).toEqual([]);
  }
}, 90_000);
