/**
 * The state machines of requests, grants, sessions and alerts, as pure functions with their time as an argument. Nothing
 * here hashes, stores or tells: the broker applies what is answered, by compare-and-set.
 */
import type { AccessRequest, Approval, Grant, GrantState, RequestState } from "./access.js";
import { ACTIONS, type Action, type ForwardTarget, type Limits } from "./actions.js";
import type { DesktopSettings } from "./assets.js";
import type { Person } from "./people.js";
import type { AlertState, EndReason, SessionState } from "./sessions.js";

/** A part of a canonical text: only what RFC 8785 renders without a choice. */
export type Canonical = string | number | boolean | null | readonly Canonical[] | { readonly [key: string]: Canonical };

/** RFC 8785 text of a value made of strings, safe integers, booleans, null, arrays and plain objects. */
export function canonicalText(value: Canonical): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalText).join(",")}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}

function isList(value: Canonical): value is readonly Canonical[] {
  return Array.isArray(value);
}

/** What a request's digest covers: everything an approver decides on. `hostKeyPin` is the asset's pin when it was asked. */
export interface DigestedRequest {
  readonly requesterId: string;
  readonly contractId: string | null;
  readonly reason: string;
  readonly workOrder: string;
  readonly windowFrom: number;
  readonly durationMs: number;
  readonly items: readonly {
    readonly accountId: string;
    readonly assetId: string;
    readonly assetPin: string;
    readonly actions: readonly Action[];
    readonly limits: Limits;
    /** The asset's desktop settings; what they are must be what they were. Null for SSH. */
    readonly desktop: DesktopSettings | null;
  }[];
}

/** The text whose SHA-256 is a request's digest. Items and actions are ordered, so that the same content has one text. */
export function requestDigestInput(request: DigestedRequest): string {
  const items = request.items.map((item) => ({
    accountId: item.accountId,
    assetId: item.assetId,
    assetPin: item.assetPin,
    actions: orderActions(item.actions),
    forwardTo: item.limits.forwardTo.map(forwardText).sort(),
    ...(item.desktop === null ? {} : { desktop: [item.desktop.security, item.desktop.acceptsMissing] }),
  }));
  items.sort((a, b) => (a.accountId < b.accountId ? -1 : a.accountId > b.accountId ? 1 : 0));
  return canonicalText({
    v: 1,
    requesterId: request.requesterId,
    contractId: request.contractId,
    reason: request.reason,
    workOrder: request.workOrder,
    windowFrom: request.windowFrom,
    durationMs: request.durationMs,
    items,
  });
}

/** The text whose SHA-256 is an asset's pin. */
export function assetPinInput(asset: {
  readonly host: string;
  readonly port: number;
  readonly hostKey: string | null;
}): string {
  return canonicalText([asset.host, asset.port, asset.hostKey]);
}

/** Each action once, in the order of `ACTIONS`. */
export function orderActions(actions: readonly Action[]): readonly Action[] {
  return ACTIONS.filter((action) => actions.includes(action));
}

function forwardText(target: ForwardTarget): string {
  return `${target.host}:${String(target.port)}`;
}

/** Whether the limits name exactly this host and port. No names are resolved, nothing is widened. */
export function forwardIsNamed(limits: Limits, target: ForwardTarget): boolean {
  return limits.forwardTo.some((one) => one.host === target.host && one.port === target.port);
}

/* ── requests ── */

const REQUEST_MOVES: Readonly<Record<RequestState, readonly RequestState[]>> = {
  pending: ["approved", "denied", "withdrawn", "lapsed"],
  approved: [],
  denied: [],
  withdrawn: [],
  lapsed: [],
};

/** What a request is at `now`: a pending one that nobody decided in time has lapsed, whatever its row still says. */
export function requestStateAt(request: Pick<AccessRequest, "state" | "lapsesAt">, now: number): RequestState {
  return request.state === "pending" && now >= request.lapsesAt ? "lapsed" : request.state;
}

/** Whether a request may move from one state to another. */
export function requestMay(from: RequestState, to: RequestState): boolean {
  return REQUEST_MOVES[from].includes(to);
}

/** What a verdict makes of a pending request: one no denies; enough yeses of different persons approve. */
export function afterVerdict(
  request: Pick<AccessRequest, "approvalsNeeded">,
  approvals: readonly Pick<Approval, "approverId" | "verdict">[],
): RequestState {
  if (approvals.some((one) => one.verdict === "denied")) return "denied";
  const persons = new Set(approvals.map((one) => one.approverId));
  return persons.size >= request.approvalsNeeded ? "approved" : "pending";
}

/**
 * When a grant begins and ends: from the later of what was asked and the approval, for as long as asked, and never past any
 * of `bounds` (entitlement, contract). Undefined when nothing is left.
 */
export function grantWindow(
  request: Pick<AccessRequest, "windowFrom" | "durationMs">,
  approvedAt: number,
  bounds: readonly (number | null)[],
): { readonly from: number; readonly to: number } | undefined {
  const from = Math.max(request.windowFrom, approvedAt);
  const to = bounds.reduce<number>(
    (end, bound) => (bound === null ? end : Math.min(end, bound)),
    from + request.durationMs,
  );
  return to > from ? { from, to } : undefined;
}

/* ── grants ── */

const GRANT_MOVES: Readonly<Record<GrantState, readonly GrantState[]>> = {
  scheduled: ["active", "suspended", "expired", "revoked"],
  active: ["suspended", "expired", "revoked"],
  suspended: ["expired", "revoked"],
  expired: [],
  revoked: [],
};

/** Whether a grant may move from one state to another. A suspended grant never lives again: its pin is gone. */
export function grantMay(from: GrantState, to: GrantState): boolean {
  return GRANT_MOVES[from].includes(to);
}

/** What a grant is at `now`, whatever its row still says about time. */
export function grantStateAt(grant: Pick<Grant, "state" | "from" | "to">, now: number): GrantState {
  if (grant.state === "revoked" || grant.state === "expired") return grant.state;
  if (now >= grant.to) return "expired";
  if (grant.state === "suspended") return "suspended";
  return now >= grant.from ? "active" : "scheduled";
}

/** What live sessions are asked about a person: his state, whether he may operate, his epoch, and what he hangs on. */
export interface PersonStanding extends Pick<Person, "state" | "credentialEpoch"> {
  readonly isOperator: boolean;
  /** Whether sponsor, vendors and unit stand; true for a unit's own person without a sponsor. */
  readonly bondsHold: boolean;
  /** His contract's span; null for a unit's own person. An ended contract's span is over. */
  readonly contract: ContractSpan | null;
}

export interface ContractSpan {
  readonly from: number;
  readonly to: number;
}

export type MayContinue =
  | { readonly go: true }
  | { readonly go: false; readonly because: Extract<EndReason, "expired" | "revoked" | "bond-ended"> };

/**
 * Whether a session may go on at `now` (promise 3). `epoch` is the person's credential epoch when the session opened. A row
 * that is gone counts as revoked; `bond-ended`: his contract, a vendor of its chain or his sponsor.
 */
export function mayContinue(
  grant: Pick<Grant, "state" | "from" | "to"> | undefined,
  person: PersonStanding | undefined,
  epoch: number,
  now: number,
): MayContinue {
  if (grant === undefined || person === undefined) return { go: false, because: "revoked" };
  const { contract } = person;
  if (!person.bondsHold || (contract !== null && (now < contract.from || now >= contract.to)))
    return { go: false, because: "bond-ended" };
  if (person.state !== "active" || !person.isOperator || person.credentialEpoch !== epoch)
    return { go: false, because: "revoked" };
  const state = grantStateAt(grant, now);
  if (state === "expired") return { go: false, because: "expired" };
  if (state !== "active") return { go: false, because: "revoked" };
  return { go: true };
}

/* ── sessions and alerts ── */

const SESSION_MOVES: Readonly<Record<SessionState, readonly SessionState[]>> = {
  opening: ["live", "ended"],
  live: ["frozen", "ended"],
  frozen: ["live", "ended"],
  ended: [],
};

/** Whether a session may move from one state to another. */
export function sessionMay(from: SessionState, to: SessionState): boolean {
  return SESSION_MOVES[from].includes(to);
}

const ALERT_MOVES: Readonly<Record<AlertState, readonly AlertState[]>> = {
  open: ["acknowledged", "resolved"],
  acknowledged: ["resolved"],
  resolved: ["closed"],
  closed: [],
};

/** Whether an alert may move from one state to another. */
export function alertMay(from: AlertState, to: AlertState): boolean {
  return ALERT_MOVES[from].includes(to);
}
