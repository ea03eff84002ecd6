/**
 * Blobs in an S3 bucket, behind a spool on this machine's disk. `append` is accepted by the spool, so that a session does
 * not wait for the network; parts follow behind. When the store is gone the spool goes on up to a bound and then refuses.
 * The spool keeps a blob whole until the store has it whole: a crash loses nothing, and what was finished but not yet
 * uploaded is uploaded by the next start.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GatehouseError } from "../../domain/index.js";
import type { BlobReader, BlobStore, BlobWriter } from "../../domain/index.js";
import type { Log } from "../engine.js";
import { unavailable } from "../failures.js";
import { within } from "../write-queue.js";
import { createLocalBlobs } from "./local.js";
import type { LocalBlobStore } from "./local.js";
import { assertPrefix, segmentsOf } from "./names.js";
import { createRemote } from "./s3-remote.js";
import type { Remote, S3Place } from "./s3-remote.js";
import { createUpload } from "./s3-upload.js";
import type { Upload } from "./s3-upload.js";
import { createSlots } from "./slots.js";

/** Parts in memory at once: four make 32 MiB. */
const PARTS_AT_ONCE = 4;
const DEFAULT_BEHIND_BYTES = 4 * 1024 * 1024 * 1024;
const DEFAULT_FINISH_MS = 30_000;
/** Longest wait for the store's word that a name is free; without an answer the condition at completion holds. */
const CREATE_CHECK_MS = 2_000;

export interface S3BlobOptions extends S3Place {
  /** Folder on this machine; not shared between nodes. */
  readonly spool: string;
  readonly log: Log;
  /** Bytes accepted but not yet uploaded, over all blobs; 4 GiB unless told. */
  readonly mostBytesBehind?: number;
  /** How long `finish` waits for the upload before it rejects; the upload itself goes on. 30 s unless told. */
  readonly finishTimeoutMs?: number;
}

export interface S3BlobStore extends BlobStore {
  /** Stops uploading and closes connections; what is not uploaded stays in the spool. */
  close(): Promise<void>;
}

interface Shelf {
  readonly spool: LocalBlobStore;
  readonly remote: Remote;
  readonly uploads: Map<string, Upload>;
  /** Bytes accepted and not yet uploaded. */
  behind: number;
  reachable: boolean;
  readonly mostBehind: number;
  readonly finishMs: number;
  readonly idsFolder: string;
  readonly slot: <T>(work: () => Promise<T>) => Promise<T>;
  readonly log: Log;
}

/** Opens the store and goes on with what an earlier process finished but did not upload. */
export async function createS3Blobs(options: S3BlobOptions): Promise<S3BlobStore> {
  const shelf: Shelf = {
    spool: createLocalBlobs(join(options.spool, "blobs")),
    remote: createRemote(options),
    uploads: new Map(),
    behind: 0,
    reachable: true,
    mostBehind: options.mostBytesBehind ?? DEFAULT_BEHIND_BYTES,
    finishMs: options.finishTimeoutMs ?? DEFAULT_FINISH_MS,
    idsFolder: join(options.spool, "uploads"),
    slot: createSlots(PARTS_AT_ONCE),
    log: options.log,
  };
  await resumeFinished(shelf);
  return {
    create: (name) => create(shelf, name),
    reopen: (name, size) => reopen(shelf, name, size),
    open: (name) => openReader(shelf, name),
    list: (prefix) => list(shelf, prefix),
    remove: (name) => remove(shelf, name),
    async health() {
      const { freeBytes, writable } = await shelf.spool.health();
      return { freeBytes, writable: writable && shelf.behind < shelf.mostBehind };
    },
    async close() {
      await Promise.all([...shelf.uploads.values()].map((upload) => upload.stop()));
      shelf.remote.close();
    },
  };
}

async function create(shelf: Shelf, name: string): Promise<BlobWriter> {
  segmentsOf(name);
  if (shelf.reachable && (await mayExist(shelf, name))) {
    throw new GatehouseError("conflict", "a blob of this name exists");
  }
  return writer(shelf, name, await shelf.spool.create(name));
}

async function mayExist(shelf: Shelf, name: string): Promise<boolean> {
  const size = within(CREATE_CHECK_MS, shelf.remote.size(name), () => unavailable("the object store is slow"));
  return size.then(
    (bytes) => bytes !== undefined,
    () => false,
  );
}

async function reopen(shelf: Shelf, name: string, size: number): Promise<BlobWriter> {
  if ((await shelf.spool.state(name)) === "absent" && (await shelf.remote.size(name)) !== undefined) {
    throw new GatehouseError("conflict", "this blob is finished");
  }
  const spooled = await shelf.spool.reopen(name, size);
  await abortForgotten(shelf, name);
  return writer(shelf, name, spooled);
}

function writer(shelf: Shelf, name: string, spooled: BlobWriter): BlobWriter {
  const upload = beginUpload(shelf, name, spooled.size);
  return {
    get size() {
      return spooled.size;
    },
    async append(bytes) {
      if (shelf.behind + bytes.length > shelf.mostBehind) throw unavailable("the spool is full");
      await spooled.append(bytes);
      shelf.behind += bytes.length;
      upload.offer(spooled.size);
    },
    sync: () => spooled.sync(),
    async finish() {
      await spooled.finish();
      await within(shelf.finishMs, deliver(shelf, name, upload), () => unavailable("the object store does not answer"));
    },
    async abandon() {
      await spooled.abandon();
      await upload.stop();
      dropUpload(shelf, name, upload);
    },
  };
}

/** Uploads the rest, then forgets the spool's copy. */
async function deliver(shelf: Shelf, name: string, upload: Upload): Promise<void> {
  try {
    await upload.finish();
    await shelf.spool.remove(name);
  } catch (error) {
    shelf.log("error", "a finished blob was not uploaded", { name, code: codeOf(error) });
    throw error;
  } finally {
    dropUpload(shelf, name, upload);
  }
}

function dropUpload(shelf: Shelf, name: string, upload: Upload): void {
  if (shelf.uploads.get(name) !== upload) return;
  shelf.uploads.delete(name);
  shelf.behind -= upload.behind;
}

function beginUpload(shelf: Shelf, name: string, size: number): Upload {
  const upload = createUpload(name, {
    remote: shelf.remote,
    readSpool: (offset, length) => readSpool(shelf, name, offset, length),
    remember: (id) => remember(shelf, name, id),
    slot: shelf.slot,
    progressed: (bytes) => (shelf.behind -= bytes),
    reachable(yes) {
      if (yes !== shelf.reachable) {
        shelf.log(yes ? "info" : "error", yes ? "the object store is back" : "the object store does not answer");
      }
      shelf.reachable = yes;
    },
  });
  shelf.uploads.set(name, upload);
  shelf.behind += size;
  upload.offer(size);
  return upload;
}

async function readSpool(shelf: Shelf, name: string, offset: number, length: number): Promise<Uint8Array> {
  const reader = await shelf.spool.open(name);
  if (reader === undefined) throw unavailable("the spool lost a blob");
  try {
    return await reader.read(offset, length);
  } finally {
    await reader.close();
  }
}

async function openReader(shelf: Shelf, name: string): Promise<BlobReader | undefined> {
  const spooled = await shelf.spool.open(name);
  if (spooled !== undefined) return spooled;
  const size = await shelf.remote.size(name);
  if (size === undefined) return undefined;
  return {
    size,
    async read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      if (wanted === 0) return new Uint8Array();
      const bytes = await shelf.remote.read(name, offset, wanted);
      if (bytes.length !== wanted) throw unavailable("the object store gave other bytes than asked");
      return bytes;
    },
    async close() {},
  };
}

async function list(shelf: Shelf, prefix: string): Promise<readonly string[]> {
  assertPrefix(prefix);
  const names = new Set([...(await shelf.spool.list(prefix)), ...(await shelf.remote.list(prefix))]);
  return [...names].sort();
}

async function remove(shelf: Shelf, name: string): Promise<void> {
  segmentsOf(name);
  const upload = shelf.uploads.get(name);
  await upload?.stop();
  if (upload !== undefined) dropUpload(shelf, name, upload);
  await abortForgotten(shelf, name);
  await shelf.spool.remove(name);
  await shelf.remote.remove(name);
}

/** Finished blobs of an earlier process go up in the background; open ones wait for `reopen`. */
async function resumeFinished(shelf: Shelf): Promise<void> {
  for (const name of await shelf.spool.list("")) {
    if ((await shelf.spool.state(name)) !== "finished") continue;
    void deliverAgain(shelf, name).catch(() => undefined);
  }
}

async function deliverAgain(shelf: Shelf, name: string): Promise<void> {
  await abortForgotten(shelf, name);
  const reader = await shelf.spool.open(name);
  if (reader === undefined) return;
  await reader.close();
  await deliver(shelf, name, beginUpload(shelf, name, reader.size));
}

/** Parts of an upload that nobody will complete cost money and are not listed: they are aborted by the id kept beside. */
async function abortForgotten(shelf: Shelf, name: string): Promise<void> {
  const uploadId = await readFile(idFile(shelf, name), "utf8").catch(() => undefined);
  if (uploadId === undefined) return;
  await shelf.remote.abortUpload(name, uploadId).catch(() => undefined);
  await remember(shelf, name, null);
}

async function remember(shelf: Shelf, name: string, uploadId: string | null): Promise<void> {
  const file = idFile(shelf, name);
  if (uploadId === null) return rm(file, { force: true });
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, uploadId, { mode: 0o600 });
}

function idFile(shelf: Shelf, name: string): string {
  return join(shelf.idsFolder, ...segmentsOf(name));
}

function codeOf(error: unknown): string {
  return error instanceof GatehouseError ? error.code : "internal";
}
