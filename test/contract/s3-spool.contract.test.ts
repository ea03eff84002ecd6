/** What only the S3 store promises: sessions go on while the bucket is gone, within a bound, and a crash loses nothing. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createS3Blobs, openBlobs, parseS3Url } from "../../gateway/storage/index.js";
import type { S3BlobOptions, S3BlobStore } from "../../gateway/storage/index.js";
import { startS3 } from "../support/s3.js";
import type { TestS3 } from "../support/s3.js";

const MIB = 1024 * 1024;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("blobs in S3 behind a spool", () => {
  let server: TestS3;
  let spool: string;
  const opened: S3BlobStore[] = [];

  beforeEach(async () => {
    spool = await mkdtemp(join(tmpdir(), "gatehouse-spool-"));
    server = await startS3();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await server.stop();
    await rm(spool, { recursive: true });
  });

  async function open(more: Partial<S3BlobOptions> = {}): Promise<S3BlobStore> {
    const { bucket, endpoint } = server;
    const store = await createS3Blobs({ bucket, endpoint, prefix: "gate/", spool, log: () => undefined, ...more });
    opened.push(store);
    return store;
  }

  const spooled = async (): Promise<string[]> =>
    (await readdir(join(spool, "blobs"))).filter((name) => !name.startsWith("."));

  async function until(what: () => boolean | Promise<boolean>): Promise<void> {
    for (let waited = 0; waited < 15_000; waited += 25) {
      if (await what()) return;
      await pause(25);
    }
    throw new Error("it did not happen in time");
  }

  it("uploads parts behind the writer and keeps the spool until the object is complete", async () => {
    const blobs = await open();
    const writer = await blobs.create("parts");
    for (let index = 0; index < 17; index += 1) await writer.append(new Uint8Array(MIB).fill(index));
    const parts = (): number => server.requests.filter((one) => one.includes("partNumber=")).length;
    await until(() => parts() === 2);
    expect(await spooled()).toEqual(["parts"]);
    await writer.finish();
    expect(parts()).toBe(3);
    expect(await spooled()).toEqual([]);
    expect(await readdir(join(spool, "uploads"))).toEqual([]);
    expect((await blobs.open("parts"))!.size).toBe(17 * MIB);
  });

  it("goes on while the bucket is gone, and uploads when it is back", async () => {
    const blobs = await open();
    const writer = await blobs.create("outage");
    await server.goAway();
    await writer.append(new Uint8Array(9 * MIB).fill(7));
    await writer.append(text("after"));
    const other = await blobs.create("begun-meanwhile");
    await other.append(text("x"));
    expect((await blobs.health()).writable).toBe(true);
    const reader = await blobs.open("outage");
    expect(reader!.size).toBe(9 * MIB + 5);
    await reader!.close();
    const finished = Promise.all([writer.finish(), other.finish()]);
    await pause(300);
    await server.comeBack();
    await finished;
    expect(await spooled()).toEqual([]);
    const uploaded = await blobs.open("outage");
    expect(Buffer.from(await uploaded!.read(9 * MIB, 5)).toString()).toBe("after");
  });

  it("refuses more than its bound while the bucket is gone, and takes it again afterwards", async () => {
    const blobs = await open({ mostBytesBehind: 10 * MIB });
    const writer = await blobs.create("bounded");
    await server.goAway();
    await writer.append(new Uint8Array(10 * MIB));
    expect((await blobs.health()).writable).toBe(false);
    await expect(writer.append(text("x"))).rejects.toMatchObject({ code: "storage-unavailable" });
    await server.comeBack();
    await until(async () => (await blobs.health()).writable);
    await writer.append(text("x"));
    await writer.finish();
    expect((await blobs.open("bounded"))!.size).toBe(10 * MIB + 1);
  });

  it("rejects a finish that takes too long, keeps the blob readable, and delivers it later", async () => {
    const blobs = await open({ finishTimeoutMs: 200 });
    const writer = await blobs.create("late");
    await writer.append(text("kept"));
    await server.goAway();
    await expect(writer.finish()).rejects.toMatchObject({ code: "storage-unavailable" });
    expect((await blobs.open("late"))!.size).toBe(4);
    await server.comeBack();
    await until(async () => (await spooled()).length === 0);
    expect(await blobs.list("")).toEqual(["late"]);
  });

  it("delivers after a crash what was finished, and aborts the upload that was under way", async () => {
    const before = await open({ finishTimeoutMs: 100 });
    const done = await before.create("done");
    const torn = await before.create("torn");
    await done.append(text("finished"));
    await torn.append(new Uint8Array(9 * MIB));
    await until(async () => (await readdir(join(spool, "uploads")).catch((): string[] => [])).includes("torn"));
    await server.goAway();
    await expect(done.finish()).rejects.toMatchObject({ code: "storage-unavailable" });
    await before.close();
    await server.comeBack();
    const after = await open();
    await until(async () => (await spooled()).join() === "torn");
    expect((await after.open("done"))!.size).toBe(8);
    await expect(after.reopen("done", 8)).rejects.toMatchObject({ code: "conflict" });
    const again = await after.reopen("torn", 9 * MIB - 1);
    expect(
      server.requests.some((one) => one.startsWith("DELETE /recordings/gate/torn") && one.includes("uploadId=")),
    ).toBe(true);
    await again.append(text("ab"));
    await again.finish();
    const reader = await after.open("torn");
    expect(reader!.size).toBe(9 * MIB + 1);
    expect(Buffer.from(await reader!.read(9 * MIB - 1, 2)).toString()).toBe("ab");
  });

  it("takes its place from a URL without credentials", async () => {
    expect(parseS3Url("s3://recordings/gate/one?endpoint=http://127.0.0.1:9000&region=cn-north-1")).toEqual({
      bucket: "recordings",
      prefix: "gate/one/",
      endpoint: "http://127.0.0.1:9000",
      region: "cn-north-1",
    });
    expect(parseS3Url("s3://recordings")).toEqual({ bucket: "recordings", prefix: "" });
    expect(() => parseS3Url("s3://key:secret@recordings/x")).toThrow(/s3:/);
    expect(() => parseS3Url("s3://recordings/x?secret=1")).toThrow(/s3:/);
    await expect(openBlobs({ url: "ftp://x", spool, log: () => undefined })).rejects.toMatchObject({
      code: "invalid-input",
    });
    const local = await openBlobs({ url: `file:${spool}/files`, spool, log: () => undefined });
    expect((await local.health()).writable).toBe(true);
    await local.close();
  });
});
