/** Who may read a recording, asked afresh for every range and every second of a download (promise 7). */
import {
  done,
  refused,
  type Actor,
  type AuditEntry,
  type Outcome,
  type Recording,
  type RecordingId,
  type Session,
} from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import { maySupervise } from "./oversight.js";
import { standing } from "./standing.js";

export type ReadAct = "replay" | "export" | "search" | "open-input";

export interface Readable {
  readonly reader: Actor;
  readonly recording: Recording;
  readonly session: Session;
  readonly decidedBy: string;
}

type Deps = Pick<BrokerDeps, "database" | "policy">;

/** `not-found` covers unknown, removed, forbidden and of another unit alike. */
export async function mayRead(deps: Deps, actor: Actor, id: RecordingId, act: ReadAct): Promise<Outcome<Readable>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  const recording = await read.recordings.get(id);
  const session = recording === undefined ? undefined : await read.sessions.get(recording.sessionId);
  if (reader === undefined || recording === undefined || session === undefined) return refused("not-found");
  if (session.personId === reader.personId || recording.state === "removed") return refused("not-found");
  const decidedBy = await maySupervise(deps, read, reader, act, session);
  return decidedBy === undefined ? refused("not-found") : done({ reader, recording, session, decidedBy });
}

/** Writes down that a recording was read. */
export async function logReading(
  deps: Pick<BrokerDeps, "database">,
  { reader, recording, decidedBy }: Readable,
  verb: AuditEntry["verb"],
  detail: NonNullable<AuditEntry["detail"]>,
): Promise<void> {
  await deps.database.write((tx) =>
    tx.audit.append({
      verb,
      actorId: reader.personId,
      object: { kind: "recording", id: recording.id },
      sourceAddress: reader.sourceAddress,
      decidedBy,
      detail: { sessionId: recording.sessionId, ...detail },
    }),
  );
}

const RECHECK_US = 1_000_000;

/** The same pieces, as long as `still` says so; it is asked before the first piece and again each second. */
export async function* whileAllowed<T>(
  pieces: AsyncIterable<T>,
  clock: BrokerDeps["clock"],
  still: () => Promise<boolean>,
): AsyncGenerator<T> {
  let askedUs = clock.monotonicUs() - RECHECK_US;
  for await (const piece of pieces) {
    if (clock.monotonicUs() - askedUs >= RECHECK_US) {
      if (!(await still())) return;
      askedUs = clock.monotonicUs();
    }
    yield piece;
  }
}
