/** Who may see and ask for which account. */
import type { FastifyInstance } from "fastify";
import { asId, type PersonId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerEntitlements(app: FastifyInstance, deps: RouteDeps): void {
  const { assets } = deps.broker;
  const shared = { tag: "entitlements", access: { powers: ["security"] } } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/entitlements",
    access: { powers: ["security", "audit"] },
    summary: "List entitlements",
    query: contract.entitlementsQuery,
    answer: contract.entitlementListing,
    run: ({ actor, query: { personId, ...page } }) =>
      assets.listEntitlements(actor, personId === undefined ? page : { ...page, personId: asId<PersonId>(personId) }),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/entitlements",
    summary: "Entitle a person to an account",
    body: contract.createEntitlementBody,
    answer: contract.entitlementView,
    status: 201,
    run: ({ actor, body }) =>
      assets.createEntitlement(actor, { ...body, personId: asId(body.personId), accountId: asId(body.accountId) }),
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/entitlements/:id",
    summary: "End an entitlement",
    params: contract.idParams,
    run: ({ actor, params }) => assets.endEntitlement(actor, asId(params.id)),
  });
}
