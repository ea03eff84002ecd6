/** Whether a person was let in from an address before, from rows, so that every node knows. */
import type { PersonId, Stores } from "../../domain/index.js";

const NOBODY = "00000000-0000-7000-8000-000000000000" as PersonId;

/** A page session or a session on a target from there; the same look-ups where there is no such person. */
export async function isKnownPlace(
  stores: Pick<Stores, "webSessions" | "sessions">,
  id: PersonId | undefined,
  sourceAddress: string,
): Promise<boolean> {
  const personId = id ?? NOBODY;
  const web = await stores.webSessions.find({ personId, sourceAddress }, { limit: 1 });
  const ssh = await stores.sessions.find({ personId, sourceAddress }, { limit: 1 });
  return web.length + ssh.length > 0;
}
