/** Asking, deciding, withdrawing; grants and their revocation. */
import type { FastifyInstance } from "fastify";
import { asId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

const READERS = { roles: ["operator", "approver"], powers: ["security", "audit"] } as const;

export function registerRequests(app: FastifyInstance, deps: RouteDeps): void {
  const { access } = deps.broker;
  const shared = { tag: "requests", access: READERS } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/requests",
    summary: "List requests",
    query: contract.requestsQuery,
    answer: contract.requestListing,
    run: ({ actor, query }) => access.list(actor, { ...query, view: query.view ?? "mine" }),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/requests",
    access: { roles: ["operator"] },
    summary: "Ask for access",
    body: contract.createRequestBody,
    answer: contract.requestView,
    status: 201,
    run: ({ actor, body }) =>
      access.request(actor, {
        ...body,
        items: body.items.map((item) => ({ ...item, accountId: asId(item.accountId) })),
      }),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/requests/:id",
    summary: "Show a request",
    params: contract.idParams,
    answer: contract.requestView,
    run: ({ actor, params }) => access.get(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/requests/:id",
    access: { roles: ["operator"] },
    summary: "Withdraw a request",
    params: contract.idParams,
    run: ({ actor, params }) => access.withdraw(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/requests/:id/approval",
    access: { roles: ["approver"] },
    summary: "Approve or deny exactly what was shown",
    params: contract.idParams,
    body: contract.decisionBody,
    answer: contract.requestView,
    run: ({ actor, params, body }) => access.decide(actor, asId(params.id), body),
  });
}

export function registerGrants(app: FastifyInstance, deps: RouteDeps): void {
  const { access } = deps.broker;

  route(app, {
    method: "GET",
    url: "/grants",
    tag: "grants",
    access: READERS,
    summary: "List grants",
    query: contract.grantsQuery,
    answer: contract.grantListing,
    run: ({ actor, query }) => access.listGrants(actor, query),
  });
  route(app, {
    method: "POST",
    url: "/grants/:id/revocation",
    tag: "grants",
    access: { roles: ["operator", "approver"], powers: ["security"] },
    summary: "Revoke a grant; its sessions end within two seconds",
    params: contract.idParams,
    body: contract.reasonBody,
    run: ({ actor, params, body }) => access.revoke(actor, asId(params.id), body.reason),
  });
}
