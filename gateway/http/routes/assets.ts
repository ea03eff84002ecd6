/** Assets and their host keys. */
import type { FastifyInstance } from "fastify";
import { asId, type PersonId, type UnitId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerAssets(app: FastifyInstance, deps: RouteDeps): void {
  const { assets } = deps.broker;
  const shared = { tag: "assets", access: { powers: ["system"] } } as const;
  const readers = { powers: ["system", "security", "audit"] } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/assets",
    access: readers,
    summary: "List assets",
    query: contract.assetsQuery,
    answer: contract.assetListing,
    run: ({ actor, query }) => assets.list(actor, query),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/assets/owners",
    summary: "List who may own an asset, to choose from",
    query: contract.ownersQuery,
    answer: contract.ownerListing,
    run: ({ actor, query }) => assets.owners(actor, query),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/assets",
    summary: "Create an asset",
    body: contract.createAssetBody,
    answer: contract.assetView,
    status: 201,
    run: ({ actor, body }) => {
      const { unitId, ownerId, ...rest } = body;
      const unit = unitId === undefined ? {} : { unitId: asId<UnitId>(unitId) };
      return assets.create(actor, { ...rest, ...unit, ...ownerOf(ownerId) });
    },
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/assets/:id",
    access: readers,
    summary: "Show an asset and its accounts",
    params: contract.idParams,
    answer: contract.assetWithAccounts,
    run: ({ actor, params }) => assets.get(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "PATCH",
    url: "/assets/:id",
    summary: "Change an asset; another address waits for a second administrator",
    params: contract.idParams,
    body: contract.changeAssetBody,
    answer: contract.assetView,
    run: ({ actor, params, body }) => {
      const { ownerId, ...rest } = body;
      return assets.change(actor, asId(params.id), { ...rest, ...ownerOf(ownerId) });
    },
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/assets/:id",
    summary: "Retire an asset",
    params: contract.idParams,
    run: ({ actor, params }) => assets.retire(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/assets/:id/host-key-scan",
    summary: "Read the host key the target shows now",
    params: contract.idParams,
    answer: contract.hostKeyScan,
    run: ({ actor, params }) => assets.scanHostKey(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/assets/:id/host-key",
    summary: "Confirm a host key",
    params: contract.idParams,
    body: contract.hostKeyBody,
    answer: contract.assetView,
    run: ({ actor, params, body }) => assets.confirmHostKey(actor, asId(params.id), body.publicKey),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/assets/:id/change-confirmation",
    summary: "Accept or reject another administrator's change",
    params: contract.idParams,
    body: contract.changeConfirmationBody,
    answer: contract.assetView,
    run: ({ actor, params, body }) => assets.confirmChange(actor, asId(params.id), body.accept),
  });
}

function ownerOf(id: string | null | undefined): { readonly ownerId?: PersonId | null } {
  return id === undefined ? {} : { ownerId: id === null ? null : asId<PersonId>(id) };
}
