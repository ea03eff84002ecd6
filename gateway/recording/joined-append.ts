/**
 * One write of many parts, through buffers that are used again: a busy node writes hundreds of times a second, and each write's own
 * buffer would keep the collector running. A writer does not keep what it was given once it took it.
 */
import type { BlobWriter } from "../domain/index.js";

const SPARE_BYTES = 160 * 1024;
const SPARE_MOST = 8;
const spare: Uint8Array[] = [];

/** Appends `parts` in one write and answers how many bytes they were. Rejects as the writer does. */
export async function appendJoined(writer: BlobWriter, parts: readonly Uint8Array[]): Promise<number> {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > SPARE_BYTES) {
    await writer.append(Buffer.concat(parts, length));
    return length;
  }
  const buffer = spare.pop() ?? new Uint8Array(SPARE_BYTES);
  let at = 0;
  for (const part of parts) {
    buffer.set(part, at);
    at += part.length;
  }
  // After a write that failed nobody knows who still reads the buffer: it is not used again.
  await writer.append(buffer.subarray(0, length));
  if (spare.length < SPARE_MOST) spare.push(buffer);
  return length;
}
