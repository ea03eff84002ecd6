/** Tables of what can be reached, and of who asked, who agreed and what was granted. */
import type { AccessRequest, Account, Approval, Asset, Entitlement, Grant, RequestItem } from "../../domain/index.js";
import { table } from "../table.js";

export const assets = table<Asset>("asset", {
  id: "text",
  unitId: "text",
  name: "text",
  protocol: "text",
  host: "text",
  port: "integer",
  description: "text",
  legacyAlgorithms: "boolean",
  desktop: "json?",
  hostKey: "text?",
  hostKeyConfirmedBy: "text?",
  hostKeyConfirmedAt: "integer?",
  pin: "text",
  pendingChange: "text?",
  businessSystem: "text",
  protectionLevel: "integer?",
  dataClass: "text",
  ownerId: "text?",
  sensitive: "boolean",
  state: "text",
  createdAt: "integer",
  createdBy: "text?",
});

export const accounts = table<Account>("account", {
  id: "text",
  assetId: "text",
  unitId: "text",
  login: "text",
  credentialKind: "text",
  credentialSealed: "text?",
  credentialPin: "text?",
  credentialTestedAt: "integer?",
  state: "text",
  createdAt: "integer",
  createdBy: "text?",
});

export const entitlements = table<Entitlement>("entitlement", {
  id: "text",
  unitId: "text",
  personId: "text",
  accountId: "text",
  contractId: "text?",
  actions: "json",
  from: "integer",
  to: "integer?",
  createdAt: "integer",
  createdBy: "text?",
  endedAt: "integer?",
});

export const requests = table<AccessRequest>("access_request", {
  id: "text",
  unitId: "text",
  requesterId: "text",
  contractId: "text?",
  reason: "text",
  workOrder: "text",
  windowFrom: "integer",
  durationMs: "integer",
  digest: "text",
  state: "text",
  approvalsNeeded: "integer",
  sourceAddress: "text",
  createdAt: "integer",
  lapsesAt: "integer",
  decidedAt: "integer?",
});

export const requestItems = table<RequestItem>("request_item", {
  id: "text",
  requestId: "text",
  accountId: "text",
  assetId: "text",
  assetPin: "text",
  actions: "json",
  limits: "json",
});

export const approvals = table<Approval>("approval", {
  id: "text",
  requestId: "text",
  approverId: "text",
  verdict: "text",
  reason: "text",
  digest: "text",
  at: "integer",
});

export const grants = table<Grant>("access_grant", {
  id: "text",
  unitId: "text",
  requestId: "text",
  itemId: "text",
  personId: "text",
  accountId: "text",
  assetId: "text",
  contractId: "text?",
  assetPin: "text",
  actions: "json",
  limits: "json",
  obligations: "json",
  from: "integer",
  to: "integer",
  state: "text",
  endedAt: "integer?",
  endedBy: "text?",
  endReason: "text?",
  createdAt: "integer",
});
