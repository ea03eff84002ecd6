/** Names the sessions that other things are about: person, chain and contract as they were, account and asset. */
import type { SessionId, Stores } from "../../domain/index.js";
import type { NamedSession } from "../broker.js";
import { rowsById } from "./rows-by-id.js";

/** Each session asked for that exists. */
export async function namedSessions(
  stores: Pick<Stores, "sessions">,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, NamedSession>> {
  const rows = await rowsById(stores.sessions, ids as Iterable<SessionId>);
  return new Map(
    [...rows].map(([id, { startedAt, endedAt, snapshot }]) => [
      id,
      { id: id as SessionId, startedAt, endedAt, snapshot },
    ]),
  );
}
