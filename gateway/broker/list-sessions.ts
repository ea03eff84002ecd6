/** Reading sessions: running and past, with their channels and transfers. One's own; all for those who oversee. */
import {
  done,
  refused,
  type Actor,
  type AssetId,
  type Outcome,
  type PersonId,
  type RecordingId,
  type Session,
  type SessionId,
  type Stores,
  type Where,
} from "../domain/index.js";
import type { Listing, Page, SessionFilter, SessionUseCases, SessionView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import type { LiveSessions } from "./live-sessions.js";
import { mapListing, pageOf } from "./pages.js";
import { searchTokens } from "./search-text.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "policy" | "vault"> & { readonly live: LiveSessions };
type Details = Awaited<ReturnType<SessionUseCases["get"]>>;

const MOST = 1000;

/** Approvers, security and audit see everyone's sessions. */
export function overseesSessions(reader: Actor): boolean {
  return reader.roles.includes("approver") || reader.power === "security" || reader.power === "audit";
}

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
    endsAt: session.state === "ended" ? null : (entry?.endsAt ?? session.leaseUntil),
    recording: (await stores.recordings.get(session.recordingId)) ?? null,
    watchers: entry?.watchers.size ?? 0,
  };
}

/** Sessions that have not ended, of all nodes. */
export async function listLive(deps: Deps, actor: Actor): Promise<Outcome<readonly SessionView[]>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined) return refused("forbidden");
  const running: Where<Session> = { state: { not: "ended" } };
  const where = overseesSessions(reader) ? running : { ...running, personId: reader.personId };
  const rows = await read.sessions.find(where, { orderBy: "id", descending: true, limit: MOST });
  const views: SessionView[] = [];
  for (const row of rows) views.push(await sessionView(deps, read, row));
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
  const filter = await sessionWhere(deps, page);
  const where = overseesSessions(reader) ? filter : { ...filter, personId: reader.personId };
  const listing = await pageOf(read.sessions, where, page);
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

/** The rows a filter means. Person and asset match anywhere in login, display name or asset name. */
export async function sessionWhere(
  deps: Pick<Deps, "database" | "vault">,
  filter: SessionFilter,
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
    where.recordingId = { in: await recordingsWithCommand(deps, filter.command) };
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
): Promise<readonly RecordingId[]> {
  const words = searchTokens(text);
  if (words.length === 0) return [];
  const hits = await deps.database.read.search.find({ tokens: deps.vault.blind(words), kind: "command", limit: MOST });
  return [...new Set(hits.map((hit) => hit.recordingId as RecordingId))];
}

/** One's own, or any for those who oversee; `not-found` otherwise. */
export async function getSession(deps: Deps, actor: Actor, id: SessionId): Promise<Details> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  const session = await read.sessions.get(id);
  const may =
    reader !== undefined && session !== undefined && (session.personId === reader.personId || overseesSessions(reader));
  if (!may) return refused("not-found");
  const channels = await read.channels.find({ sessionId: id }, { orderBy: "openedAt", limit: MOST });
  const transfers = await read.transfers.find({ sessionId: id }, { orderBy: "atUs", limit: MOST });
  return done({ session: await sessionView(deps, read, session), channels, transfers });
}
