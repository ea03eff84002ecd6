/**
 * Tickets for desktops: 256 random bits that let one WebSocket in, once, within 30 seconds, from the page session that asked.
 * Only their hash is kept. A ticket is no right: what it opens is asked for again when it is used.
 */
import {
  done,
  refused,
  type Actor,
  type Grant,
  type Outcome,
  type Stores,
  type Ticket,
  type WebSessionId,
} from "../domain/index.js";
import type { DesktopUseCases, IssuedTicket, Reachable } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { choicesFault, plainChoices } from "./desktop-choices.js";
import { grantAllows, usableActions } from "./obligations.js";
import { reachable } from "./reachable.js";
import { newToken } from "./secrets-shown-once.js";
import { standing } from "./standing.js";
import { endOfPage } from "./web-session.js";

type Deps = Pick<BrokerDeps, "database" | "clock">;
type IssueDeps = Deps & Pick<BrokerDeps, "config">;
type Input = Parameters<DesktopUseCases["issueTicket"]>[1];

const TICKET_MS = 30_000;
/** So many tickets of one person may wait at once. */
const WAITING_MOST = 20;

export interface PageActor extends Actor {
  readonly webSessionId: WebSessionId;
}

/** See `DesktopUseCases.issueTicket`. What may not be opened is found, or not, in one list, whatever the reason. */
export async function issueTicket(deps: IssueDeps, actor: Actor, input: Input): Promise<Outcome<IssuedTicket>> {
  const fault = choicesFault(input.choices);
  if (fault !== undefined) return fault;
  const person = await pageActor(deps.database.read, actor);
  if (!person.ok) return person;
  const one = (await reachable(deps, person.value)).find((each) => opens(each, input.accountId));
  const grant = one?.grant == null ? undefined : await deps.database.read.grants.get(one.grant.id);
  if (one === undefined || grant === undefined || !grantAllows(grant, "rdp.connect")) return refused("not-found");
  const meant = { accountId: one.accountId, sessionId: null, choices: input.choices };
  const written = await writeTicket(deps, person.value, meant, grant);
  if (!written.ok) return written;
  const { accountLogin, assetName } = one;
  const pageEndsAt = await endOfPage(deps.database.read, person.value.webSessionId);
  const endsAt = Math.min(grant.to, deps.clock.now() + deps.config.maxSessionMs, pageEndsAt);
  return done({ ...written.value, accountLogin, assetName, endsAt, ...usable(grant) });
}

function opens(one: Reachable, accountId: Input["accountId"]): boolean {
  return one.accountId === accountId && one.protocol === "rdp" && one.grant !== null;
}

/** What the holder of a ticket may do, for his page to show. */
export function usable(grant: Grant): Pick<IssuedTicket, "actions" | "obligations"> {
  return { actions: usableActions(grant), obligations: grant.obligations };
}

/** The actor, who stands and acts through a page session that stands; `unauthenticated`, or `forbidden` without a page. */
export async function pageActor(stores: Stores, actor: Actor): Promise<Outcome<PageActor>> {
  const person = await standing(stores, actor);
  if (person === undefined) return refused("unauthenticated");
  const { webSessionId } = person;
  return webSessionId === undefined ? refused("forbidden") : done({ ...person, webSessionId });
}

/** Writes a ticket with its event; `too-many-tries` while too many of the person's wait. */
export async function writeTicket(
  deps: Deps,
  person: PageActor,
  meant: Pick<Ticket, "accountId" | "sessionId" | "choices">,
  grant: Grant,
): Promise<Outcome<Pick<IssuedTicket, "ticket" | "expiresAt">>> {
  const { token, hash } = newToken();
  const now = deps.clock.now();
  const expiresAt = now + TICKET_MS;
  const { personId, webSessionId, sourceAddress } = person;
  return deps.database.write(async (tx) => {
    const waiting = { personId, usedAt: null, expiresAt: { gt: now } };
    if ((await tx.tickets.count(waiting)) >= WAITING_MOST)
      return refused("too-many-tries", { retryAfterMs: TICKET_MS });
    const choices = plainChoices(meant.choices);
    const row = { ...meant, choices, personId, webSessionId, createdAt: now, expiresAt, usedAt: null };
    await tx.tickets.insert({ id: hash, ...row });
    await tx.audit.append({
      verb: "ticket.issued",
      actorId: personId,
      object: { kind: "account", id: meant.accountId },
      sourceAddress,
      decidedBy: grant.id,
      detail: { sessionId: meant.sessionId, expiresAt },
    });
    return done({ ticket: token, expiresAt });
  });
}
