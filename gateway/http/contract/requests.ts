/** Requests, approvals and grants. */
import { z } from "zod";
import { desktopSettings } from "./assets.js";
import {
  ACTIONS,
  CERTIFICATES,
  GRANT_STATES,
  OBLIGATIONS,
  PROTOCOLS,
  REQUEST_STATES,
  REQUEST_VIEWS,
  VERDICTS,
} from "./constants.js";
import {
  host,
  id,
  lineOrEmpty,
  lines,
  listing,
  optional,
  outId,
  outTime,
  pageQuery,
  port,
  queryFlag,
  time,
} from "./fields.js";

export const forwardTarget = z.object({ host: z.string(), port: z.number() });
const limits = z.object({ forwardTo: z.array(forwardTarget).readonly() });
const actions = z.array(z.enum(ACTIONS)).readonly();

export const grant = z.object({
  id: outId,
  unitId: outId,
  requestId: outId,
  itemId: outId,
  personId: outId,
  accountId: outId,
  assetId: outId,
  contractId: outId.nullable(),
  assetPin: z.string(),
  actions,
  limits,
  obligations: z.array(z.enum(OBLIGATIONS)).readonly(),
  from: outTime,
  to: outTime,
  state: z.enum(GRANT_STATES),
  endedAt: outTime.nullable(),
  endedBy: outId.nullable(),
  endReason: z.string().nullable(),
  createdAt: outTime,
});
export const grantView = grant.extend({
  personLogin: z.string(),
  personName: z.string(),
  vendorChain: z.array(z.string()).readonly(),
  /** Of the contract it was granted under. */
  contractNumber: z.string().nullable(),
  accountLogin: z.string(),
  assetName: z.string(),
});
export type GrantView = z.infer<typeof grantView>;

export const requestItem = z.object({
  id: outId,
  requestId: outId,
  accountId: outId,
  assetId: outId,
  assetPin: z.string(),
  actions,
  limits,
  accountLogin: z.string(),
  assetName: z.string(),
  assetHost: z.string(),
  assetPort: z.number(),
  hostKeyFingerprint: z.string().nullable(),
  legacyAlgorithms: z.boolean(),
  protocol: z.enum(PROTOCOLS),
  certificate: z.enum(CERTIFICATES).nullable(),
  desktop: desktopSettings.nullable(),
});
export type RequestItemView = z.infer<typeof requestItem>;

export const approval = z.object({
  id: outId,
  requestId: outId,
  approverId: outId,
  verdict: z.enum(VERDICTS),
  reason: z.string(),
  digest: z.string(),
  at: outTime,
  approverLogin: z.string(),
  approverName: z.string(),
});
export type ApprovalView = z.infer<typeof approval>;

export const requestView = z.object({
  id: outId,
  unitId: outId,
  requesterId: outId,
  contractId: outId.nullable(),
  reason: z.string(),
  workOrder: z.string(),
  windowFrom: outTime,
  durationMs: z.number(),
  digest: z.string(),
  state: z.enum(REQUEST_STATES),
  approvalsNeeded: z.number(),
  sourceAddress: z.string(),
  createdAt: outTime,
  lapsesAt: outTime,
  decidedAt: outTime.nullable(),
  requesterLogin: z.string(),
  requesterName: z.string(),
  vendorChain: z.array(z.string()).readonly(),
  contractNumber: z.string().nullable(),
  contractEndsAt: outTime.nullable(),
  /** Whether the contract's scope covers all that is asked; null where there is no contract. */
  withinContract: z.boolean().nullable(),
  sponsorName: z.string().nullable(),
  items: z.array(requestItem).readonly(),
  approvals: z.array(approval).readonly(),
  approverGroups: z.array(z.string()).readonly(),
  grants: z.array(grant).readonly(),
  decidable: z.union([z.object({ ok: z.literal(true) }), z.object({ ok: z.literal(false), code: z.string() })]),
});
export type RequestView = z.infer<typeof requestView>;

export const requestsQuery = z.strictObject({ ...pageQuery, view: optional(z.enum(REQUEST_VIEWS)) });
export type RequestsQuery = z.input<typeof requestsQuery>;
export const requestListing = listing(requestView);
export type RequestListing = z.infer<typeof requestListing>;

const YEAR_MS = 366 * 86_400_000;
export const createRequestBody = z.strictObject({
  items: z
    .array(
      z.strictObject({
        accountId: id,
        actions: z.array(z.enum(ACTIONS)).min(1).max(ACTIONS.length),
        limits: optional(z.strictObject({ forwardTo: z.array(z.strictObject({ host, port })).max(50) })),
      }),
    )
    .min(1)
    .max(20),
  reason: lines(2000),
  workOrder: lineOrEmpty(100),
  windowFrom: optional(time),
  durationMs: z.int().min(60_000).max(YEAR_MS),
});
export type CreateRequestBody = z.infer<typeof createRequestBody>;

/** `digest` is the one that was shown: the yes binds exactly that text. */
export const decisionBody = z.strictObject({
  verdict: z.enum(VERDICTS),
  reason: lines(2000),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});
export type DecisionBody = z.infer<typeof decisionBody>;

export const grantsQuery = z.strictObject({ ...pageQuery, live: optional(queryFlag) });
export type GrantsQuery = z.input<typeof grantsQuery>;
export const grantListing = listing(grantView);
export type GrantListing = z.infer<typeof grantListing>;
/** Why something is ended: a revocation or a stop. */
export const reasonBody = z.strictObject({ reason: lines(2000) });
export type ReasonBody = z.infer<typeof reasonBody>;
