/** Sessions, live and past, and stopping them. */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerSessions(app: FastifyInstance, deps: RouteDeps): void {
  const { sessions } = deps.broker;
  const shared = {
    tag: "sessions",
    access: { roles: ["operator", "approver"], powers: ["security", "audit"] },
  } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/sessions",
    summary: "List sessions",
    query: contract.sessionsQuery,
    answer: contract.sessionListing,
    run: ({ actor, query }) => sessions.list(actor, query),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/sessions/live",
    summary: "Sessions that run now",
    answer: contract.sessionListing,
    async run({ actor }) {
      const live = await sessions.listLive(actor);
      return live.ok ? done({ items: live.value, next: null }) : live;
    },
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/sessions/:id",
    summary: "Show a session, its channels and transfers",
    params: contract.idParams,
    answer: contract.sessionDetail,
    run: ({ actor, params }) => sessions.get(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/sessions/:id/stop",
    summary: "End a session now",
    params: contract.idParams,
    body: contract.reasonBody,
    run: ({ actor, params, body }) => sessions.stop(actor, asId(params.id), body.reason),
  });
}
