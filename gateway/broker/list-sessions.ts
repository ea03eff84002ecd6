/** Reading sessions: running and past, with their channels and transfers. One's own; all for those who oversee. */
import {
  done,
  refused,
  RUNNING_STATES,
  type Actor,
  type AssetId,
  type Outcome,
  type PersonId,
  type RecordingId,
  type Session,
  type SessionId,
  type Stores,
  type UnitId,
  type Where,
} from "../domain/index.js";
import type { Listing, Page, SessionFilter, SessionUseCases, SessionView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import type { LiveEntry } from "./live-entry.js";
import type { LiveSessions } from "./live-sessions.js";
import { OVERSEERS } from "./oversight.js";
import { mapListing, pageOfEither } from "./pages.js";
import { covers, scopeOf, withinUnits, type UnitScope } from "./scope.js";
import { searchTokens } from "./search-text.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "policy" | "vault"> & { readonly live: LiveSessions };
type Details = Awaited<ReturnType<SessionUseCases["get"]>>;

const MOST = 1000;

/** A session with what only its node knows. */
export async function sessionView(
  deps: Pick<Deps, "live">,
  stores: Pick<Stores, "recordings">,
  session: Session,
): Promise<SessionView> {
  const entry = deps.live.get(session.id);
  return {
    ...session,
    live: session.state !== "ended",
    endsAt: session.state === "ended" ? null : endOf(entry, session),
    recording: (await stores.recordings.get(session.recordingId)) ?? null,
    watchers: entry?.watchers.size ?? 0,
  };
}

function endOf(entry: LiveEntry | undefined, session: Session): number {
  return entry === undefined ? session.leaseUntil : Math.min(entry.endsAt, entry.wayIn.endsAt);
}

/** What a filter means to a reader: the sessions of the units he oversees, and beside them his own. */
async function seenBy(
  stores: Pick<Stores, "powers" | "roles" | "units">,
  reader: Actor,
  filter: Where<Session>,
): Promise<readonly Where<Session>[]> {
  const scope = await scopeOf(stores, reader, OVERSEERS);
  if (scope.all) return [filter];
  const overseen = scope.ids.size === 0 ? [] : [{ ...filter, ...withinUnits(scope) }];
  const { personId } = filter;
  const asked =
    personId === undefined || (personId as { readonly in: readonly PersonId[] }).in.includes(reader.personId);
  return asked ? [...overseen, { ...filter, personId: reader.personId }] : overseen;
}

/** Sessions that have not ended, of all nodes. */
export async function listLive(deps: Deps, actor: Actor): Promise<Outcome<readonly SessionView[]>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined) return refused("forbidden");
  const running: Where<Session> = { state: { in: RUNNING_STATES } };
  const rows = new Map<SessionId, Session>();
  for (const where of await seenBy(read, reader, running))
    for (const row of await read.sessions.find(where, { orderBy: "id", descending: true, limit: MOST }))
      rows.set(row.id, row);
  const views: SessionView[] = [];
  for (const row of [...rows.values()].sort((a, b) => (a.id < b.id ? 1 : -1)))
    views.push(await sessionView(deps, read, row));
  return done(views);
}

/** See `SessionFilter`. Words of commands are content: that filter is the auditors' alone, and a search written down. */
export async function listSessions(
  deps: Deps,
  actor: Actor,
  page: Page & SessionFilter,
): Promise<Outcome<Listing<SessionView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined) return refused("forbidden");
  if (page.command !== undefined && page.command !== "" && reader.power !== "audit") return refused("forbidden");
  const searched = await scopeOf(read, reader, ["audit"]);
  const listing = await pageOfEither(
    read.sessions,
    await seenBy(read, reader, await sessionWhere(deps, page, searched)),
    page,
  );
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  if (page.command !== undefined && page.command !== "") await logSearched(deps, reader, page, listing.items.length);
  return done(await mapListing(listing, (row) => sessionView(deps, read, row)));
}

async function logSearched(
  deps: Pick<Deps, "database">,
  reader: Actor,
  filter: SessionFilter,
  hits: number,
): Promise<void> {
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "recording.searched",
      actorId: reader.personId,
      object: { kind: "search", id: "sessions" },
      sourceAddress: reader.sourceAddress,
      detail: { q: filter.command ?? "", hits, person: filter.person ?? "", asset: filter.asset ?? "" },
    }),
  );
}

/**
 * The rows a filter means. Person and asset match anywhere in login, display name or asset name; words of commands only in
 * recordings within `searched`.
 */
export async function sessionWhere(
  deps: Pick<Deps, "database" | "vault">,
  filter: SessionFilter,
  searched: UnitScope,
): Promise<Where<Session>> {
  const { read } = deps.database;
  const where: { -readonly [K in keyof Where<Session>]: Where<Session>[K] } = {};
  if (filter.person !== undefined && filter.person !== "")
    where.personId = { in: await personIds(read, filter.person) };
  if (filter.asset !== undefined && filter.asset !== "") {
    const assets = await read.assets.find({ name: { contains: filter.asset } }, { limit: MOST });
    where.assetId = { in: assets.map((asset): AssetId => asset.id) };
  }
  if (filter.from !== undefined || filter.to !== undefined) {
    where.startedAt = { gte: filter.from ?? 0, lte: filter.to ?? Number.MAX_SAFE_INTEGER };
  }
  if (filter.command !== undefined && filter.command !== "") {
    where.recordingId = { in: await recordingsWithCommand(deps, filter.command, searched) };
  }
  return where;
}

async function personIds(read: Stores, text: string): Promise<readonly PersonId[]> {
  const byLogin = await read.people.find({ login: { contains: text } }, { limit: MOST });
  const byName = await read.people.find({ displayName: { contains: text } }, { limit: MOST });
  return [...new Set([...byLogin, ...byName].map((person) => person.id))];
}

async function recordingsWithCommand(
  deps: Pick<Deps, "database" | "vault">,
  text: string,
  searched: UnitScope,
): Promise<readonly RecordingId[]> {
  const words = searchTokens(text);
  if (words.length === 0) return [];
  const hits = await deps.database.read.search.find({
    tokens: deps.vault.blind(words),
    kind: "command",
    limit: MOST,
    ...unitIdsOf(searched),
  });
  return [...new Set(hits.map((hit) => hit.recordingId as RecordingId))];
}

/** The units of a search; none for everything. */
export function unitIdsOf(scope: UnitScope): { readonly unitIds?: readonly UnitId[] } {
  return scope.all ? {} : { unitIds: [...scope.ids] };
}

/** One's own, or one of the units that the reader oversees; `not-found` otherwise. */
export async function getSession(deps: Deps, actor: Actor, id: SessionId): Promise<Details> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  const session = await read.sessions.get(id);
  if (reader === undefined || session === undefined) return refused("not-found");
  const own = session.personId === reader.personId;
  if (!own && !covers(await scopeOf(read, reader, OVERSEERS), session.unitId)) return refused("not-found");
  const channels = await read.channels.find({ sessionId: id }, { orderBy: "openedAt", limit: MOST });
  const transfers = await read.transfers.find({ sessionId: id }, { orderBy: "atUs", limit: MOST });
  return done({ session: await sessionView(deps, read, session), channels, transfers });
}
