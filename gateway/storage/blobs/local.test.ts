import { mkdir, mkdtemp, open, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blobWriter } from "./local-writer.js";
import { createLocalBlobs } from "./local.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("a local folder of blobs", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-local-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is readable by its owner alone, and a finished blob is read-only", async () => {
    const blobs = createLocalBlobs(join(folder, "recordings"));
    const writer = await blobs.create("day/one");
    const modeOf = async (path: string): Promise<string> => ((await stat(join(folder, path))).mode & 0o777).toString(8);
    expect(await modeOf("recordings")).toBe("700");
    expect(await modeOf("recordings/day")).toBe("700");
    expect(await modeOf("recordings/day/one")).toBe("600");
    expect(await blobs.state("day/one")).toBe("unfinished");
    await writer.finish();
    expect(await modeOf("recordings/day/one")).toBe("400");
    expect(await blobs.state("day/one")).toBe("finished");
    expect(await blobs.state("day/two")).toBe("absent");
  });

  it("follows no symbolic link, neither as a file nor as a folder", async () => {
    const outside = join(folder, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "secret"), "secret");
    await mkdir(join(folder, "blobs"));
    await symlink(join(outside, "secret"), join(folder, "blobs", "link"));
    await symlink(outside, join(folder, "blobs", "door"));
    const blobs = createLocalBlobs(join(folder, "blobs"));
    for (const name of ["link", "door/secret"]) {
      await expect(blobs.open(name), name).rejects.toMatchObject({ code: "invalid-input" });
      await expect(blobs.reopen(name, 0), name).rejects.toMatchObject({ code: "invalid-input" });
    }
    await expect(blobs.create("link")).rejects.toMatchObject({ code: "conflict" });
    await expect(blobs.create("door/new")).rejects.toMatchObject({ code: "invalid-input" });
    await expect(blobs.remove("door/secret")).rejects.toMatchObject({ code: "invalid-input" });
    expect(await blobs.list("")).toEqual([]);
    expect(await readdir(outside)).toEqual(["secret"]);
  });

  it("takes one write at a time", async () => {
    const writer = await createLocalBlobs(folder).create("one");
    const first = writer.append(text("a"));
    await expect(writer.append(text("b"))).rejects.toMatchObject({ code: "internal" });
    await first;
    await writer.append(text("c"));
    expect(writer.size).toBe(2);
    await writer.finish();
  });

  it("says that it is not writable when it is not, and does not take a blob", async () => {
    await writeFile(join(folder, "file"), "");
    const blobs = createLocalBlobs(join(folder, "file", "blobs"));
    expect(await blobs.health()).toEqual({ freeBytes: 0, writable: false });
    await expect(blobs.create("one")).rejects.toThrow();
  });

  it("rejects every write after one that failed, and closes all the same", async () => {
    // Each write to this device answers that the disk is full.
    const writer = blobWriter(await open("/dev/full", "r+"), 0);
    const unavailable = { code: "storage-unavailable" };
    await expect(writer.append(text("lost"))).rejects.toMatchObject(unavailable);
    expect(writer.size).toBe(0);
    await expect(writer.append(text("lost too"))).rejects.toMatchObject(unavailable);
    await expect(writer.finish()).rejects.toMatchObject(unavailable);
    await expect(writer.abandon()).resolves.toBeUndefined();
  });

  it("leaves nothing behind that looks like a blob", async () => {
    const blobs = createLocalBlobs(folder);
    await blobs.health();
    await Promise.all([blobs.health(), blobs.health()]);
    expect(await readdir(folder)).toEqual([]);
  });
});
