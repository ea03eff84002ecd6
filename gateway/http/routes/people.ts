/** People and units, for the security administrator. */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerPeople(app: FastifyInstance, deps: RouteDeps): void {
  const { people } = deps.broker;
  const shared = { tag: "people", access: { powers: ["security"] } } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/people",
    access: { powers: ["security", "audit"] },
    summary: "List people",
    query: contract.peopleQuery,
    answer: contract.peopleListing,
    run: ({ actor, query }) => people.list(actor, query),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/people",
    summary: "Create a person",
    body: contract.createPersonBody,
    answer: contract.createdPerson,
    status: 201,
    run: ({ actor, body }) => people.create(actor, body),
  });
  route(app, {
    ...shared,
    method: "PATCH",
    url: "/people/:id",
    summary: "Change state, name, power or roles",
    params: contract.idParams,
    body: contract.changePersonBody,
    answer: contract.personView,
    run: ({ actor, params, body }) => people.change(actor, asId(params.id), body),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/people/:id/factor-reset",
    summary: "Reset password and one-time codes",
    params: contract.idParams,
    answer: contract.enrolmentTokenAnswer,
    run: ({ actor, params }) => people.resetFactors(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/units",
    access: { powers: ["security", "system", "audit"] },
    summary: "List units",
    answer: contract.unitListing,
    async run({ actor }) {
      const units = await people.units(actor);
      return units.ok ? done({ items: units.value, next: null }) : units;
    },
  });
}
