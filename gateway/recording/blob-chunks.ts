/** A blob's bytes in order, in pieces. */
import type { BlobReader } from "../domain/index.js";

export const CHUNK_BYTES = 256 * 1024;

/** `[from, to)` of the blob; ends early where the blob does. Does not close it. */
export async function* blobChunks(blob: BlobReader, from = 0, to = blob.size): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to;) {
    const chunk = await blob.read(at, Math.min(CHUNK_BYTES, to - at));
    if (chunk.length === 0) return;
    yield chunk;
    at += chunk.length;
  }
}
