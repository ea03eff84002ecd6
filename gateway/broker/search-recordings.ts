/**
 * Finding who typed or moved something. The index holds blind tokens only; what it answers is opened and compared with the
 * words as asked, and is of the units the searcher's power is held for. Every search is an event.
 */
import { done, refused, type Actor, type Outcome, type SearchEntry, type Session } from "../domain/index.js";
import type { RecordingUseCases, SearchHit } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { sessionView, sessionWhere, unitIdsOf } from "./list-sessions.js";
import type { LiveSessions } from "./live-sessions.js";
import { maySupervise } from "./oversight.js";
import { scopeOf, withinUnits, type UnitScope } from "./scope.js";
import { foldText, searchTokens } from "./search-text.js";
import { standing, type Standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "policy" | "vault" | "clock"> & { readonly live: LiveSessions };
type Query = Parameters<RecordingUseCases["search"]>[1];

const QUERY_LONGEST = 200;
const HITS_MOST = 200;
const LOOKED_AT = 1000;

/** What a line of search text is sealed to. */
export function searchBound(recordingId: string): string {
  return `recording:${recordingId}`;
}

/** Newest first. `invalid-input` when the query holds no word; `forbidden` to all but who may search. */
export async function searchRecordings(deps: Deps, actor: Actor, query: Query): Promise<Outcome<readonly SearchHit[]>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined || reader.power !== "audit") return refused("forbidden");
  const words = query.q.length > QUERY_LONGEST ? [] : searchTokens(query.q);
  if (words.length === 0) return refused("invalid-input", { field: "q" });
  const scope = await scopeOf(read, reader, ["audit"]);
  const entries = await candidates(deps, query, words, scope);
  const hits = await open(deps, reader, entries, query);
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "recording.searched",
      actorId: reader.personId,
      object: { kind: "search", id: query.kind ?? "any" },
      sourceAddress: actor.sourceAddress,
      detail: {
        q: query.q,
        hits: hits.length,
        person: query.person ?? "",
        asset: query.asset ?? "",
        command: query.command ?? "",
      },
    }),
  );
  return done(hits);
}

async function candidates(
  deps: Deps,
  query: Query,
  words: readonly string[],
  scope: UnitScope,
): Promise<readonly SearchEntry[]> {
  const { read } = deps.database;
  const narrowed = [query.person, query.asset, query.from, query.to, query.command].some(
    (value) => value !== undefined && value !== "",
  );
  const base = {
    tokens: deps.vault.blind(words),
    limit: LOOKED_AT,
    ...unitIdsOf(scope),
    ...(query.kind === undefined ? {} : { kind: query.kind }),
  };
  if (!narrowed) return read.search.find(base);
  const where = { ...(await sessionWhere(deps, query, scope)), ...withinUnits(scope) };
  const sessions = await read.sessions.find(where, { orderBy: "id", descending: true, limit: 1000 });
  return sessions.length === 0
    ? []
    : read.search.find({ ...base, recordingIds: sessions.map((session) => session.recordingId) });
}

async function open(
  deps: Deps,
  reader: Standing,
  entries: readonly SearchEntry[],
  query: Query,
): Promise<readonly SearchHit[]> {
  const limit = Math.min(HITS_MOST, Math.max(1, query.limit ?? 50));
  const wanted = foldText(query.q)
    .split(/\s+/u)
    .filter((word) => word !== "");
  const sessions = new Map<string, Promise<Session | undefined>>();
  const asked = new Map<string, Promise<string | undefined>>();
  const hits: SearchHit[] = [];
  for (const entry of entries) {
    if (hits.length >= limit) break;
    const text = await deps.vault.lend("search", searchBound(entry.recordingId), entry.sealed, (secret) => secret);
    const folded = foldText(text);
    if (!wanted.every((word) => folded.includes(word))) continue;
    const session = await remembered(sessions, entry.recordingId, () => sessionOf(deps, entry));
    if (session === undefined || session.personId === reader.personId) continue;
    const of = `${session.personId} ${session.unitId}`;
    const may = await remembered(asked, of, () => maySupervise(deps, deps.database.read, reader, "search", session));
    if (may === undefined) continue;
    const { sealed: _, ...shown } = entry;
    hits.push({ entry: shown, text, session: await sessionView(deps, deps.database.read, session) });
  }
  return hits;
}

async function sessionOf(deps: Deps, entry: SearchEntry): Promise<Session | undefined> {
  const [session] = await deps.database.read.sessions.find({
    recordingId: entry.recordingId as Session["recordingId"],
  });
  return session;
}

function remembered<Key, Value>(known: Map<Key, Promise<Value>>, key: Key, find: () => Promise<Value>): Promise<Value> {
  const found = known.get(key) ?? find();
  known.set(key, found);
  return found;
}
