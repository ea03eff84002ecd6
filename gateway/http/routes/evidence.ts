/** How long recordings are kept, and legal holds. What lowers either is a proposal that another auditor confirms. */
import type { FastifyInstance } from "fastify";
import { asId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerEvidence(app: FastifyInstance, deps: RouteDeps): void {
  const { proposals } = deps.broker;
  const shared = { tag: "evidence", access: { powers: ["audit"] } } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/retention",
    summary: "How long recordings are kept",
    answer: contract.retention,
    run: ({ actor }) => proposals.retention(actor),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/retention/proposals",
    summary: "Propose another retention",
    body: contract.retentionBody,
    answer: contract.proposalView,
    status: 201,
    run: ({ actor, body }) => proposals.proposeRetention(actor, body),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/holds",
    summary: "List legal holds",
    query: contract.holdsQuery,
    answer: contract.holdListing,
    run: ({ actor, query }) => proposals.holds(actor, query),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/holds",
    summary: "Hold a session's recording against retention",
    body: contract.holdBody,
    answer: contract.legalHold,
    status: 201,
    run: ({ actor, body }) => proposals.placeHold(actor, { sessionId: asId(body.sessionId), reason: body.reason }),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/holds/:id/release",
    summary: "Propose to release a legal hold",
    params: contract.idParams,
    body: contract.releaseBody,
    answer: contract.proposalView,
    status: 201,
    run: ({ actor, params, body }) => proposals.proposeRelease(actor, params.id, body.reason),
  });
}
