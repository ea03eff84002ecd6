/**
 * Blobs as files of one folder. A file is made exclusively (0600), never through a symbolic link, and turns read-only when it
 * is finished, which is how an unfinished one is known after a crash. Bytes are accepted when `write` took them.
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, statfs, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GatehouseError } from "../../domain/index.js";
import type { BlobReader, BlobStore, BlobWriter } from "../../domain/index.js";
import { absentAsUndefined, codeOf, wrapped } from "./file-failures.js";
import { blobWriter, writeAll } from "./local-writer.js";
import { assertPrefix, segmentsOf } from "./names.js";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_DIRECTORY } = constants;
const UNFINISHED = 0o600;
const FOLDER = 0o700;
/** Hidden, so that no blob can have this name. */
const PROBE = ".probe";

export interface LocalBlobStore extends BlobStore {
  /** Whether the blob is there, and whether it was finished. */
  state(name: string): Promise<"absent" | "unfinished" | "finished">;
}

/** `folder` is made when missing; its parent must be writable. */
export function createLocalBlobs(folder: string): LocalBlobStore {
  let probing: Promise<boolean> | undefined;
  return {
    create: (name) => wrapped(() => create(folder, name)),
    reopen: (name, size) => wrapped(() => reopen(folder, name, size)),
    open: (name) => wrapped(() => openReader(folder, name)),
    state: (name) => wrapped(() => stateOf(folder, name)),
    list: (prefix) => wrapped(() => list(folder, prefix)),
    remove: (name) => wrapped(() => remove(folder, name)),
    async health() {
      probing ??= probe(folder).finally(() => (probing = undefined));
      const writable = await probing;
      const space = writable ? await statfs(folder) : undefined;
      return { freeBytes: space === undefined ? 0 : space.bavail * space.bsize, writable };
    },
  };
}

async function create(folder: string, name: string): Promise<BlobWriter> {
  const path = await pathOf(folder, name, true);
  const handle = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, UNFINISHED);
  await syncFolder(dirname(path));
  return blobWriter(handle, 0);
}

async function reopen(folder: string, name: string, size: number): Promise<BlobWriter> {
  const path = await pathOf(folder, name, false);
  const handle = await open(path, O_NOFOLLOW | O_RDWR);
  try {
    const status = await handle.stat();
    if (!status.isFile() || (status.mode & 0o200) === 0) throw new GatehouseError("conflict", "this blob is finished");
    if (!Number.isSafeInteger(size) || size < 0 || size > status.size) {
      throw new GatehouseError("invalid-input", "an unfinished blob is only ever cut");
    }
    await handle.truncate(size);
    await handle.datasync();
    return blobWriter(handle, size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openReader(folder: string, name: string): Promise<BlobReader | undefined> {
  const handle = await absentAsUndefined(async () => open(await pathOf(folder, name, false), O_NOFOLLOW | O_RDONLY));
  if (handle === undefined) return undefined;
  const status = await handle.stat();
  if (!status.isFile()) {
    await handle.close();
    throw new GatehouseError("invalid-input", "this is no name of a blob");
  }
  return {
    size: status.size,
    read: (offset, length) => wrapped(() => readRange(handle, status.size, offset, length)),
    close: () => wrapped(() => handle.close()),
  };
}

async function readRange(handle: FileHandle, size: number, offset: number, length: number): Promise<Uint8Array> {
  const wanted = Math.max(0, Math.min(length, size - offset));
  const bytes = new Uint8Array(wanted);
  for (let done = 0; done < wanted;) {
    const { bytesRead } = await handle.read(bytes, done, wanted - done, offset + done);
    if (bytesRead === 0) throw new GatehouseError("storage-unavailable", "a blob became shorter while it was read");
    done += bytesRead;
  }
  return bytes;
}

async function stateOf(folder: string, name: string): Promise<"absent" | "unfinished" | "finished"> {
  const status = await absentAsUndefined(async () => lstat(await pathOf(folder, name, false)));
  if (status === undefined) return "absent";
  return (status.mode & 0o200) === 0 ? "finished" : "unfinished";
}

async function list(folder: string, prefix: string): Promise<readonly string[]> {
  assertPrefix(prefix);
  const names: string[] = [];
  const below = async (under: string): Promise<void> => {
    const entries = await absentAsUndefined(() => readdir(join(folder, under), { withFileTypes: true }));
    for (const entry of entries ?? []) {
      const name = under === "" ? entry.name : `${under}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) await below(name);
      else if (entry.isFile() && name.startsWith(prefix)) names.push(name);
    }
  };
  await below(prefix.split("/").slice(0, -1).join("/"));
  return names.sort();
}

async function remove(folder: string, name: string): Promise<void> {
  await absentAsUndefined(async () => {
    const path = await pathOf(folder, name, false);
    await unlink(path);
    await syncFolder(dirname(path));
  });
}

/** The file's path, when every folder on the way is a real one. `make` makes those that are missing. */
async function pathOf(folder: string, name: string, make: boolean): Promise<string> {
  const segments = segmentsOf(name);
  const file = segments.pop() ?? "";
  if (make) await mkdir(folder, { recursive: true, mode: FOLDER });
  let path = folder;
  for (const segment of segments) {
    const parent = path;
    path = join(path, segment);
    if (make) await makeFolder(path, parent);
    const status = await lstat(path);
    if (!status.isDirectory()) throw new GatehouseError("invalid-input", "this is no name of a blob");
  }
  return join(path, file);
}

async function makeFolder(path: string, parent: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER });
    await syncFolder(parent);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** A new or removed name survives a power cut only when its folder was synced. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, O_RDONLY | O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes, syncs and removes one byte. */
async function probe(folder: string): Promise<boolean> {
  const path = join(folder, `${PROBE}-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER });
    await absentAsUndefined(() => unlink(path));
    const handle = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, UNFINISHED);
    try {
      await writeAll(handle, Uint8Array.of(1), 0);
      await handle.datasync();
    } finally {
      await handle.close();
      await unlink(path);
    }
    return true;
  } catch {
    return false;
  }
}
