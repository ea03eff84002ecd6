/** People, for the security administrator. What needs a second person is answered with its proposal. */
import type { FastifyInstance } from "fastify";
import { asId, type ContractId, type PersonId, type UnitId, type VendorId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

/** Ids as they came in, as the broker takes them; what is absent stays absent. */
function branded(body: {
  readonly unitId?: string;
  readonly vendorId?: string | null;
  readonly contractId?: string | null;
  readonly sponsorId?: string | null;
}) {
  const { unitId, vendorId, contractId, sponsorId } = body;
  const orNull = <Id extends string>(id: string | null): Id | null => (id === null ? null : asId<Id>(id));
  return {
    ...(unitId === undefined ? {} : { unitId: asId<UnitId>(unitId) }),
    ...(vendorId === undefined ? {} : { vendorId: orNull<VendorId>(vendorId) }),
    ...(contractId === undefined ? {} : { contractId: orNull<ContractId>(contractId) }),
    ...(sponsorId === undefined ? {} : { sponsorId: orNull<PersonId>(sponsorId) }),
  };
}

export function registerPeople(app: FastifyInstance, deps: RouteDeps): void {
  const { people } = deps.broker;
  const shared = { tag: "people", access: { powers: ["security"] } } as const;
  const reading = { ...shared, access: { powers: ["security", "audit"] } } as const;

  route(app, {
    ...reading,
    method: "GET",
    url: "/people",
    summary: "List people",
    query: contract.peopleQuery,
    answer: contract.peopleListing,
    run({ actor, query: { vendorId, contractId, ...page } }) {
      return people.list(actor, {
        ...page,
        ...(vendorId === undefined ? {} : { vendorId: asId<VendorId>(vendorId) }),
        ...(contractId === undefined ? {} : { contractId: asId<ContractId>(contractId) }),
      });
    },
  });
  route(app, {
    ...reading,
    method: "GET",
    url: "/people/:id",
    summary: "Show a person",
    params: contract.idParams,
    answer: contract.personView,
    run: ({ actor, params }) => people.get(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/people",
    summary: "Create a person; power, approver and confirmer come as a proposal",
    body: contract.createPersonBody,
    answer: contract.createdPerson,
    status: 201,
    run({ actor, body }) {
      const { login, displayName, locale, power, roles } = body;
      const more = {
        ...(body.identityNumber === undefined ? {} : { identityNumber: body.identityNumber }),
        ...(body.email === undefined ? {} : { email: body.email }),
      };
      return people.create(actor, { login, displayName, locale, power, roles, ...more, ...branded(body) });
    },
  });
  route(app, {
    ...shared,
    method: "PATCH",
    url: "/people/:id",
    summary: "Change state, name, bonds or rights, for his own unit or another",
    params: contract.idParams,
    body: contract.changePersonBody,
    answer: contract.changedPerson,
    run({ actor, params, body: { contractId, sponsorId, elsewhere, ...body } }) {
      const named = elsewhere?.map((one) => ({ unitId: asId<UnitId>(one.unitId), roles: one.roles }));
      return people.change(actor, asId(params.id), {
        ...body,
        ...(named === undefined ? {} : { elsewhere: named }),
        ...(contractId === undefined ? {} : { contractId: asId<ContractId>(contractId) }),
        ...(sponsorId === undefined ? {} : { sponsorId: asId<PersonId>(sponsorId) }),
      });
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/people/:id/factor-reset",
    summary: "Reset password and factors; of whoever decides anything as a proposal",
    params: contract.idParams,
    body: contract.factorResetBody,
    answer: contract.factorReset,
    run: ({ actor, params, body }) => people.resetFactors(actor, asId(params.id), body.reason),
  });
}
