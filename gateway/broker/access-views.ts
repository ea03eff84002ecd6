/** What pages and terminals may see of requests and grants, and who may see them. */
import {
  contractCovers,
  requestStateAt,
  type AccessRequest,
  type Actor,
  type Approval,
  type ErrorCode,
  type Grant,
  type PersonId,
  type Stores,
} from "../domain/index.js";
import { certificateOf, shownFingerprint } from "./asset-views.js";
import type { GrantView, RequestView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { lastLink } from "./last-link.js";
import { spanOf } from "./registry/bonds.js";
import { namedPeople } from "./registry/named-people.js";
import { rowsById } from "./registry/rows-by-id.js";
import { vendorNames } from "./registry/vendor-chain.js";
import { covers, scopeOf } from "./scope.js";
import { policyActor, policyPerson, type Standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "clock" | "policy">;

/** The requester himself; approvers, security and audit for its unit. */
export async function maySeeRequest(
  stores: Stores,
  reader: Actor,
  request: Pick<AccessRequest, "requesterId" | "unitId">,
): Promise<boolean> {
  if (reader.personId === request.requesterId) return true;
  return covers(await scopeOf(stores, reader, ["approver", "security", "audit"]), request.unitId);
}

/**
 * Why the reader may not decide the request; undefined when he may. Compares persons, never logins (promise 4), and asks
 * policy last.
 */
export async function decideFault(
  deps: Deps,
  stores: Stores,
  reader: Standing,
  request: AccessRequest,
  approvals: readonly Approval[],
): Promise<ErrorCode | undefined> {
  if (reader.personId === request.requesterId) return "own-request";
  if (!covers(await scopeOf(stores, reader, ["approver"]), request.unitId)) return "forbidden";
  if (await isMadeBy(stores, reader.personId, request.requesterId)) return "own-request";
  if (requestStateAt(request, deps.clock.now()) !== "pending") return "already-decided";
  const approvesFrom = (await stores.people.get(reader.personId))?.approvesFrom ?? 0;
  if (deps.clock.now() < approvesFrom) return "approves-later";
  const already = approvals.some((one) => one.approverId === reader.personId);
  if (already) return "already-decided";
  const requester = await policyPerson(stores, request.requesterId);
  if (requester === undefined) return "stale";
  const mine: readonly string[] = reader.vendorIds;
  if (requester.vendorChain.some((vendor) => mine.includes(vendor))) return "same-vendor";
  const decision = deps.policy.decide({ act: "approve", person: policyActor(reader), requester, already });
  return decision.allowed ? undefined : "forbidden";
}

/**
 * Whether the approver's way in or his role came from the requester's hand, as the first or the second person: who held his
 * newest enrolment link, or a part of it, could be him, so a yes of his would be the requester's own.
 */
async function isMadeBy(stores: Stores, approverId: PersonId, requesterId: PersonId): Promise<boolean> {
  const link = await lastLink(stores, approverId);
  if (link?.by === requesterId || link?.second === requesterId) return true;
  const roles = await stores.roles.find({ personId: approverId, role: "approver" }, { limit: 1000 });
  return roles.some((row) => row.grantedBy === requesterId || row.confirmedBy === requesterId);
}

/** The whole request, as its reader may see it. */
export async function requestView(
  deps: Deps,
  stores: Stores,
  reader: Standing,
  request: AccessRequest,
): Promise<RequestView> {
  const approvals = await stores.approvals.find({ requestId: request.id }, { orderBy: "at" });
  const requester = await stores.people.get(request.requesterId);
  const unit = await stores.units.get(request.unitId);
  const contract = request.contractId === null ? undefined : await stores.contracts.get(request.contractId);
  const sponsorId = requester?.sponsorId ?? null;
  const sponsor = sponsorId === null ? undefined : await stores.people.get(sponsorId);
  const items = await itemViews(stores, request);
  const fault = await decideFault(deps, stores, reader, request, approvals);
  return {
    ...request,
    state: requestStateAt(request, deps.clock.now()),
    requesterLogin: requester?.login ?? "",
    requesterName: requester?.displayName ?? "",
    vendorChain: await vendorNames(stores, requester?.vendorId ?? null),
    contractNumber: contract?.number ?? null,
    contractEndsAt: contract === undefined ? null : spanOf(contract).to,
    withinContract: contract === undefined ? null : items.every((item) => contractCovers(contract.scope, item)),
    sponsorName: sponsor?.displayName ?? null,
    items,
    approvals: await approvalViews(stores, approvals),
    approverGroups: [`approvers of ${unit?.name ?? "the unit"}`],
    grants: await stores.grants.find({ requestId: request.id }),
    decidable: fault === undefined ? { ok: true } : { ok: false, code: fault },
  };
}

async function itemViews(stores: Stores, request: AccessRequest): Promise<RequestView["items"]> {
  const views: RequestView["items"][number][] = [];
  for (const item of await stores.requestItems.find({ requestId: request.id }, { orderBy: "id" })) {
    const account = await stores.accounts.get(item.accountId);
    const asset = await stores.assets.get(item.assetId);
    views.push({
      ...item,
      accountLogin: account?.login ?? "",
      assetName: asset?.name ?? "",
      assetHost: asset?.host ?? "",
      assetPort: asset?.port ?? 0,
      hostKeyFingerprint: shownFingerprint(asset?.hostKey ?? null),
      legacyAlgorithms: asset?.legacyAlgorithms ?? false,
      protocol: asset?.protocol ?? "ssh",
      certificate: asset === undefined ? null : certificateOf(asset),
      desktop: asset?.desktop ?? null,
    });
  }
  return views;
}

async function approvalViews(stores: Stores, approvals: readonly Approval[]): Promise<RequestView["approvals"]> {
  const views: RequestView["approvals"][number][] = [];
  for (const approval of approvals) {
    const approver = await stores.people.get(approval.approverId);
    views.push({ ...approval, approverLogin: approver?.login ?? "", approverName: approver?.displayName ?? "" });
  }
  return views;
}

/** Grants as they are shown, with whose they are and under which contract; a page's at once. */
export async function grantViews(stores: Stores, grants: readonly Grant[]): Promise<readonly GrantView[]> {
  const people = await namedPeople(
    stores,
    grants.map((one) => one.personId),
  );
  const accounts = await rowsById(
    stores.accounts,
    grants.map((one) => one.accountId),
  );
  const assets = await rowsById(
    stores.assets,
    grants.map((one) => one.assetId),
  );
  const contracts = await rowsById(
    stores.contracts,
    grants.flatMap((one) => one.contractId ?? []),
  );
  return grants.map((grant) => {
    const person = people.get(grant.personId);
    return {
      ...grant,
      personLogin: person?.login ?? "",
      personName: person?.displayName ?? "",
      vendorChain: person?.vendorChain ?? [],
      contractNumber: contracts.get(grant.contractId ?? "")?.number ?? null,
      accountLogin: accounts.get(grant.accountId)?.login ?? "",
      assetName: assets.get(grant.assetId)?.name ?? "",
    };
  });
}
