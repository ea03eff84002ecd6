/**
 * What only a desktop's session does: its operator goes and comes back while it runs, texts pass between the clipboards, and its
 * picture is asked for. Each is in the recording before anything else knows of it.
 */
import {
  asId,
  done,
  refused,
  type Actor,
  type ClipboardRecord,
  type ConnectionId,
  type Outcome,
} from "../domain/index.js";
import type { LiveChannel } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { pageActor } from "./issue-ticket.js";
import { isOwnDesktop } from "./issue-return-ticket.js";
import type { LiveEntry } from "./live-entry.js";
import type { LiveSessions } from "./live-sessions.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "library"> & { readonly live: LiveSessions };

const CLIENT_LONGEST = 256;
const MIMETYPE_LONGEST = 128;

/** See `LiveSession.clipboard`. */
export async function logClipboard(
  deps: Pick<Deps, "database">,
  entry: LiveEntry,
  channel: LiveChannel,
  record: ClipboardRecord,
): Promise<void> {
  await channel.tap.clipboard(record);
  const { direction, mimetype, size, sha256 } = record;
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "clipboard.passed",
      actorId: entry.personId,
      object: { kind: "session", id: entry.id },
      sourceAddress: entry.sourceAddress,
      detail: { direction, mimetype: mimetype.slice(0, MIMETYPE_LONGEST), size, sha256, channel: channel.tap.number },
    }),
  );
}

/** See `LiveSession.detached`. A session that ended leaves nothing more behind. */
export async function detach(deps: Pick<Deps, "database" | "clock">, entry: LiveEntry): Promise<void> {
  if (entry.ended !== null) return;
  await entry.open?.tap.note("session", { detached: true });
  const now = deps.clock.now();
  const { connectionId } = entry;
  await deps.database.write(async (tx) => {
    await tx.connections.update(connectionId, { closedAt: now }, { closedAt: null });
    await tx.audit.append({
      verb: "session.detached",
      actorId: entry.personId,
      object: { kind: "session", id: entry.id },
      sourceAddress: entry.sourceAddress,
      detail: { connectionId },
    });
  });
}

/** See `LiveSession.rejoin`. `not-found` to anyone but the page session that opened it; `grant-ended` when it may not go on. */
export async function rejoin(deps: Deps, entry: LiveEntry, actor: Actor, client: string): Promise<Outcome<void>> {
  const person = await pageActor(deps.database.read, actor);
  if (!person.ok) return person;
  if (!isOwnDesktop(entry, person.value)) return refused("not-found");
  if (!(await deps.live.recheck(entry))) return refused("grant-ended");
  await entry.open?.tap.note("session", { rejoined: true, sourceAddress: actor.sourceAddress });
  const now = deps.clock.now();
  const before = entry.connectionId;
  const id = asId<ConnectionId>(deps.ids.next());
  const { sourceAddress } = actor;
  await deps.database.write(async (tx) => {
    await tx.connections.update(before, { closedAt: now }, { closedAt: null });
    const row = { id, sessionId: entry.id, sourceAddress, client: client.slice(0, CLIENT_LONGEST) };
    await tx.connections.insert({ ...row, openedAt: now, closedAt: null });
    await tx.audit.append({
      verb: "session.rejoined",
      actorId: entry.personId,
      object: { kind: "session", id: entry.id },
      sourceAddress,
      decidedBy: entry.grant.id,
      detail: { connectionId: id, client: client.slice(0, CLIENT_LONGEST) },
    });
  });
  entry.connectionId = id;
  return deps.live.admitted(entry.admission) === undefined ? refused("grant-ended") : done(undefined);
}

/** See `LiveSession.picture`. Empty while nothing was drawn. */
export async function pictureOf(
  deps: Pick<Deps, "library">,
  entry: LiveEntry,
  channel: LiveChannel,
): Promise<{ readonly atUs: number; readonly state: string }> {
  const screens = await deps.library.liveScreens(entry.recordingId);
  const screen = screens.find((one) => one.channel === channel.tap.number);
  return { atUs: screen?.atUs ?? 0, state: screen?.state ?? "" };
}
