/** Reading requests and grants: one's own, the queue to decide, what one decided, and those of the units one oversees. */
import {
  done,
  GatehouseError,
  grantStateAt,
  refused,
  requestStateAt,
  type AccessRequest,
  type Actor,
  type Grant,
  type Outcome,
  type RequestId,
  type Where,
} from "../domain/index.js";
import { decideFault, grantViews, maySeeRequest, requestView } from "./access-views.js";
import type { AccessUseCases, GrantView, Listing, Page, RequestView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import type { NoticeHub } from "./notices.js";
import { OVERSEERS } from "./oversight.js";
import { mapListing, pageOf, pageOfEither } from "./pages.js";
import { scopeOf, withinUnits } from "./scope.js";
import { standing, type Standing } from "./standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "policy">;
type View = Parameters<AccessUseCases["list"]>[1]["view"];

/** `not-found` to who may not see it. */
export async function getRequest(deps: Deps, actor: Actor, id: RequestId): Promise<Outcome<RequestView>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  const request = await read.requests.get(id);
  if (reader === undefined || request === undefined || !(await maySeeRequest(read, reader, request)))
    return refused("not-found");
  return done(await requestView(deps, read, reader, request));
}

/** See `AccessUseCases.list`. The queue holds only what the reader may decide at this moment. */
export async function listRequests(
  deps: Deps,
  actor: Actor,
  page: Page & { readonly view: View },
): Promise<Outcome<Listing<RequestView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined || !mayList(reader, page.view)) return refused("forbidden");
  const listing = await pageOf(read.requests, await whereOf(deps, reader, page.view), page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  const kept = page.view === "queue" ? await decidable(deps, reader, listing.items) : listing.items;
  return done(await mapListing({ ...listing, items: kept }, (request) => requestView(deps, read, reader, request)));
}

function mayList(reader: Actor, view: View): boolean {
  if (view === "mine") return true;
  if (view === "all")
    return reader.roles.includes("approver") || reader.power === "security" || reader.power === "audit";
  return reader.roles.includes("approver");
}

async function whereOf(deps: Deps, reader: Actor, view: View): Promise<Where<AccessRequest>> {
  if (view === "mine") return { requesterId: reader.personId };
  const { read } = deps.database;
  if (view === "all") return withinUnits(await scopeOf(read, reader, OVERSEERS));
  const within = withinUnits(await scopeOf(read, reader, ["approver"]));
  if (view === "queue") return { ...within, state: "pending", lapsesAt: { gt: deps.clock.now() } };
  const options = { orderBy: "id", descending: true, limit: 1000 } as const;
  const approvals = await read.approvals.find({ approverId: reader.personId }, options);
  return { ...within, id: { in: approvals.map((one) => one.requestId) } };
}

async function decidable(
  deps: Deps,
  reader: Standing,
  requests: readonly AccessRequest[],
): Promise<readonly AccessRequest[]> {
  const kept: AccessRequest[] = [];
  for (const request of requests) {
    const approvals = await deps.database.read.approvals.find({ requestId: request.id });
    if ((await decideFault(deps, deps.database.read, reader, request, approvals)) === undefined) kept.push(request);
  }
  return kept;
}

/** One's own grants; for approvers, security and audit those of their units. `live`: scheduled and active only. */
export async function listGrants(
  deps: Deps,
  actor: Actor,
  page: Page & { readonly live?: boolean },
): Promise<Outcome<Listing<GrantView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined) return refused("forbidden");
  const now = deps.clock.now();
  const live: Where<Grant> = page.live === true ? { state: { in: ["scheduled", "active"] }, to: { gt: now } } : {};
  const scope = await scopeOf(read, reader, OVERSEERS);
  const own: Where<Grant> = { ...live, personId: reader.personId };
  const listing = await pageOfEither(read.grants, scope.all ? [live] : [{ ...live, ...withinUnits(scope) }, own], page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  const grants = listing.items.map((grant) => ({ ...grant, state: grantStateAt(grant, now) }));
  return done({ items: await grantViews(read, grants), next: listing.next });
}

/** How often a waiting terminal looks at the row, for decisions made on another node. */
const POLL_MS = 1000;

/** See `AccessUseCases.waitForDecision`. Rejects with `not-found` for who may not see the request. */
export async function waitForDecision(
  deps: Deps & { readonly hub: Pick<NoticeHub, "subscribe"> },
  actor: Actor,
  id: RequestId,
  signal: AbortSignal,
): Promise<AccessRequest["state"]> {
  for (;;) {
    const changed = nextChange(deps.hub, id, signal);
    try {
      const state = await stateOf(deps, actor, id);
      if (state !== "pending" || signal.aborted) return state;
      await changed.happened;
    } finally {
      changed.stop();
    }
  }
}

async function stateOf(deps: Deps, actor: Actor, id: RequestId): Promise<AccessRequest["state"]> {
  const request = await deps.database.read.requests.get(id);
  if (request === undefined || request.requesterId !== actor.personId) {
    throw new GatehouseError("not-found", "there is no such request");
  }
  return requestStateAt(request, deps.clock.now());
}

function nextChange(
  hub: Pick<NoticeHub, "subscribe">,
  id: RequestId,
  signal: AbortSignal,
): { readonly happened: Promise<void>; readonly stop: () => void } {
  let stop = (): void => undefined;
  const happened = new Promise<void>((resolve) => {
    const wake = (): void => {
      resolve();
    };
    const timer = setTimeout(wake, POLL_MS);
    const unsubscribe = hub.subscribe((notice) => {
      if (notice.topic === "requests" && notice.id === id) wake();
    });
    signal.addEventListener("abort", wake, { once: true });
    stop = () => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener("abort", wake);
    };
  });
  return { happened, stop };
}
