/**
 * What the next start does with recordings that a dead process left open: cut each container to its last whole record, append
 * the journal's frames that it lacks, close it as `node-lost`, and remove the journals. Running it again, also after
 * it was itself interrupted, leads to the same end. A container that was changed meanwhile is left as it is and named.
 */
import { GatehouseError } from "../domain/index.js";
import type { BlobStore, RecordingId } from "../domain/index.js";
import { decodeJournal } from "../../recordings/codec/index.js";
import type { ClosingBody, ContainerHeader, JournalEntry } from "../../recordings/codec/index.js";
import { ContainerFile } from "./container-file.js";
import type { FinishedRecording, Recover, RecorderDeps, StreamOpener } from "./contract.js";
import { JOURNAL_PREFIX } from "./journal.js";
import { closeContainer } from "./closing-record.js";
import { containerName } from "./recorder.js";
import { BlobContainerReader } from "./container-reader.js";
import { FrameOpener } from "./frame-text.js";
import { salvage } from "./salvage.js";
import type { Salvaged } from "./salvage.js";

type Recovered = FinishedRecording & { readonly recordingId: RecordingId };
const NODE_LOST = "node-lost";

/**
 * Recovers `openIds` and whatever else the journals hold frames of. To be called before the node's recorder is created. One recording
 * that cannot be recovered (I/O, altered) does not hold up the others; the journals then stay for the next start.
 */
export const recover: Recover = async (deps, openIds) => {
  const names = [...(await deps.journal.list(JOURNAL_PREFIX))].sort();
  const entries = await readJournals(deps.journal, names);
  const asked = new Set<string>(openIds);
  const results: Recovered[] = [];
  let keepJournals = false;
  for (const id of new Set([...asked, ...entries.keys()])) {
    const recordingId = id as RecordingId;
    try {
      const finished = await recoverOne(deps, recordingId, entries.get(id) ?? [], asked.has(id));
      if (finished?.altered !== undefined) keepJournals = true;
      if (finished !== undefined) results.push({ ...finished, recordingId });
    } catch (error) {
      keepJournals = true;
      deps.log("error", "recording could not be recovered", { recordingId, cause: String(error) });
      if (asked.has(id)) results.push({ ...nothing(), postponed: true, recordingId });
    }
  }
  if (!keepJournals) for (const name of names) await deps.journal.remove(name);
  return results;
};

async function readJournals(store: BlobStore, names: readonly string[]): Promise<Map<string, JournalEntry[]>> {
  const byRecording = new Map<string, JournalEntry[]>();
  for (const name of names) {
    const blob = await store.open(name);
    if (blob === undefined) continue;
    const { entries } = decodeJournal(await blob.read(0, blob.size));
    await blob.close();
    for (const entry of entries) {
      const list = byRecording.get(entry.recordingId) ?? [];
      list.push(entry);
      byRecording.set(entry.recordingId, list);
    }
  }
  return byRecording;
}

/** Undefined: nobody asked and there was nothing to do. */
async function recoverOne(
  deps: RecorderDeps,
  id: RecordingId,
  journal: readonly JournalEntry[],
  asked: boolean,
): Promise<FinishedRecording | undefined> {
  const blob = await deps.blobs.open(containerName(id));
  if (blob === undefined) return asked ? nothing() : undefined;
  let found: Salvaged;
  try {
    found = await salvage(blob);
  } finally {
    await blob.close();
  }
  switch (found.state) {
    case "no-header":
      return asked ? nothing() : undefined;
    case "altered":
      if (asked)
        deps.log("error", "container was changed while the node was down", { recordingId: id, ...found.altered });
      return asked ? { ...nothing(), ...found.facts, altered: found.altered } : undefined;
    case "closed":
      await finishAgain(deps, id, found.facts.bytes);
      return asked ? fromClosing(found.closing, found.facts.bytes, found.closingHash) : undefined;
    case "open":
      return closeLost(deps, id, found, journal);
  }
}

async function closeLost(
  deps: RecorderDeps,
  id: RecordingId,
  found: Extract<Salvaged, { state: "open" }>,
  journal: readonly JournalEntry[],
): Promise<FinishedRecording> {
  const writer = await deps.blobs.reopen(containerName(id), found.facts.bytes);
  // A failed write also rejects `drained`.
  const events = { written: () => undefined, failed: () => undefined };
  const container = new ContainerFile(writer, found.prelude, events, found);
  const reach: [number, number] = [...found.events];
  let lastUs = await lastEventUs(deps, id, found);
  for (const { head, headBytes, body } of journal) {
    if (head.firstEvent !== reach[head.stream as 0 | 1]) continue;
    if (head.stream === 0) lastUs = Math.max(lastUs, timesOf(deps, found.header, headBytes, body));
    lastUs = Math.max(lastUs, head.timeUs);
    reach[head.stream as 0 | 1] += head.eventCount;
    container.frame(headBytes, body, { main: reach[0], input: reach[1] }, head.stream === 0 ? head : undefined);
    if (container.queued > 1024 * 1024) await container.drained();
  }
  await container.drained();
  const endedAt = found.header.startedAt + Math.floor(lastUs / 1000);
  const facts = { because: NODE_LOST, endedAt, durationUs: lastUs, events: reach };
  const { closing, closingHash } = closeContainer(container, deps.crypto.evidence, facts);
  await container.drained();
  await container.finish();
  return fromClosing(closing, container.bytes, closingHash);
}

/** Time of the last event that stands in the container. */
async function lastEventUs(
  deps: RecorderDeps,
  id: RecordingId,
  found: Extract<Salvaged, { state: "open" }>,
): Promise<number> {
  const { header, prelude, facts, mainFrames, lastMainUs, lastHeadUs } = found;
  const blob = await deps.blobs.open(containerName(id));
  if (blob === undefined) return lastHeadUs;
  const range = { from: prelude.length, end: facts.bytes, index: mainFrames };
  const reader = new BlobContainerReader(blob, header, undefined, openerOf(deps, header), range);
  let lastUs = lastHeadUs;
  try {
    for await (const event of reader.events(lastMainUs, Infinity)) lastUs = Math.max(lastUs, event.atUs);
  } finally {
    await reader.close();
  }
  return lastUs;
}

/** Also the proof that the frame was sealed with the recording's key: throws when it does not open. Journal frames are never continued. */
function timesOf(deps: RecorderDeps, header: ContainerHeader, headBytes: Uint8Array, body: Uint8Array): number {
  const opener = new FrameOpener(openerOf(deps, header), header.recordingId);
  return opener.events(headBytes, body).at(-1)?.atUs ?? 0;
}

function openerOf(deps: RecorderDeps, header: ContainerHeader): StreamOpener {
  return deps.crypto.mainOpener(header.recordingId, header.keys.main);
}

/** The closing record stands, but the process may have died before it told the store that the blob is complete. */
async function finishAgain(deps: RecorderDeps, id: RecordingId, bytes: number): Promise<void> {
  try {
    const writer = await deps.blobs.reopen(containerName(id), bytes);
    await writer.sync();
    await writer.finish();
  } catch (error) {
    if (error instanceof GatehouseError && error.code === "conflict") return;
    deps.log("warn", "store could not finish a complete container", { recordingId: id, cause: String(error) });
  }
}

function fromClosing(closing: ClosingBody, bytes: number, closingHash: string): FinishedRecording {
  const { because, durationUs, frames } = closing;
  return { because: because as FinishedRecording["because"], complete: true, durationUs, bytes, frames, closingHash };
}

function nothing(): FinishedRecording {
  return { because: NODE_LOST, complete: false, durationUs: 0, bytes: 0, frames: 0, closingHash: null };
}
