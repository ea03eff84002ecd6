/**
 * Tickets for desktops: the first opens a session at the upgrade, the other returns to one that runs. A ticket stands in
 * the answer's body alone, which nobody keeps.
 */
import type { FastifyInstance } from "fastify";
import { asId, refused, type Actor, type Outcome } from "../../domain/index.js";
import { createBuckets } from "../buckets.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

/** Tickets of one person, wherever he comes from: he opens a few desktops and comes back a few times. */
export const TICKET_LIMITS = { burst: 20, perSecond: 0.5 };

export function registerTickets(app: FastifyInstance, deps: RouteDeps): void {
  const { desktops } = deps.broker;
  const shared = {
    tag: "sessions",
    method: "POST",
    access: { roles: ["operator"] },
    answer: contract.issuedTicket,
    status: 201,
  } as const;
  const issued = createBuckets(TICKET_LIMITS, deps.clock);
  const within = async <T>(actor: Actor, issue: () => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    const retryAfterMs = issued.take(actor.personId);
    return retryAfterMs > 0 ? refused("too-many-tries", { retryAfterMs }) : issue();
  };

  route(app, {
    ...shared,
    url: "/sessions",
    summary: "Get a ticket that opens a desktop",
    body: contract.openSessionBody,
    run: ({ actor, body: { accountId, choices } }) =>
      within(actor, () => desktops.issueTicket(actor, { accountId: asId(accountId), choices })),
  });
  route(app, {
    ...shared,
    url: "/sessions/:id/ticket",
    summary: "Get a ticket that returns to one's own running desktop",
    params: contract.idParams,
    body: contract.returnTicketBody,
    run: ({ actor, params, body: { choices } }) =>
      within(actor, () => desktops.issueReturnTicket(actor, { sessionId: asId(params.id), choices })),
  });
}
