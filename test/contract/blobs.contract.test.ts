/** One suite over every `BlobStore`: a local folder, an S3 bucket behind a spool, and the one in memory that tests take. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BlobStore } from "../../gateway/domain/index.js";
import { createLocalBlobs, createS3Blobs } from "../../gateway/storage/index.js";
import { MemoryBlobs } from "../support/memory-blobs.js";
import { startS3 } from "../support/s3.js";

interface Opened {
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

async function openLocal(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), "gatehouse-blobs-"));
  return { blobs: createLocalBlobs(join(folder, "recordings")), close: () => rm(folder, { recursive: true }) };
}

async function openS3(): Promise<Opened> {
  const spool = await mkdtemp(join(tmpdir(), "gatehouse-spool-"));
  const server = await startS3();
  const { bucket, endpoint } = server;
  const blobs = await createS3Blobs({ bucket, endpoint, prefix: "gate/", spool, log: () => undefined });
  return {
    blobs,
    async close() {
      await blobs.close();
      await server.stop();
      await rm(spool, { recursive: true });
    },
  };
}

async function openMemory(): Promise<Opened> {
  return { blobs: new MemoryBlobs(), close: async () => undefined };
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const MIB = 1024 * 1024;

describe.each([
  ["a local folder", openLocal],
  ["S3", openS3],
  ["memory", openMemory],
] as const)("blobs in %s", (_name, open) => {
  let opened: Opened;
  let blobs: BlobStore;
  beforeAll(async () => {
    opened = await open();
    blobs = opened.blobs;
  });
  afterAll(() => opened?.close());

  async function contentOf(name: string): Promise<string | undefined> {
    const reader = await blobs.open(name);
    if (reader === undefined) return undefined;
    const bytes = await reader.read(0, reader.size + 10);
    await reader.close();
    return Buffer.from(bytes).toString("utf8");
  }

  async function put(name: string, content: string): Promise<void> {
    const writer = await blobs.create(name);
    await writer.append(text(content));
    await writer.finish();
  }

  it("gives back what was appended, whole and in ranges", async () => {
    const writer = await blobs.create("2026/11/a.ghr");
    await writer.append(text("hello "));
    expect(writer.size).toBe(6);
    await writer.append(text("wörld"));
    await writer.sync();
    expect(writer.size).toBe(12);
    await writer.finish();
    expect(await contentOf("2026/11/a.ghr")).toBe("hello wörld");
    const reader = await blobs.open("2026/11/a.ghr");
    expect(reader!.size).toBe(12);
    const range = async (offset: number, length: number): Promise<string> =>
      Buffer.from(await reader!.read(offset, length)).toString("utf8");
    expect(await range(6, 3)).toBe("wö");
    expect(await range(10, 100)).toBe("ld");
    expect(await range(12, 1)).toBe("");
    expect(await range(500, 1)).toBe("");
    expect(await range(3, 0)).toBe("");
    await reader!.close();
  });

  it("keeps a blob that was finished empty", async () => {
    await (await blobs.create("empty")).finish();
    expect(await contentOf("empty")).toBe("");
  });

  it("keeps a blob of several parts byte for byte", async () => {
    const writer = await blobs.create("large");
    const piece = new Uint8Array(MIB);
    for (let index = 0; index < 21; index += 1) {
      piece.fill(index);
      await writer.append(piece);
    }
    await writer.append(text("end"));
    await writer.finish();
    const reader = await blobs.open("large");
    expect(reader!.size).toBe(21 * MIB + 3);
    for (const at of [0, 7, 8, 15, 16, 20]) {
      const bytes = await reader!.read(at * MIB, MIB);
      expect(bytes.length).toBe(MIB);
      expect(bytes.every((byte) => byte === at)).toBe(true);
    }
    expect(Buffer.from(await reader!.read(21 * MIB, 10)).toString()).toBe("end");
    await reader!.close();
  });

  it("overwrites nothing: not what is open, not what is finished", async () => {
    const writer = await blobs.create("taken");
    await expect(blobs.create("taken")).rejects.toMatchObject({ code: "conflict" });
    await writer.append(text("first"));
    await writer.finish();
    await expect(blobs.create("taken")).rejects.toMatchObject({ code: "conflict" });
    expect(await contentOf("taken")).toBe("first");
  });

  it("reads what is there while it is being written", async () => {
    const writer = await blobs.create("growing");
    await writer.append(text("abc"));
    const reader = await blobs.open("growing");
    await writer.append(text("def"));
    expect(reader!.size).toBe(3);
    expect(Buffer.from(await reader!.read(0, 100)).toString()).toBe("abc");
    await reader!.close();
    expect(await contentOf("growing")).toBe("abcdef");
    await writer.finish();
  });

  it("goes on with an unfinished blob, cut to what was whole", async () => {
    const writer = await blobs.create("crashed");
    await writer.append(text("whole|torn"));
    await writer.abandon();
    await expect(writer.append(text("x"))).rejects.toMatchObject({ code: "internal" });
    const again = await blobs.reopen("crashed", 6);
    expect(again.size).toBe(6);
    await again.append(text("closed"));
    await again.finish();
    expect(await contentOf("crashed")).toBe("whole|closed");
  });

  it("reopens nothing that is finished, absent or shorter", async () => {
    await put("finished", "done");
    await expect(blobs.reopen("finished", 2)).rejects.toMatchObject({ code: "conflict" });
    await expect(blobs.reopen("never-was", 0)).rejects.toMatchObject({ code: "not-found" });
    const writer = await blobs.create("short");
    await writer.append(text("abc"));
    await writer.abandon();
    await expect(blobs.reopen("short", 4)).rejects.toMatchObject({ code: "invalid-input" });
    expect(await contentOf("short")).toBe("abc");
    await (await blobs.reopen("short", 3)).finish();
  });

  it("takes nothing after the end", async () => {
    const writer = await blobs.create("ended");
    await writer.finish();
    await expect(writer.append(text("more"))).rejects.toMatchObject({ code: "internal" });
    await expect(writer.finish()).rejects.toMatchObject({ code: "internal" });
    await expect(writer.abandon()).resolves.toBeUndefined();
  });

  it("lists by the beginning of the name, open ones too", async () => {
    await put("list/a/1", "");
    await put("list/a/2", "");
    await put("list/ab", "");
    const writer = await blobs.create("list/a/open");
    expect(await blobs.list("list/a/")).toEqual(["list/a/1", "list/a/2", "list/a/open"]);
    expect(await blobs.list("list/a")).toEqual(["list/a/1", "list/a/2", "list/a/open", "list/ab"]);
    expect(await blobs.list("list/none")).toEqual([]);
    expect((await blobs.list("")).length).toBeGreaterThan(5);
    await writer.finish();
  });

  it("removes a blob, and is content when it is gone already", async () => {
    await put("gone", "x");
    await blobs.remove("gone");
    expect(await blobs.open("gone")).toBeUndefined();
    expect(await blobs.list("gone")).toEqual([]);
    await expect(blobs.remove("gone")).resolves.toBeUndefined();
    await put("gone", "again");
    expect(await contentOf("gone")).toBe("again");
  });

  it.each([
    "",
    "/etc/passwd",
    "a/../b",
    "..",
    "a//b",
    "a/",
    "A",
    "a b",
    ".hidden",
    "a/.x",
    "a\u0000",
    "é",
    "a".repeat(600),
  ])("refuses the name %j", async (name) => {
    const invalid = { code: "invalid-input" };
    await expect(blobs.create(name)).rejects.toMatchObject(invalid);
    await expect(blobs.reopen(name, 0)).rejects.toMatchObject(invalid);
    await expect(blobs.open(name)).rejects.toMatchObject(invalid);
    await expect(blobs.remove(name)).rejects.toMatchObject(invalid);
  });

  it("knows its free space and that it can be written", async () => {
    const health = await blobs.health();
    expect(health.writable).toBe(true);
    expect(health.freeBytes).toBeGreaterThan(0);
  });
});
