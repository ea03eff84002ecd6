/**
 * Using a ticket up. Whoever shows one that is not his, is too old or was used before is told one thing, whatever was wrong; why
 * stands in the event alone. A ticket that was shown is used, also by the wrong hand: it is no secret any more.
 */
import { asId, done, refused, type Actor, type Outcome, type Stores, type Ticket } from "../domain/index.js";
import type { RedeemedTicket } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { isOwnDesktop } from "./issue-return-ticket.js";
import type { LiveSessions } from "./live-sessions.js";
import { hashOfToken } from "./secrets-shown-once.js";
import { standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock"> & { readonly live: LiveSessions };
type Judged =
  | { readonly ok: true; readonly value: RedeemedTicket }
  | {
      readonly ok: false;
      readonly why:
        "malformed" | "signed-out" | "unknown" | "used" | "expired" | "other-page" | "other-person" | "gone";
    };

/** See `DesktopUseCases.redeemTicket`. */
export async function redeemTicket(deps: Deps, actor: Actor, ticket: string): Promise<Outcome<RedeemedTicket>> {
  return deps.database.write(async (tx): Promise<Outcome<RedeemedTicket>> => {
    const judged = await judge(deps, tx, actor, hashOfToken(ticket));
    if (judged.ok) return done(judged.value);
    await tx.audit.append({
      verb: "ticket.refused",
      actorId: actor.personId,
      object: { kind: "person", id: actor.personId },
      sourceAddress: actor.sourceAddress,
      detail: { why: judged.why },
    });
    return refused("ticket-refused");
  });
}

async function judge(deps: Deps, tx: Stores, actor: Actor, id: string | undefined): Promise<Judged> {
  if (id === undefined) return { ok: false, why: "malformed" };
  const now = deps.clock.now();
  const isFirst = await tx.tickets.update(id, { usedAt: now }, { usedAt: null });
  const ticket = await tx.tickets.get(id);
  const person = await standing(tx, actor);
  if (person === undefined) return { ok: false, why: "signed-out" };
  if (ticket === undefined) return { ok: false, why: "unknown" };
  if (!isFirst) return { ok: false, why: "used" };
  if (now >= ticket.expiresAt) return { ok: false, why: "expired" };
  if (ticket.personId !== person.personId) return { ok: false, why: "other-person" };
  if (ticket.webSessionId !== person.webSessionId) return { ok: false, why: "other-page" };
  const value = await describe(deps, tx, ticket);
  return value === undefined ? { ok: false, why: "gone" } : { ok: true, value };
}

/** What the ticket is for; undefined when that is no longer there. */
async function describe(deps: Deps, tx: Stores, ticket: Ticket): Promise<RedeemedTicket | undefined> {
  const { sessionId, choices } = ticket;
  const entry = sessionId === null ? undefined : deps.live.get(sessionId);
  if (sessionId !== null && (entry === undefined || !isOwnDesktop(entry, ticket))) return undefined;
  const account = await tx.accounts.get(ticket.accountId);
  const asset = await tx.assets.get(account?.assetId ?? asId(""));
  if (account === undefined || asset === undefined) return undefined;
  return { sessionId, accountLogin: account.login, assetName: asset.name, protocol: asset.protocol, choices };
}

const KEPT_MS = 60_000;

/** Takes away tickets that have been over for a minute. */
export async function sweepTickets(deps: Pick<Deps, "database" | "clock">): Promise<void> {
  const before = deps.clock.now() - KEPT_MS;
  if ((await deps.database.read.tickets.count({ expiresAt: { lt: before } })) === 0) return;
  await deps.database.write((tx) => tx.tickets.removeOlder(before));
}
