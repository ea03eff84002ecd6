/** A blob store in memory behind the port, that can be told to fail or to lose what was not synced. */
import { GatehouseError } from "../../gateway/domain/index.js";
import type { BlobReader, BlobStore, BlobWriter } from "../../gateway/domain/index.js";
import { segmentsOf } from "../../gateway/storage/blobs/names.js";

interface Blob {
  bytes: Buffer;
  length: number;
  synced: number;
  finished: boolean;
}

export class MemoryBlobs implements BlobStore {
  readonly blobs = new Map<string, Blob>();
  freeBytes = 1e12;
  /** Throws (or answers a promise that rejects) to make an append or sync of that blob fail. */
  beforeAppend: (name: string, bytes: Uint8Array) => Promise<void> | void = () => undefined;
  beforeSync: (name: string) => Promise<void> | void = () => undefined;
  appends = 0;
  syncs = 0;

  content(name: string): Buffer {
    const blob = this.blobs.get(name);
    if (blob === undefined) throw new Error(`no blob ${name}`);
    return Buffer.from(blob.bytes.subarray(0, blob.length));
  }

  put(name: string, bytes: Uint8Array): void {
    this.blobs.set(name, { bytes: Buffer.from(bytes), length: bytes.length, synced: bytes.length, finished: false });
  }

  /** What another process would find after this one was killed (`synced` false) or the power went (true). */
  copy(synced = false): MemoryBlobs {
    const other = new MemoryBlobs();
    for (const [name, blob] of this.blobs) {
      other.put(name, blob.bytes.subarray(0, synced ? blob.synced : blob.length));
      const copied = other.blobs.get(name);
      if (copied !== undefined) copied.finished = blob.finished;
    }
    return other;
  }

  async create(name: string): Promise<BlobWriter> {
    segmentsOf(name);
    if (this.blobs.has(name)) return Promise.reject(new GatehouseError("conflict", "blob exists"));
    const blob: Blob = { bytes: Buffer.alloc(1024), length: 0, synced: 0, finished: false };
    this.blobs.set(name, blob);
    return Promise.resolve(this.#writer(name, blob));
  }

  async reopen(name: string, size: number): Promise<BlobWriter> {
    segmentsOf(name);
    const blob = this.blobs.get(name);
    if (blob === undefined) return Promise.reject(new GatehouseError("not-found", "no such blob"));
    if (blob.finished) return Promise.reject(new GatehouseError("conflict", "blob is complete"));
    if (size > blob.length) throw new GatehouseError("invalid-input", "an unfinished blob is only ever cut");
    blob.length = size;
    return Promise.resolve(this.#writer(name, blob));
  }

  async open(name: string): Promise<BlobReader | undefined> {
    segmentsOf(name);
    const blob = this.blobs.get(name);
    if (blob === undefined) return Promise.resolve(undefined);
    const size = blob.length;
    return Promise.resolve({
      size,
      read: (offset: number, length: number) =>
        Promise.resolve(Uint8Array.from(blob.bytes.subarray(offset, Math.min(size, offset + length)))),
      close: () => Promise.resolve(),
    });
  }

  list(prefix: string): Promise<readonly string[]> {
    return Promise.resolve([...this.blobs.keys()].filter((name) => name.startsWith(prefix)).sort());
  }

  async remove(name: string): Promise<void> {
    segmentsOf(name);
    this.blobs.delete(name);
  }

  health(): Promise<{ freeBytes: number; writable: boolean }> {
    return Promise.resolve({ freeBytes: this.freeBytes, writable: true });
  }

  #writer(name: string, blob: Blob): BlobWriter {
    let busy = false;
    let closed = false;
    return {
      get size() {
        return blob.length;
      },
      append: async (bytes) => {
        if (busy || closed) throw new GatehouseError("internal", "two appends at once, or one after the end");
        busy = true;
        try {
          this.appends++;
          await this.beforeAppend(name, bytes);
          await new Promise((resolve) => setImmediate(resolve));
          if (blob.length + bytes.length > blob.bytes.length) {
            blob.bytes = Buffer.concat([blob.bytes.subarray(0, blob.length)], 2 * (blob.length + bytes.length));
          }
          blob.bytes.set(bytes, blob.length);
          blob.length += bytes.length;
        } finally {
          busy = false;
        }
      },
      sync: async () => {
        this.syncs++;
        await this.beforeSync(name);
        blob.synced = blob.length;
      },
      finish: async () => {
        if (closed) throw new GatehouseError("internal", "this blob is closed");
        closed = true;
        blob.finished = true;
      },
      abandon: async () => {
        closed = true;
      },
    };
  }
}
