/**
 * What a node does when it starts: says so, seals the recordings that a dead process of its own left open, ends the
 * sessions they belonged to, and puts what was never derived back in the queue.
 */
import { RUNNING_STATES, type Recording, type RecordingId, type Session, type Stores } from "../domain/index.js";
import type { FinishedRecording } from "../recording/index.js";
import { raiseAlert } from "./alerts.js";
import type { BrokerDeps } from "./deps.js";
import { merkleRoot } from "./hashing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "nodeId" | "policy" | "recover" | "recorder" | "log">;
type Recovered = FinishedRecording & { readonly recordingId: RecordingId };

const MOST = 1000;

/** Registers the node and writes `node.started` and the policy in force. */
export async function registerNode(deps: Deps): Promise<void> {
  const { nodeId: id } = deps;
  const now = deps.clock.now();
  await deps.database.write(async (tx) => {
    const patch = { startedAt: now, seenAt: now };
    if (!(await tx.nodes.update(id, patch))) await tx.nodes.insert({ id, name: id, version: "1", ...patch });
    const object = { kind: "node", id };
    await tx.audit.append({ verb: "node.started", actorId: null, object, sourceAddress: null });
    await tx.audit.append({
      verb: "policy.loaded",
      actorId: null,
      object: { kind: "policy", id: deps.policy.digest },
      sourceAddress: null,
    });
  });
}

/** Seals open recordings of this node and ends its sessions as `node-lost`; answers the recordings to derive. */
export async function recoverNode(deps: Deps): Promise<readonly RecordingId[]> {
  const { read } = deps.database;
  const toDerive: RecordingId[] = [];
  /** Their storage failed just now (a full disk): they stay open for the next start. */
  const postponed = new Set<RecordingId>();
  for (;;) {
    const rows = await read.recordings.find({ nodeId: deps.nodeId, state: "open" }, { limit: MOST });
    const open = rows.filter(({ id }) => !postponed.has(id));
    if (open.length === 0) break;
    const recovered = new Map((await deps.recover(open.map((row) => row.id))).map((one) => [one.recordingId, one]));
    for (const row of open) {
      if (recovered.get(row.id)?.postponed === true) {
        postponed.add(row.id);
        const { unitId, sessionId } = row;
        const alert = {
          unitId,
          kind: "recorder-failed",
          subject: `recording:${row.id}`,
          detail: { sessionId },
        } as const;
        await deps.database.write((tx) => raiseAlert(deps, tx, alert));
        continue;
      }
      await deps.database.write((tx) => writeRecovered(deps, tx, row, recovered.get(row.id)));
      if (recovered.has(row.id)) toDerive.push(row.id);
    }
  }
  await endLeftSessions(deps);
  const underived = await read.recordings.find(
    { state: { in: ["complete", "recovered"] }, derivedAt: null, nodeId: deps.nodeId },
    { limit: MOST },
  );
  return [...new Set([...toDerive, ...underived.map((row) => row.id)])];
}

/** A recording without a container died before its first byte: it is recovered with nothing in it, and that is on record too. */
async function writeRecovered(deps: Deps, tx: Stores, row: Recording, found: Recovered | undefined): Promise<void> {
  const now = deps.clock.now();
  const state = found?.complete === true && found.because !== "node-lost" ? "complete" : "recovered";
  const { durationUs, bytes, frames, closingHash } = found ?? row;
  await tx.recordings.update(
    row.id,
    { state, endedAt: row.endedAt ?? now, durationUs, bytes, frames, closingHash },
    { state: "open" },
  );
  await tx.audit.append({
    verb: "recording.recovered",
    actorId: null,
    object: { kind: "recording", id: row.id },
    sourceAddress: null,
    detail: { sessionId: row.sessionId, state, closingHash, durationUs, bytes, frames },
  });
  const altered = found?.altered;
  await raiseAlert(deps, tx, {
    unitId: row.unitId,
    kind: altered === undefined ? "recording-recovered" : "recording-altered",
    subject: `recording:${row.id}`,
    detail: { sessionId: row.sessionId, state, ...altered },
  });
}

async function endLeftSessions(deps: Deps): Promise<void> {
  for (;;) {
    const left = await deps.database.read.sessions.find(
      { nodeId: deps.nodeId, state: { in: RUNNING_STATES } },
      { limit: MOST },
    );
    if (left.length === 0) return;
    for (const session of left) await deps.database.write((tx) => endLeft(deps, tx, session));
  }
}

async function endLeft(deps: Deps, tx: Stores, session: Session): Promise<void> {
  const now = deps.clock.now();
  await tx.sessions.update(session.id, { state: "ended", because: "node-lost", endedAt: now });
  for (const row of await tx.connections.find({ sessionId: session.id, closedAt: null }, { limit: MOST })) {
    await tx.connections.update(row.id, { closedAt: now });
  }
  for (const row of await tx.channels.find({ sessionId: session.id, outcome: "open" }, { limit: MOST })) {
    await tx.channels.update(row.id, { outcome: "recorded", closedAt: now });
  }
  await tx.audit.append({
    verb: "session.ended",
    actorId: session.personId,
    object: { kind: "session", id: session.id },
    sourceAddress: session.sourceAddress,
    decidedBy: "node-lost",
    detail: { grantId: session.grantId, recordingId: session.recordingId },
  });
}

/**
 * One `recording.heads` event over all open recordings of the node: the RFC 6962 root over `id:head` in the order listed,
 * and the list itself. Nothing is written while none is open. The library hears how long each is, so that live desktops can be
 * followed.
 */
export async function logHeads(deps: Deps & Pick<BrokerDeps, "library">): Promise<void> {
  const heads = await deps.recorder.heads();
  for (const { recordingId, bytes } of heads) deps.library.grew(recordingId, bytes);
  if (heads.length === 0) return;
  const leaves = heads.map((one) => `${one.recordingId}:${one.head}`);
  await deps.database.write(async (tx) => {
    for (const one of heads)
      await tx.recordings.update(one.recordingId, { headHash: one.head, bytes: one.bytes }, { state: "open" });
    await tx.audit.append({
      verb: "recording.heads",
      actorId: null,
      object: { kind: "node", id: deps.nodeId },
      sourceAddress: null,
      detail: { root: merkleRoot(leaves), heads: leaves },
    });
  });
}
