/**
 * One object on its way: parts are read back from the spool and uploaded behind the writer, one at a time, tried again until
 * it works or is stopped. Memory holds at most one part, and only while a slot of the shared bound is held.
 */
import { setTimeout as pause } from "node:timers/promises";
import { GatehouseError } from "../../domain/index.js";
import type { Remote, UploadedPart } from "./s3-remote.js";

/** S3 takes no smaller part but the last; 10,000 parts of this make 80 GiB. */
export const PART_BYTES = 8 * 1024 * 1024;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 15_000;

export interface UploadDeps {
  readonly remote: Remote;
  /** Reads back from the spool. */
  readonly readSpool: (offset: number, length: number) => Promise<Uint8Array>;
  /** Remembers the upload's id (null: none), so that it can be aborted after a crash. */
  readonly remember: (uploadId: string | null) => Promise<void>;
  /** Runs within the bound on parts in memory. */
  readonly slot: <T>(work: () => Promise<T>) => Promise<T>;
  /** Bytes that are now uploaded and were not; negative when an upload was lost and begins again. */
  readonly progressed: (bytes: number) => void;
  /** Each try that failed, and each success after failures. */
  readonly reachable: (yes: boolean) => void;
}

export interface Upload {
  /** Bytes in the spool that are not yet uploaded. */
  readonly behind: number;
  /** The spool holds `size` bytes. */
  offer(size: number): void;
  /** Uploads what is left and completes the object; goes on trying until `stop`. Rejects with `conflict` when another object has the name. */
  finish(): Promise<void>;
  /** Ends trying. The parts already there stay until aborted. */
  stop(): Promise<void>;
}

export function createUpload(name: string, deps: UploadDeps): Upload {
  let spooled = 0;
  let uploaded = 0;
  let uploadId: string | undefined;
  let parts: UploadedPart[] = [];
  let working: Promise<void> | undefined;
  const stopping = new AbortController();

  /** Begins anew when the store has forgotten the upload. */
  function forget(): void {
    deps.progressed(-uploaded);
    uploadId = undefined;
    parts = [];
    uploaded = 0;
  }

  async function uploadNext(): Promise<void> {
    const length = Math.min(PART_BYTES, spooled - uploaded);
    uploadId ??= await begin();
    const id = uploadId;
    const part = await deps.slot(async () =>
      deps.remote.uploadPart(name, id, parts.length + 1, await deps.readSpool(uploaded, length)),
    );
    parts.push(part);
    uploaded += length;
    deps.progressed(length);
  }

  async function begin(): Promise<string> {
    const id = await deps.remote.beginUpload(name);
    await deps.remember(id);
    return id;
  }

  async function pump(): Promise<void> {
    while (spooled - uploaded >= PART_BYTES && !stopping.signal.aborted) {
      await persistently(uploadNext, deps.reachable, stopping.signal, forget);
    }
  }

  async function complete(): Promise<void> {
    if (uploadId === undefined && spooled <= PART_BYTES) {
      await deps.slot(async () => deps.remote.put(name, await deps.readSpool(0, spooled)));
      deps.progressed(spooled - uploaded);
    } else {
      while (uploaded < spooled) await uploadNext();
      await deps.remote.completeUpload(name, uploadId ?? "", parts);
    }
    uploaded = spooled;
    await deps.remember(null);
  }

  /** A store that says "exists" may mean our own earlier completion, whose answer was lost. */
  async function completeOrFound(): Promise<void> {
    try {
      await complete();
    } catch (error) {
      if (!(error instanceof GatehouseError) || error.code !== "conflict") throw error;
      if ((await deps.remote.size(name)) !== spooled) throw error;
      deps.progressed(spooled - uploaded);
      uploaded = spooled;
    }
  }

  function start(): void {
    working ??= pump().finally(() => (working = undefined));
  }

  return {
    get behind() {
      return spooled - uploaded;
    },
    offer(size) {
      spooled = size;
      if (!stopping.signal.aborted && spooled - uploaded >= PART_BYTES) start();
    },
    async finish() {
      await working;
      await persistently(completeOrFound, deps.reachable, stopping.signal, forget);
    },
    async stop() {
      stopping.abort();
      await working?.catch(() => undefined);
    },
  };
}

/** Tries until it works; gives up on `stop` with `storage-unavailable` and on `conflict` at once. */
async function persistently(
  work: () => Promise<void>,
  reachable: (yes: boolean) => void,
  stop: AbortSignal,
  lost: () => void,
): Promise<void> {
  for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_PAUSE_MS)) {
    try {
      await work();
      reachable(true);
      return;
    } catch (error) {
      if (error instanceof GatehouseError && error.code === "conflict") throw error;
      if (error instanceof GatehouseError && error.code === "not-found") lost();
      reachable(false);
      await pause(waitMs, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) throw new GatehouseError("storage-unavailable", "the upload was stopped", error);
    }
  }
}
