/**
 * Deciding a request. The yes is bound to the digest that was shown; it is worth nothing when anything it covers changed
 * since (another address, port or host key among it). Approvals, the request's new state, its grants and their events are
 * one transaction.
 */
import {
  afterVerdict,
  asId,
  done,
  grantStateAt,
  grantWindow,
  refused,
  type AccessRequest,
  type Actor,
  type Approval,
  type AuditDetail,
  type Asset,
  type ApprovalId,
  type Grant,
  type GrantId,
  type Outcome,
  type Person,
  type RequestId,
  type RequestItem,
  type Stores,
} from "../domain/index.js";
import { decideFault, maySeeRequest, requestView } from "./access-views.js";
import type { AccessUseCases, RequestView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { entitlementOf } from "./entitlements.js";
import { requestDigest } from "./hashing.js";
import { grantNotice, requestNotice } from "./notices.js";
import { isPlainText, reasonFits } from "./request-access.js";
import { judgeOperating } from "./operating.js";
import { writtenDown } from "./registry/named-people.js";
import { holdings, standing, type Standing } from "./standing.js";
import { requireStepUp } from "./step-up.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "policy" | "notify">;
type Word = Parameters<AccessUseCases["decide"]>[2];

const REASON_LONGEST = 500;

/**
 * One approver's word, with a second factor shown a short while ago (`step-up-needed`). `own-request`, `same-vendor`, `already-decided`, `stale` (the digest is not the one that stands, or
 * something it covers changed), `outside-entitlement` (it ended meanwhile); `not-found` to who may not see it.
 */
export async function decideRequest(
  deps: Deps,
  actor: Actor,
  id: RequestId,
  word: Word,
): Promise<Outcome<RequestView>> {
  if (word.reason.length > REASON_LONGEST || !isPlainText(word.reason))
    return refused("invalid-input", { field: "reason" });
  if (word.verdict === "denied" && !reasonFits(word.reason)) return refused("invalid-input", { field: "reason" });
  const outcome = await deps.database.write((tx) => decideIn(deps, tx, actor, id, word));
  if (!outcome.ok) return outcome;
  const { request, grants, approver } = outcome.value;
  deps.notify(requestNotice(id, request.requesterId));
  for (const grant of grants) deps.notify(grantNotice(grant.id, grant.personId));
  return done(await requestView(deps, deps.database.read, approver, request));
}

interface Decided {
  readonly request: AccessRequest;
  readonly grants: readonly Grant[];
  readonly approver: Standing;
}

async function decideIn(deps: Deps, tx: Stores, actor: Actor, id: RequestId, word: Word): Promise<Outcome<Decided>> {
  const now = deps.clock.now();
  const approver = await standing(tx, actor);
  // Writing the row first makes two deciders queue on it, so that both see each other's approvals.
  await tx.requests.update(id, { state: "pending" }, { state: "pending" });
  const request = await tx.requests.get(id);
  if (approver === undefined || request === undefined || !(await maySeeRequest(tx, approver, request)))
    return refused("not-found");
  const approvals = await tx.approvals.find({ requestId: id });
  const fault = await decideFault(deps, tx, approver, request, approvals);
  if (fault !== undefined) return refused(fault);
  const recent = await requireStepUp(tx, deps.clock, deps.policy, actor);
  if (!recent.ok) return recent;
  const items = await tx.requestItems.find({ requestId: id }, { orderBy: "id" });
  if (word.digest !== request.digest || (await digestNow(tx, request, items)) !== request.digest)
    return refused("stale");

  const approval: Approval = {
    id: asId<ApprovalId>(deps.ids.next()),
    requestId: id,
    approverId: approver.personId,
    verdict: word.verdict,
    reason: word.reason.trim(),
    digest: word.digest,
    at: now,
  };
  const state = afterVerdict(request, [...approvals, approval]);
  const prepared =
    word.verdict === "approved" ? await prepareGrants(deps, tx, request, items, now) : done<readonly Grant[]>([]);
  if (!prepared.ok) return prepared;
  const grants = state === "approved" ? prepared.value : [];
  const decidedAt = state === "pending" ? null : now;
  await tx.approvals.insert(approval);
  await tx.requests.update(id, { state, decidedAt }, { state: "pending" });
  await appendVerdict(tx, approver, request, approval, state);
  const whose = await writtenDown(tx, request.requesterId);
  for (const grant of grants) await insertGrant(tx, approver, grant, whose);
  return done({ request: { ...request, state, decidedAt }, grants, approver });
}

/** The digest of the same request as it would be filed now: another where an asset's desktop settings are no longer the same. */
async function digestNow(tx: Stores, request: AccessRequest, items: readonly RequestItem[]): Promise<string> {
  const digested: (RequestItem & Pick<Asset, "desktop">)[] = [];
  for (const item of items) digested.push({ ...item, desktop: (await tx.assets.get(item.assetId))?.desktop ?? null });
  return requestDigest({ ...request, items: digested });
}

/** One grant an item, clipped by its entitlement; refused when anything the approver saw is no longer so. */
async function prepareGrants(
  deps: Deps,
  tx: Stores,
  request: AccessRequest,
  items: readonly RequestItem[],
  now: number,
): Promise<Outcome<readonly Grant[]>> {
  const requester = await tx.people.get(request.requesterId);
  if (requester?.state !== "active" || !(await holdings(tx, requester.id)).roles.includes("operator"))
    return refused("stale");
  if (requester.contractId !== request.contractId) return refused("stale");
  const grants: Grant[] = [];
  for (const item of items) {
    const grant = await prepareGrant(deps, tx, request, item, requester, now);
    if (!grant.ok) return grant;
    grants.push(grant.value);
  }
  return done(grants);
}

async function prepareGrant(
  deps: Deps,
  tx: Stores,
  request: AccessRequest,
  item: RequestItem,
  requester: Person,
  now: number,
): Promise<Outcome<Grant>> {
  const asset = await tx.assets.get(item.assetId);
  const account = await tx.accounts.get(item.accountId);
  if (asset?.state !== "active" || account?.state !== "active" || asset.pin !== item.assetPin) return refused("stale");
  const entitlement = await entitlementOf(tx, request.requesterId, item.accountId, now);
  if (entitlement === undefined || !item.actions.every((action) => entitlement.actions.includes(action))) {
    return refused("outside-entitlement");
  }
  const { unitId, id: assetId } = asset;
  const operated = { unitId, assetId, accountId: account.id, actions: item.actions };
  const { fault, bonds } = await judgeOperating(tx, requester, [operated], now);
  if (fault !== undefined) return refused(fault);
  const window = grantWindow(request, now, [entitlement.to, bonds.contract === null ? null : bonds.contract.toAt]);
  if (window === undefined) return refused("outside-entitlement");
  const row = { state: "scheduled", ...window } as const;
  const vendor = requester.vendorId !== null;
  const { obligations } = deps.policy.approvalRule({ actions: item.actions, unitId: request.unitId, vendor });
  return done({
    ...window,
    id: asId<GrantId>(deps.ids.next()),
    unitId,
    requestId: request.id,
    itemId: item.id,
    personId: request.requesterId,
    accountId: item.accountId,
    assetId: item.assetId,
    contractId: request.contractId,
    assetPin: item.assetPin,
    actions: item.actions,
    limits: item.limits,
    obligations,
    state: grantStateAt(row, now),
    endedAt: null,
    endedBy: null,
    endReason: null,
    createdAt: now,
  });
}

async function appendVerdict(
  tx: Stores,
  approver: Actor,
  request: AccessRequest,
  approval: Approval,
  state: AccessRequest["state"],
): Promise<void> {
  await tx.audit.append({
    verb: approval.verdict === "approved" ? "request.approved" : "request.denied",
    actorId: approver.personId,
    object: { kind: "request", id: request.id },
    sourceAddress: approver.sourceAddress,
    decidedBy: approval.id,
    detail: { digest: approval.digest, reason: approval.reason, state, approvalsNeeded: request.approvalsNeeded },
  });
}

async function insertGrant(tx: Stores, approver: Actor, grant: Grant, whose: AuditDetail): Promise<void> {
  await tx.grants.insert(grant);
  await tx.audit.append({
    verb: "grant.created",
    actorId: approver.personId,
    object: { kind: "grant", id: grant.id },
    sourceAddress: approver.sourceAddress,
    decidedBy: grant.requestId,
    detail: {
      personId: grant.personId,
      accountId: grant.accountId,
      assetId: grant.assetId,
      assetPin: grant.assetPin,
      actions: grant.actions,
      obligations: grant.obligations,
      from: grant.from,
      to: grant.to,
      ...whose,
    },
  });
}
