/**
 * Asking for access: an operator files items within his entitlements, with a reason and a window. An account he is not
 * entitled to and one that does not exist take the same reads and get the same answer (promise 8).
 */
import {
  asId,
  done,
  orderActions,
  refused,
  requestStateAt,
  type AccessRequest,
  type Account,
  type Action,
  type Actor,
  type Asset,
  type DigestedRequest,
  type Limits,
  type Outcome,
  type RequestId,
  type RequestItem,
  type RequestItemId,
  type Stores,
} from "../domain/index.js";
import { requestView } from "./access-views.js";
import type { AccessUseCases, RequestView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { actionsFit, actionsOf, entitlementOf } from "./entitlements.js";
import { forwardAllowed } from "./forward-rules.js";
import { requestDigest } from "./hashing.js";
import { requestNotice } from "./notices.js";
import { judgeOperating, type Operated } from "./operating.js";
import { writtenDown } from "./registry/named-people.js";
import { commonUnit } from "./registry/unit-tree.js";
import { policyActor, standing, type Standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "policy" | "config" | "resolve" | "notify">;
type Ask = Parameters<AccessUseCases["request"]>[1];
type AskedItem = Ask["items"][number];
type Refusal = ReturnType<typeof refused>;
interface Filed {
  readonly request: AccessRequest;
  readonly person: Standing;
}

const REASON_SHORTEST = 3;
const REASON_LONGEST = 500;
const WORK_ORDER_LONGEST = 100;
const ITEMS_MOST = 20;
const FORWARDS_MOST = 20;
const SHORTEST_MS = 60_000;
/** So many requests of one person an hour: deciders must not be drowned, nor the log. */
const REQUESTS_AN_HOUR = 60;
const HOUR_MS = 3_600_000;
/** A window may begin this far ahead. */
const AHEAD_MS = 30 * 86_400_000;
/** A start in the past this close counts as now (clocks of browsers differ). */
const BEHIND_MS = 300_000;

/** Text as people write it, of several lines perhaps: nothing that steers a terminal or turns the writing direction. */
export function isPlainText(text: string): boolean {
  return !/[^\P{Cc}\n\t]|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/u.test(text);
}

/** Whether a reason is long enough to mean something, short enough to be read, and plain text. */
export function reasonFits(reason: string): boolean {
  const length = reason.trim().length;
  return length >= REASON_SHORTEST && length <= REASON_LONGEST && isPlainText(reason);
}

/**
 * Files a request. `outside-entitlement`, `window-too-long`, `conflict` while one for the same account is pending,
 * `too-many-tries` to who files more than deciders can read.
 */
export async function requestAccess(deps: Deps, actor: Actor, ask: Ask): Promise<Outcome<RequestView>> {
  const now = deps.clock.now();
  const fault = shapeFault(ask, now);
  if (fault !== undefined) return fault;
  const forwards = await forwardFault(deps, actor, ask, now);
  const outcome = await deps.database.write(async (tx): Promise<Outcome<Filed>> => {
    const person = await standing(tx, actor);
    if (person === undefined || !person.roles.includes("operator")) return refused("forbidden");
    const judged = await judgeItems(deps, tx, person, ask, now);
    if (!judged.ok) return judged;
    if (forwards !== undefined) return forwards;
    if (await hasPending(tx, person, ask, now)) return refused("conflict");
    const retryAfterMs = await waitOf(tx, person, now);
    if (retryAfterMs > 0) return refused("too-many-tries", { retryAfterMs });
    const filed = await fileRequest(deps, tx, person, ask, judged.value, now);
    return filed.ok ? done({ request: filed.value, person }) : filed;
  });
  if (!outcome.ok) return outcome;
  const { request, person } = outcome.value;
  deps.notify(requestNotice(request.id, request.requesterId));
  return done(await requestView(deps, deps.database.read, person, request));
}

function shapeFault(ask: Ask, now: number): Refusal | undefined {
  if (!reasonFits(ask.reason)) return refused("invalid-input", { field: "reason" });
  if (ask.workOrder.length > WORK_ORDER_LONGEST || !isPlainText(ask.workOrder))
    return refused("invalid-input", { field: "workOrder" });
  if (ask.items.length === 0 || ask.items.length > ITEMS_MOST) return refused("invalid-input", { field: "items" });
  if (new Set(ask.items.map((item) => item.accountId)).size !== ask.items.length)
    return refused("invalid-input", { field: "items" });
  if (!Number.isSafeInteger(ask.durationMs) || ask.durationMs < SHORTEST_MS)
    return refused("invalid-input", { field: "durationMs" });
  const from = ask.windowFrom ?? now;
  if (!Number.isSafeInteger(from) || from < now - BEHIND_MS || from > now + AHEAD_MS)
    return refused("invalid-input", { field: "windowFrom" });
  return ask.items.every(itemIsWellFormed) ? undefined : refused("invalid-input", { field: "items" });
}

function itemIsWellFormed(item: AskedItem): boolean {
  const forwardTo = item.limits?.forwardTo ?? [];
  if (item.actions.length === 0 || forwardTo.length > FORWARDS_MOST || !actionsFit(item.actions)) return false;
  return item.actions.includes("ssh.forward") === forwardTo.length > 0;
}

/**
 * Judged before the transaction, because names are resolved; only for who is entitled, so that time tells nobody else
 * whether an account exists and a stranger has nothing resolved. Each name is looked up once a request.
 */
async function forwardFault(deps: Deps, actor: Actor, ask: Ask, now: number): Promise<Refusal | undefined> {
  const { read } = deps.database;
  const known = new Map<string, Promise<readonly string[]>>();
  const resolve = (host: string): Promise<readonly string[]> => {
    const found = known.get(host) ?? deps.resolve(host);
    known.set(host, found);
    return found;
  };
  for (const item of ask.items) {
    const forwardTo = item.limits?.forwardTo ?? [];
    if (forwardTo.length === 0) continue;
    const account = await read.accounts.get(item.accountId);
    const asset = account === undefined ? undefined : await read.assets.get(account.assetId);
    const entitlement = await entitlementOf(read, actor.personId, item.accountId, now);
    if (asset === undefined || entitlement?.actions.includes("ssh.forward") !== true) continue;
    for (const target of forwardTo) {
      if (!(await forwardAllowed({ resolve }, read, asset, target)))
        return refused("address-refused", { field: "forwardTo" });
    }
  }
  return undefined;
}

interface JudgedItem {
  readonly account: Account;
  readonly asset: Asset;
  readonly actions: readonly Action[];
  readonly limits: Limits;
}

/**
 * All items are judged before one answer is given, so that the answer's time does not tell which one was at fault. Only who
 * is entitled to them all is told what his contract says.
 */
async function judgeItems(
  deps: Deps,
  tx: Stores,
  person: Standing,
  ask: Ask,
  now: number,
): Promise<Outcome<readonly JudgedItem[]>> {
  const items: JudgedItem[] = [];
  let keyUnknown = false;
  for (const item of ask.items) {
    const account = await tx.accounts.get(item.accountId);
    const asset = await tx.assets.get(account?.assetId ?? ("" as Asset["id"]));
    const entitlement = await entitlementOf(tx, person.personId, item.accountId, now);
    if (account?.state !== "active" || asset?.state !== "active" || entitlement === undefined) continue;
    const sensible = actionsOf(asset.protocol);
    const allowed = item.actions.every(
      (action) =>
        sensible.includes(action) &&
        requestDecision(deps, person, account, action, entitlement.actions.includes(action), ask),
    );
    if (!allowed) continue;
    if (asset.hostKey === null) keyUnknown = true;
    items.push({
      account,
      asset,
      actions: orderActions(item.actions),
      limits: { forwardTo: item.limits?.forwardTo ?? [] },
    });
  }
  if (items.length !== ask.items.length) return refused("outside-entitlement");
  const asker = await tx.people.get(person.personId);
  if (asker === undefined) return refused("forbidden");
  const { fault } = await judgeOperating(tx, asker, items.map(operatedItem), now);
  if (fault !== undefined) return refused(fault);
  return keyUnknown ? refused("target-key-unknown") : done(items);
}

function operatedItem({ account, asset, actions }: JudgedItem): Operated {
  return { unitId: asset.unitId, assetId: asset.id, accountId: account.id, actions };
}

function requestDecision(
  deps: Deps,
  person: Standing,
  account: Account,
  action: Action,
  entitled: boolean,
  ask: Ask,
): boolean {
  const { id, unitId, assetId } = account;
  const query = {
    act: "request",
    person: policyActor(person),
    account: { id, unitId, assetId },
    action,
    entitled,
  } as const;
  return entitled && deps.policy.decide({ ...query, durationMs: ask.durationMs }).allowed;
}

async function hasPending(tx: Stores, person: Actor, ask: Ask, now: number): Promise<boolean> {
  for (const request of await tx.requests.find({ requesterId: person.personId, state: "pending" }, { limit: 1000 })) {
    if (requestStateAt(request, now) !== "pending") continue;
    const items = await tx.requestItems.find({ requestId: request.id });
    if (items.some((item) => ask.items.some((asked) => asked.accountId === item.accountId))) return true;
  }
  return false;
}

/** How long until the person may file again; 0 when he may now. */
async function waitOf(tx: Stores, person: Actor, now: number): Promise<number> {
  const lately = { requesterId: person.personId, createdAt: { gt: now - HOUR_MS } };
  if ((await tx.requests.count(lately)) < REQUESTS_AN_HOUR) return 0;
  const [oldest] = await tx.requests.find(lately, { orderBy: "createdAt", limit: 1 });
  return Math.max(1, (oldest?.createdAt ?? now) + HOUR_MS - now);
}

async function fileRequest(
  deps: Deps,
  tx: Stores,
  person: Actor,
  ask: Ask,
  judged: readonly JudgedItem[],
  now: number,
): Promise<Outcome<AccessRequest>> {
  const actions = orderActions(judged.flatMap((item) => item.actions));
  const unitId = await commonUnit(
    tx,
    judged.map((item) => item.asset.unitId),
  );
  const rule = deps.policy.approvalRule({ actions, unitId, vendor: person.vendorId !== null });
  if (ask.durationMs > rule.longestMs) return refused("window-too-long", { field: "durationMs" });
  const id = asId<RequestId>(deps.ids.next());
  const items = judged.map((item): RequestItem => ({
    id: asId<RequestItemId>(deps.ids.next()),
    requestId: id,
    accountId: item.account.id,
    assetId: item.asset.id,
    assetPin: item.asset.pin,
    actions: item.actions,
    limits: item.limits,
  }));
  const asker = await tx.people.get(person.personId);
  const content = {
    requesterId: person.personId,
    contractId: asker?.contractId ?? null,
    reason: ask.reason.trim(),
    workOrder: ask.workOrder.trim(),
    windowFrom: Math.max(now, ask.windowFrom ?? now),
    durationMs: ask.durationMs,
  };
  const request: AccessRequest = {
    ...content,
    id,
    unitId,
    digest: requestDigest({ ...content, items: judged.map(digestedItem) }),
    state: "pending",
    approvalsNeeded: rule.approvals,
    sourceAddress: person.sourceAddress,
    createdAt: now,
    lapsesAt: now + deps.config.requestTtlMs,
    decidedAt: null,
  };
  await tx.requests.insert(request);
  for (const item of items) await tx.requestItems.insert(item);
  await appendFiled(tx, request, items, actions, rule.id);
  return done(request);
}

async function appendFiled(
  tx: Stores,
  request: AccessRequest,
  items: readonly RequestItem[],
  actions: readonly Action[],
  decidedBy: string,
): Promise<void> {
  const { id, requesterId, sourceAddress, digest, reason, workOrder, windowFrom, durationMs, approvalsNeeded } =
    request;
  await tx.audit.append({
    verb: "request.filed",
    actorId: requesterId,
    object: { kind: "request", id },
    sourceAddress,
    decidedBy,
    detail: {
      digest,
      reason,
      workOrder,
      accounts: items.map((item) => item.accountId),
      actions,
      windowFrom,
      durationMs,
      approvalsNeeded,
      ...(await writtenDown(tx, requesterId)),
    },
  });
}

function digestedItem({ account, asset, actions, limits }: JudgedItem): DigestedRequest["items"][number] {
  return { accountId: account.id, assetId: asset.id, assetPin: asset.pin, actions, limits, desktop: asset.desktop };
}

/** Only the requester, only while it is pending. */
export async function withdrawRequest(deps: Deps, actor: Actor, id: RequestId): Promise<Outcome<void>> {
  const now = deps.clock.now();
  const outcome = await deps.database.write(async (tx): Promise<Outcome<void>> => {
    const person = await standing(tx, actor);
    const request = await tx.requests.get(id);
    if (person === undefined || request?.requesterId !== person.personId) return refused("not-found");
    if (requestStateAt(request, now) !== "pending") return refused("already-decided");
    if (!(await tx.requests.update(id, { state: "withdrawn", decidedAt: now }, { state: "pending" })))
      return refused("already-decided");
    await tx.audit.append({
      verb: "request.withdrawn",
      actorId: person.personId,
      object: { kind: "request", id },
      sourceAddress: actor.sourceAddress,
    });
    return done(undefined);
  });
  if (outcome.ok) deps.notify(requestNotice(id, actor.personId));
  return outcome;
}
