/** How long recordings are kept, and the sessions that retention must not touch. */
import { z } from "zod";
import { RETENTION_LEAST_DAYS, RETENTION_MOST_DAYS } from "./constants.js";
import { id, listing, outId, outTime, pageQuery } from "./fields.js";
import { namedPerson, namedSession } from "./names.js";
import { reasonText } from "./proposals.js";

/** `days` 0: every recording is kept. `removed`: recordings that retention took away so far. */
export const retention = z.object({ days: z.number(), leastDays: z.number(), removed: z.number() });
export type RetentionView = z.infer<typeof retention>;

export const retentionBody = z.strictObject({
  days: z.union([z.literal(0), z.int().min(RETENTION_LEAST_DAYS).max(RETENTION_MOST_DAYS)]),
  reason: reasonText,
});
export type RetentionBody = z.infer<typeof retentionBody>;

export const legalHold = z.object({
  id: outId,
  unitId: outId,
  sessionId: outId,
  reason: z.string(),
  placedBy: outId,
  placedAt: outTime,
  releasedBy: outId.nullable(),
  releaseConfirmedBy: outId.nullable(),
  releasedAt: outTime.nullable(),
});
export const legalHoldView = legalHold.extend({
  session: namedSession.nullable(),
  placer: namedPerson.nullable(),
  releaser: namedPerson.nullable(),
  releaseConfirmer: namedPerson.nullable(),
});
export type LegalHoldView = z.infer<typeof legalHoldView>;
export const holdsQuery = z.strictObject(pageQuery);
export type HoldsQuery = z.input<typeof holdsQuery>;
export const holdListing = listing(legalHoldView);
export type HoldListing = z.infer<typeof holdListing>;

export const holdBody = z.strictObject({ sessionId: id, reason: reasonText });
export type HoldBody = z.infer<typeof holdBody>;
export const releaseBody = z.strictObject({ reason: reasonText });
export type ReleaseBody = z.infer<typeof releaseBody>;
