import { expect, test } from "vitest";
import type { BlobContainerReader } from "../container-reader.js";
import { BATCH_FRAMES, batches } from "./frames.js";

/** So many frames of so many bytes each. */
function container(frames: number, bytes: number): BlobContainerReader {
  async function* read() {
    for (let n = 0; n < frames; n += 1) yield { head: { timeUs: n }, plain: new Uint8Array(bytes) };
  }
  return { frames: read } as unknown as BlobContainerReader;
}

test.each([
  ["many small frames, as of a desktop that says little in hours", 10 * BATCH_FRAMES + 1, 100, BATCH_FRAMES],
  ["large frames", 40, 65_536, 8],
])("a batch is bounded for %s, and loses none", async (_what, count, bytes, most) => {
  const times: number[] = [];
  for await (const batch of batches(container(count, bytes))) {
    expect(batch.length).toBeLessThanOrEqual(most);
    times.push(...batch.map(({ timeUs }) => timeUs));
  }
  expect(times).toEqual(Array.from({ length: count }, (_, n) => n));
});
