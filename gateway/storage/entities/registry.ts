/** Tables of whom outside people belong to, and of what two persons decide. */
import type {
  BreakGlassSeal,
  Contract,
  LegalHold,
  Proposal,
  ReviewItem,
  Signature,
  Unit,
  Vendor,
} from "../../domain/index.js";
import { table } from "../table.js";

export const units = table<Unit>("unit", {
  id: "text",
  parentId: "text?",
  name: "text",
  nameKey: "text",
  state: "text",
  createdAt: "integer",
});

export const vendors = table<Vendor>("vendor", {
  id: "text",
  unitId: "text",
  name: "text",
  nameKey: "text",
  registrationNumber: "text?",
  parentId: "text?",
  state: "text",
  createdAt: "integer",
  createdBy: "text?",
});

export const contracts = table<Contract>("contract", {
  id: "text",
  unitId: "text",
  vendorId: "text",
  number: "text",
  numberKey: "text",
  title: "text",
  scope: "json",
  fromDate: "text",
  toDate: "text",
  zone: "text",
  fromAt: "integer",
  toAt: "integer",
  ownerId: "text",
  dutiesName: "text?",
  dutiesSha256: "text?",
  dutiesBytes: "integer?",
  dutiesAcceptedAt: "integer?",
  state: "text",
  endedAt: "integer?",
  endedBy: "text?",
  endReason: "text?",
  createdAt: "integer",
  createdBy: "text?",
});

export const signatures = table<Signature>("signature", {
  id: "text",
  personId: "text",
  kind: "text",
  digest: "text",
  locale: "text",
  signedAt: "integer",
  sourceAddress: "text",
});

export const reviewItems = table<ReviewItem>("review_item", {
  id: "text",
  unitId: "text",
  sponsorId: "text",
  personId: "text",
  entitlementId: "text?",
  openedAt: "integer",
  dueAt: "integer",
  state: "text",
  decidedBy: "text?",
  decidedAt: "integer?",
});

export const proposals = table<Proposal>("proposal", {
  id: "text",
  unitId: "text",
  kind: "text",
  subject: "text",
  content: "text",
  digest: "text",
  reason: "text",
  proposedBy: "text",
  proposedAt: "integer",
  lapsesAt: "integer",
  state: "text",
  decidedBy: "text?",
  decidedAt: "integer?",
});

export const breakGlassSeals = table<BreakGlassSeal>("break_glass_seal", {
  id: "text",
  power: "text",
  hash: "text",
  sealedAt: "integer",
  sealedBy: "text",
  confirmedBy: "text",
  shownAt: "integer?",
  usedAt: "integer?",
  voidAt: "integer?",
});

export const legalHolds = table<LegalHold>("legal_hold", {
  id: "text",
  unitId: "text",
  sessionId: "text",
  reason: "text",
  placedBy: "text",
  placedAt: "integer",
  releasedBy: "text?",
  releaseConfirmedBy: "text?",
  releasedAt: "integer?",
});
