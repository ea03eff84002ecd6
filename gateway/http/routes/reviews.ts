/** The periodic review: what waits for a sponsor's word, and his word. */
import type { FastifyInstance } from "fastify";
import { asId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerReviews(app: FastifyInstance, deps: RouteDeps): void {
  const { registry } = deps.broker;
  // Anyone of a unit may be a sponsor; whose lines he sees is the use case's to say.
  const shared = { tag: "reviews", access: "signed-in" } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/reviews",
    summary: "Lines of the review: one's own to answer, or those of one's units",
    query: contract.reviewsQuery,
    answer: contract.reviewListing,
    run: ({ actor, query }) => registry.reviews(actor, query),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/reviews/:id/decision",
    summary: "Confirm, or let lapse at once",
    params: contract.idParams,
    body: contract.reviewDecisionBody,
    run: ({ actor, params, body }) => registry.decideReview(actor, asId(params.id), body),
  });
}
