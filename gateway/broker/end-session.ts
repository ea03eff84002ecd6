/**
 * What follows the end of a session: its channels and recording are closed, then rows and events are written, tried again
 * while the database is away. Whoever ends a session goes through `LiveSessions.end`, which calls this.
 */
import {
  type AlertKind,
  type Channel,
  type ChannelOutcome,
  type EndReason,
  type RecordingId,
  type Stores,
} from "../domain/index.js";
import type { FinishedRecording } from "../recording/index.js";
import { raiseAlert } from "./alerts.js";
import type { BrokerDeps } from "./deps.js";
import type { LiveEntry, OpenChannel } from "./live-entry.js";
import { sessionNotice } from "./notices.js";
import { writeInTheEnd } from "./write-in-the-end.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "notify" | "log"> & {
  readonly onRecorded: (id: RecordingId) => void;
};

const ALERT_FOR: Partial<Record<EndReason, AlertKind>> = {
  "recorder-failed": "recorder-failed",
  quota: "quota-exceeded",
};

type ClosedChannel = Pick<Channel, "id" | "bytesIn" | "bytesOut"> & { readonly outcome: ChannelOutcome };

/** Closes recording and rows of a session that has ended. */
export async function closeSession(deps: Deps, entry: LiveEntry, because: EndReason): Promise<void> {
  const channels: ClosedChannel[] = [];
  for (const channel of entry.channels) channels.push(await closeTap(deps, channel));
  entry.channels.clear();
  const finished = await closeRecording(deps, entry, because);
  if (!entry.stored) return;
  await writeInTheEnd(deps, entry.id, () =>
    deps.database.write((tx) => writeEnd(deps, tx, entry, because, channels, finished)),
  );
  deps.notify(sessionNotice(entry.id, entry.personId));
  if (finished?.complete === true) deps.onRecorded(entry.recordingId);
}

async function closeTap(deps: Deps, channel: OpenChannel): Promise<ClosedChannel> {
  const { bytesIn, bytesOut, digested } = channel.tap.counters;
  const facts = { id: channel.row.id, bytesIn, bytesOut };
  try {
    channel.closing ??= channel.tap.close();
    return { ...facts, outcome: await channel.closing };
  } catch (error) {
    // A recorder that failed cannot close a channel; what it kept until then stands.
    deps.log("warn", "a channel's recording did not close", { channelId: channel.row.id, error: String(error) });
    return { ...facts, outcome: digested ? "digested" : "recorded" };
  }
}

async function closeRecording(
  deps: Deps,
  entry: LiveEntry,
  because: EndReason,
): Promise<FinishedRecording | undefined> {
  if (entry.open === null) return undefined;
  try {
    await entry.open.tap.close(because);
  } catch (error) {
    deps.log("error", "a recording did not close", { sessionId: entry.id, error: String(error) });
  }
  return entry.open.finished;
}

async function writeEnd(
  deps: Deps,
  tx: Stores,
  entry: LiveEntry,
  because: EndReason,
  channels: readonly ClosedChannel[],
  finished: FinishedRecording | undefined,
): Promise<void> {
  const now = deps.clock.now();
  for (const { id, ...patch } of channels)
    await tx.channels.update(id, { ...patch, closedAt: now }, { outcome: "open" });
  await tx.connections.update(entry.connectionId, { closedAt: now }, { closedAt: null });
  await tx.sessions.update(entry.id, { state: "ended", because, endedAt: now });
  await tx.audit.append({
    verb: "session.ended",
    actorId: entry.personId,
    object: { kind: "session", id: entry.id },
    sourceAddress: entry.sourceAddress,
    decidedBy: because,
    detail: { grantId: entry.grant.id, recordingId: entry.recordingId, refusals: entry.refusals },
  });
  if (finished !== undefined) await writeRecording(tx, entry, finished, now);
  const kind = ALERT_FOR[because];
  if (kind === undefined) return;
  const detail = { sessionId: entry.id, login: entry.snapshot?.login ?? "" };
  await raiseAlert(deps, tx, { unitId: entry.unitId, kind, subject: `session:${entry.id}`, detail });
}

async function writeRecording(tx: Stores, entry: LiveEntry, finished: FinishedRecording, now: number): Promise<void> {
  const { durationUs, bytes, frames, closingHash, complete } = finished;
  // An incomplete container stays open, so that the next start seals what is whole of it.
  await tx.recordings.update(entry.recordingId, {
    state: complete ? "complete" : "open",
    endedAt: now,
    durationUs,
    bytes,
    frames,
    closingHash,
  });
  if (!complete) return;
  await tx.audit.append({
    verb: "recording.completed",
    actorId: null,
    object: { kind: "recording", id: entry.recordingId },
    sourceAddress: null,
    detail: { sessionId: entry.id, closingHash, durationUs, bytes, frames },
  });
}
