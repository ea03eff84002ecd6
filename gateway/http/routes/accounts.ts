/** Accounts on assets and their credentials; a credential goes in and never comes out. */
import type { FastifyInstance } from "fastify";
import { asId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerAccounts(app: FastifyInstance, deps: RouteDeps): void {
  const { assets } = deps.broker;
  const shared = { tag: "accounts", access: { powers: ["system"] } } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/accounts",
    access: { powers: ["system", "security", "audit"] },
    summary: "List accounts",
    query: contract.accountsQuery,
    answer: contract.accountListing,
    run: ({ actor, query }) => assets.listAccounts(actor, query),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/accounts",
    summary: "Create an account on an asset",
    body: contract.createAccountBody,
    answer: contract.accountView,
    status: 201,
    run: ({ actor, body }) => assets.createAccount(actor, { ...body, assetId: asId(body.assetId) }),
  });
  route(app, {
    ...shared,
    method: "PUT",
    url: "/accounts/:id/credential",
    summary: "Set an account's credential, tested against the host",
    params: contract.idParams,
    body: contract.credentialBody,
    answer: contract.accountView,
    run: ({ actor, params, body }) => assets.setCredential(actor, asId(params.id), body),
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/accounts/:id",
    summary: "Retire an account",
    params: contract.idParams,
    run: ({ actor, params }) => assets.retireAccount(actor, asId(params.id)),
  });
}
