/** The periodic review: a sponsor confirms the people and standing entitlements he answers for, or they lapse. */
import { z } from "zod";
import { ACTIONS } from "./constants.js";
import { listing, optional, outId, outTime, pageQuery } from "./fields.js";

export const REVIEW_STATES = ["open", "confirmed", "lapsed", "void"] as const;
export const REVIEW_VIEWS = ["mine", "all"] as const;

export const reviewView = z.object({
  id: outId,
  unitId: outId,
  sponsorId: outId,
  sponsorName: z.string(),
  personId: outId,
  personLogin: z.string(),
  personName: z.string(),
  vendorChain: z.array(z.string()).readonly(),
  contractNumber: z.string().nullable(),
  contractEndsAt: outTime.nullable(),
  entitlementId: outId.nullable(),
  /** Null: the person himself is reviewed. */
  entitlement: z
    .object({
      accountLogin: z.string(),
      assetName: z.string(),
      actions: z.array(z.enum(ACTIONS)).readonly(),
      lastUsedAt: outTime.nullable(),
    })
    .nullable(),
  lastSignInAt: outTime.nullable(),
  openedAt: outTime,
  /** What is not confirmed by then lapses. */
  dueAt: outTime,
  state: z.enum(REVIEW_STATES),
  decidedBy: outId.nullable(),
  decidedAt: outTime.nullable(),
});
export type ReviewView = z.infer<typeof reviewView>;
export const reviewListing = listing(reviewView);
export type ReviewListing = z.infer<typeof reviewListing>;

export const reviewsQuery = z.strictObject({
  ...pageQuery,
  view: z.enum(REVIEW_VIEWS),
  state: optional(z.enum(REVIEW_STATES)),
});
export type ReviewsQuery = z.input<typeof reviewsQuery>;

/** `keep: false` lapses it at once. */
export const reviewDecisionBody = z.strictObject({ keep: z.boolean() });
export type ReviewDecisionBody = z.infer<typeof reviewDecisionBody>;
