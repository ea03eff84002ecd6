/** Units, vendors and contracts. What ends is shown first, by its own route, and then done. */
import type { FastifyInstance } from "fastify";
import { asId, done, type ContractScope, type PersonId, type VendorId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { download, route, upload, type RouteDeps } from "../route.js";

const keepers = { powers: ["security"] } as const;
const readers = { powers: ["system", "security", "audit"] } as const;

export function registerUnits(app: FastifyInstance, deps: RouteDeps): void {
  const { registry } = deps.broker;
  const shared = { tag: "units", access: keepers } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/units",
    access: { ...readers, roles: ["approver"] },
    summary: "List the units one's power or role covers",
    answer: contract.unitListing,
    async run({ actor }) {
      const units = await registry.units(actor);
      return units.ok ? done({ items: units.value, next: null }) : units;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/units",
    summary: "Create a unit under another",
    body: contract.createUnitBody,
    answer: contract.unitView,
    status: 201,
    run: ({ actor, body }) => registry.createUnit(actor, { ...body, parentId: asId(body.parentId) }),
  });
  route(app, {
    ...shared,
    method: "PATCH",
    url: "/units/:id",
    summary: "Name a unit anew",
    params: contract.idParams,
    body: contract.changeUnitBody,
    answer: contract.unitView,
    run: ({ actor, params, body }) => registry.renameUnit(actor, asId(params.id), body.name),
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/units/:id",
    summary: "Retire an empty unit",
    params: contract.idParams,
    run: ({ actor, params }) => registry.retireUnit(actor, asId(params.id)),
  });
}

export function registerVendors(app: FastifyInstance, deps: RouteDeps): void {
  const { registry } = deps.broker;
  const shared = { tag: "vendors", access: keepers } as const;
  const one = { ...shared, params: contract.idParams } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/vendors",
    access: readers,
    summary: "List vendors",
    query: contract.vendorsQuery,
    answer: contract.vendorListing,
    run: ({ actor, query }) => registry.vendors(actor, query),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/vendors",
    summary: "Create a vendor, perhaps as another's sub-contractor",
    body: contract.createVendorBody,
    answer: contract.vendorView,
    status: 201,
    run: ({ actor, body }) =>
      registry.createVendor(actor, { ...body, unitId: asId(body.unitId), parentId: vendorId(body.parentId) }),
  });
  route(app, {
    ...one,
    method: "GET",
    url: "/vendors/:id",
    access: readers,
    summary: "Show a vendor",
    answer: contract.vendorView,
    run: ({ actor, params }) => registry.vendor(actor, asId(params.id)),
  });
  route(app, {
    ...one,
    method: "PATCH",
    url: "/vendors/:id",
    summary: "Change a vendor, or whose sub-contractor it is",
    body: contract.changeVendorBody,
    answer: contract.vendorView,
    run({ actor, params, body }) {
      const { parentId, ...words } = body;
      const parent = parentId === undefined ? {} : { parentId: vendorId(parentId) };
      return registry.changeVendor(actor, asId(params.id), { ...words, ...parent });
    },
  });
  route(app, {
    ...one,
    method: "GET",
    url: "/vendors/:id/ending",
    summary: "What retiring a vendor would end",
    answer: contract.ending,
    run: ({ actor, params }) => registry.vendorEnding(actor, asId(params.id)),
  });
  route(app, {
    ...one,
    method: "POST",
    url: "/vendors/:id/retirement",
    summary: "Retire a vendor: its people leave, its contracts end",
    body: contract.reasonBody,
    run: ({ actor, params, body }) => registry.retireVendor(actor, asId(params.id), body.reason),
  });
}

export function registerContracts(app: FastifyInstance, deps: RouteDeps): void {
  const { registry } = deps.broker;
  const shared = { tag: "contracts", access: keepers } as const;
  const one = { ...shared, params: contract.idParams } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/contracts",
    access: readers,
    summary: "List contracts",
    query: contract.contractsQuery,
    answer: contract.contractListing,
    run({ actor, query }) {
      const { vendorId: of, ...page } = query;
      return registry.contracts(actor, of === undefined ? page : { ...page, vendorId: asId(of) });
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/contracts",
    summary: "Enter a contract",
    body: contract.createContractBody,
    answer: contract.contractView,
    status: 201,
    run: ({ actor, body }) =>
      registry.createContract(actor, {
        ...body,
        unitId: asId(body.unitId),
        vendorId: asId(body.vendorId),
        ownerId: asId(body.ownerId),
        scope: scopeOf(body.scope),
      }),
  });
  route(app, {
    ...one,
    method: "GET",
    url: "/contracts/:id",
    access: readers,
    summary: "Show a contract",
    answer: contract.contractView,
    run: ({ actor, params }) => registry.contract(actor, asId(params.id)),
  });
  route(app, {
    ...one,
    method: "PATCH",
    url: "/contracts/:id",
    summary: "Change a contract; what no longer fits ends at once",
    body: contract.changeContractBody,
    answer: contract.contractView,
    run({ actor, params, body }) {
      const { scope, ownerId, ...rest } = body;
      return registry.changeContract(actor, asId(params.id), {
        ...rest,
        ...(scope === undefined ? {} : { scope: scopeOf(scope) }),
        ...(ownerId === undefined ? {} : { ownerId: asId<PersonId>(ownerId) }),
      });
    },
  });
  route(app, {
    ...one,
    method: "GET",
    url: "/contracts/:id/ending",
    summary: "What ending a contract would end",
    answer: contract.ending,
    run: ({ actor, params }) => registry.contractEnding(actor, asId(params.id)),
  });
  route(app, {
    ...one,
    method: "POST",
    url: "/contracts/:id/end",
    summary: "End a contract, with everything under it",
    body: contract.reasonBody,
    run: ({ actor, params, body }) => registry.endContract(actor, asId(params.id), body.reason),
  });
  registerDuties(app, deps);
}

/** The security duties that a vendor accepted. */
function registerDuties(app: FastifyInstance, deps: RouteDeps): void {
  const { registry } = deps.broker;
  const shared = { tag: "contracts", url: "/contracts/:id/duties", params: contract.idParams } as const;

  upload(app, {
    ...shared,
    method: "PUT",
    access: keepers,
    summary: "Keep the document of accepted duties",
    query: contract.dutiesQuery,
    mostBytes: contract.DUTIES_MOST_BYTES,
    answer: contract.contractView,
    run: ({ actor, params, query }, bytes) =>
      registry.acceptDuties(actor, asId(params.id), { name: query.name, bytes }),
  });
  download(app, deps, {
    ...shared,
    method: "GET",
    access: readers,
    summary: "The document of accepted duties",
    mediaType: "application/octet-stream",
    fileName: ({ params }) => `duties-${params.id}`,
    async run({ actor, params }) {
      const document = await registry.dutiesDocument(actor, asId(params.id));
      return document.ok ? done(document.value.bytes) : document;
    },
  });
}

function vendorId(id: string | null): VendorId | null {
  return id === null ? null : asId<VendorId>(id);
}

function scopeOf(body: NonNullable<contract.ChangeContractBody["scope"]>): ContractScope {
  return {
    assetIds: body.assetIds.map((id) => asId(id)),
    accountIds: body.accountIds.map((id) => asId(id)),
    actions: body.actions,
  };
}
