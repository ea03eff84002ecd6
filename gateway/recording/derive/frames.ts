/** What goes to a derive worker of a container: its main-stream frames, some at a time. */
import { EventType, decodeJson } from "../../../recordings/codec/index.js";
import type { BlobContainerReader } from "../container-reader.js";
import type { PlainFrame } from "./protocol.js";

const BATCH_BYTES = 512 * 1024;
/** A quiet desktop says little in hours, and each of its frames may be worth a keyframe and a small picture; a batch has its time. */
export const BATCH_FRAMES = 32;

/** Frames from the one that holds `fromUs` on. */
export async function* batches(reader: BlobContainerReader, fromUs = 0): AsyncGenerator<readonly PlainFrame[]> {
  let frames: PlainFrame[] = [];
  let bytes = 0;
  for await (const { head, plain } of reader.frames(fromUs)) {
    frames.push({ timeUs: head.timeUs, plain });
    bytes += plain.length;
    if (bytes < BATCH_BYTES && frames.length < BATCH_FRAMES) continue;
    yield frames;
    frames = [];
    bytes = 0;
  }
  if (frames.length > 0) yield frames;
}

/** Whether the recording's first channel is a desktop; undefined while it has none. */
export async function hasDesktop(reader: BlobContainerReader): Promise<boolean | undefined> {
  for await (const { type, payload } of reader.events(0, Infinity))
    if (type === EventType.channelOpen) return (decodeJson(payload) as { readonly kind?: unknown }).kind === "desktop";
  return undefined;
}
