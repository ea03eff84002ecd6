/** The writing end of one local blob. */
import { write } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { GatehouseError } from "../../domain/index.js";
import type { BlobWriter } from "../../domain/index.js";
import { failure, wrapped } from "./file-failures.js";

const FINISHED = 0o400;

/** Appends to an open file from `from` on, one write at a time; after a failed write it takes nothing more. */
export function blobWriter(handle: FileHandle, from: number): BlobWriter {
  let size = from;
  let state: "open" | "busy" | "failed" | "closed" = "open";
  function assertOpen(): void {
    if (state === "failed") throw new GatehouseError("storage-unavailable", "an earlier write to this blob failed");
    if (state !== "open")
      throw new GatehouseError("internal", "this blob takes one write at a time, until it is closed");
  }
  return {
    get size() {
      return size;
    },
    async append(bytes) {
      assertOpen();
      state = "busy";
      try {
        await writeAll(handle, bytes, size);
        size += bytes.length;
        state = "open";
      } catch (error) {
        state = "failed";
        throw failure(error);
      }
    },
    sync: () => wrapped(() => handle.datasync()),
    async finish() {
      assertOpen();
      state = "failed";
      await wrapped(async () => {
        await handle.chmod(FINISHED);
        await handle.sync();
        state = "closed";
        await handle.close();
      });
    },
    async abandon() {
      if (state === "closed") return;
      state = "closed";
      await wrapped(() => handle.close());
    },
  };
}

/** A write may take a part only. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await writeSome(handle.fd, bytes, done, at + done);
  }
}

/** A third of what the handle's own `write` costs: measured, it is made for every commit. */
function writeSome(fd: number, bytes: Uint8Array, from: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, from, bytes.length - from, at, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}
