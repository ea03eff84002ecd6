/** The policy in force and the one that lies in the folder. */
import { z } from "zod";
import { reasonText } from "./proposals.js";

export const policyState = z.object({
  inForce: z.string(),
  inFolder: z.string().nullable(),
  /** Why the folder's does not load; null when it does. */
  fault: z.string().nullable(),
  changedFiles: z.array(z.string()).readonly(),
});
export type PolicyState = z.infer<typeof policyState>;

export const policyProposalBody = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  reason: reasonText,
});
export type PolicyProposalBody = z.infer<typeof policyProposalBody>;
