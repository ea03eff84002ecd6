/** Stopping a session, and draining the node: the two ways a person ends what others do. */
import {
  done,
  refused,
  RUNNING_STATES,
  type Actor,
  type Outcome,
  type Session,
  type SessionId,
} from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import type { LiveSessions } from "./live-sessions.js";
import { maySupervise } from "./oversight.js";
import { reasonFits } from "./request-access.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "policy"> & { readonly live: LiveSessions };

/** By policy `stop` within the units one covers, and by the session's own person. A session of another node ends when that node next reads its rows. */
export async function stopSession(deps: Deps, actor: Actor, id: SessionId, reason: string): Promise<Outcome<void>> {
  if (!reasonFits(reason)) return refused("invalid-input", { field: "reason" });
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Session>> => {
    const person = await standing(tx, actor);
    const session = await tx.sessions.get(id);
    if (person === undefined || session === undefined) return refused("not-found");
    const own = session.personId === person.personId;
    const decidedBy = own ? "own-session" : await maySupervise(deps, tx, person, "stop", session);
    if (decidedBy === undefined) return refused("not-found");
    if (!(await tx.sessions.update(id, { because: "stopped" }, { state: { not: "ended" }, because: null })))
      return refused("conflict");
    await tx.audit.append({
      verb: "session.stopped",
      actorId: person.personId,
      object: { kind: "session", id },
      sourceAddress: actor.sourceAddress,
      decidedBy,
      detail: { reason: reason.trim() },
    });
    return done(session);
  });
  if (!outcome.ok) return outcome;
  const entry = deps.live.get(id);
  if (entry !== undefined) void deps.live.end(entry, "stopped");
  return done(undefined);
}

/** Ends sessions of this node that another node's use case ordered to stop. */
export async function obeyStops(deps: Pick<Deps, "database" | "live">, nodeId: Session["nodeId"]): Promise<void> {
  if (deps.live.living().length === 0) return;
  const where = { nodeId, because: "stopped", state: { in: RUNNING_STATES } } as const;
  const ordered = await deps.database.read.sessions.find(where);
  for (const session of ordered) {
    const entry = deps.live.get(session.id);
    if (entry !== undefined) void deps.live.end(entry, "stopped");
  }
}

const DRAIN_LOOK_MS = 100;

/** Warns every session, waits at most `graceMs` for them to leave, ends the rest; resolves when all are closed. */
export async function drainSessions(deps: Pick<Deps, "clock" | "live">, graceMs: number): Promise<void> {
  const endsAt = deps.clock.now() + graceMs;
  const untilUs = deps.clock.monotonicUs() + graceMs * 1000;
  for (const entry of deps.live.living()) entry.onDrain?.(endsAt);
  while (deps.live.living().length > 0 && deps.clock.monotonicUs() < untilUs) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(DRAIN_LOOK_MS, graceMs)));
  }
  await Promise.all(deps.live.living().map((entry) => deps.live.end(entry, "node-drained")));
  await deps.live.allClosed();
}
