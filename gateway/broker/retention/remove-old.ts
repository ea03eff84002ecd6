/**
 * Removes recordings past retention: those whose session ended longer ago than is kept, unless a hold stands. The row moves
 * first and says in the audit log what was there; then the container goes. A process that dies between finds in a setting
 * what it left, so that nothing stays that is said to be gone.
 */
import type { Recording, RecordingId, Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { isHeld } from "./holds.js";
import { DAY_MS, retentionDays } from "./terms.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "library">;

const UNFINISHED_SETTING = "retention-unfinished";
const BATCH = 100;

/** One round; answers how many it removed. Several nodes may do it at once: each recording's row moves once. */
export async function removeOldRecordings(deps: Deps): Promise<number> {
  const { read } = deps.database;
  await finish(deps);
  const days = await retentionDays(read);
  if (days === 0) return 0;
  const before = deps.clock.now() - days * DAY_MS;
  let removed = 0;
  let kept = 0;
  for (;;) {
    const where = { state: { in: ["complete", "recovered"] as const }, endedAt: { lt: before } };
    const old = await read.recordings.find(where, { orderBy: "endedAt", limit: BATCH, offset: kept });
    for (const recording of old) {
      if (await deps.database.write((tx) => markRemoved(tx, recording, before, days))) removed += 1;
      else kept += 1;
      await finish(deps);
    }
    if (old.length < BATCH) return removed;
  }
}

/** Asked again within the transaction: a hold may have been placed since. */
async function markRemoved(tx: Stores, recording: Recording, before: number, days: number): Promise<boolean> {
  const session = await tx.sessions.get(recording.sessionId);
  if (session === undefined || session.state !== "ended" || session.endedAt === null || session.endedAt >= before)
    return false;
  if (await isHeld(tx, session.id)) return false;
  if (!(await tx.recordings.update(recording.id, { state: "removed" }, { state: recording.state }))) return false;
  await tx.search.removeRecording(recording.id);
  await keepUnfinished(tx, [...(await unfinished(tx)), recording.id]);
  await tx.audit.append({
    verb: "recording.removed",
    actorId: null,
    object: { kind: "recording", id: recording.id },
    sourceAddress: null,
    decidedBy: "retention",
    unitId: recording.unitId,
    detail: {
      sessionId: recording.sessionId,
      endedAt: session.endedAt,
      days,
      bytes: recording.bytes,
      closingHash: recording.closingHash,
    },
  });
  return true;
}

/** Takes away the containers of rows that have moved. Removing one that is gone is no fault. */
async function finish(deps: Deps): Promise<void> {
  for (const id of await unfinished(deps.database.read)) {
    await deps.library.remove(id);
    await deps.database.write(async (tx) => {
      const left = await unfinished(tx);
      await keepUnfinished(
        tx,
        left.filter((one) => one !== id),
      );
    });
  }
}

async function unfinished(stores: Pick<Stores, "settings">): Promise<readonly RecordingId[]> {
  const setting = await stores.settings.get(UNFINISHED_SETTING);
  return setting === undefined ? [] : (JSON.parse(setting.value) as readonly RecordingId[]);
}

async function keepUnfinished(tx: Stores, ids: readonly RecordingId[]): Promise<void> {
  const value = JSON.stringify(ids);
  if (!(await tx.settings.update(UNFINISHED_SETTING, { value })))
    await tx.settings.insert({ id: UNFINISHED_SETTING, value });
}
