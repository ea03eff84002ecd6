/** The policy in force and the proposal of another one. */
import type { FastifyInstance } from "fastify";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerPolicy(app: FastifyInstance, deps: RouteDeps): void {
  const { proposals } = deps.broker;

  route(app, {
    tag: "policy",
    method: "GET",
    url: "/policy",
    access: { powers: ["security", "audit"] },
    summary: "The policy in force and the one in the folder",
    answer: contract.policyState,
    run: ({ actor }) => proposals.policy(actor),
  });
  route(app, {
    tag: "policy",
    method: "POST",
    url: "/policy",
    access: { powers: ["security"] },
    summary: "Propose the policy that lies in the folder",
    body: contract.policyProposalBody,
    answer: contract.proposalView,
    status: 201,
    run: ({ actor, body }) => proposals.proposePolicy(actor, body),
  });
}
