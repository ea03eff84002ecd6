/** A ticket back into one's own running desktop, for the page session that opened it and for no other. */
import { done, refused, type Actor, type Outcome } from "../domain/index.js";
import type { DesktopUseCases, IssuedTicket } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { choicesFault } from "./desktop-choices.js";
import { pageActor, usable, writeTicket, type PageActor } from "./issue-ticket.js";
import type { LiveEntry } from "./live-entry.js";
import type { LiveSessions } from "./live-sessions.js";

type Deps = Pick<BrokerDeps, "database" | "clock"> & { readonly live: LiveSessions };
type Input = Parameters<DesktopUseCases["issueReturnTicket"]>[1];

/** See `DesktopUseCases.issueReturnTicket`. `not-found` for any other session, also of another node. */
export async function issueReturnTicket(deps: Deps, actor: Actor, input: Input): Promise<Outcome<IssuedTicket>> {
  const fault = choicesFault(input.choices);
  if (fault !== undefined) return fault;
  const person = await pageActor(deps.database.read, actor);
  if (!person.ok) return person;
  const entry = deps.live.get(input.sessionId);
  if (entry === undefined || entry.snapshot === null || !isOwnDesktop(entry, person.value)) return refused("not-found");
  const { grant, snapshot, endsAt } = entry;
  const meant = { accountId: grant.accountId, sessionId: entry.id, choices: input.choices };
  const written = await writeTicket(deps, person.value, meant, grant);
  if (!written.ok) return written;
  const { accountLogin, assetName } = snapshot;
  return done({ ...written.value, accountLogin, assetName, endsAt, ...usable(grant) });
}

/** Whether the session is a desktop that still runs and that this page session of this person opened. */
export function isOwnDesktop(entry: LiveEntry, person: Pick<PageActor, "personId" | "webSessionId">): boolean {
  if (entry.ended !== null || entry.personId !== person.personId) return false;
  return entry.webSessionId !== null && entry.webSessionId === person.webSessionId;
}
