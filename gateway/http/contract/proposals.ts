/** Critical acts that two persons do: what was proposed, by whom, and what comes of it. */
import { z } from "zod";
import { PROPOSAL_KINDS, PROPOSAL_STATES } from "./constants.js";
import { id, lines, listing, optional, outId, outTime, pageQuery, secret } from "./fields.js";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
export const reasonText = lines(1000);

export const proposalView = z.object({
  id: outId,
  unitId: outId,
  kind: z.enum(PROPOSAL_KINDS),
  /** `noun:id` of what it is about. */
  subject: z.string(),
  digest: z.string(),
  reason: z.string(),
  proposedBy: outId,
  proposedByLogin: z.string(),
  proposedByName: z.string(),
  proposedAt: outTime,
  lapsesAt: outTime,
  state: z.enum(PROPOSAL_STATES),
  decidedBy: outId.nullable(),
  decidedByLogin: z.string().nullable(),
  decidedByName: z.string().nullable(),
  decidedAt: outTime.nullable(),
  /** `label`: one of `PROPOSAL_LABELS`. Values are shown as text. */
  lines: z.array(z.object({ label: z.string(), before: z.string().nullable(), after: z.string() })).readonly(),
  /** `code`: a problem code with words of its own. */
  confirmable: z.discriminatedUnion("ok", [
    z.object({ ok: z.literal(true) }),
    z.object({ ok: z.literal(false), code: z.string() }),
  ]),
  /** Whether something waits for the reader at `/proposals/:id/secret` (or `/vault-exports/:id/collection`), to be fetched once. */
  secretWaits: z.boolean(),
});
export type ProposalView = z.infer<typeof proposalView>;

/** A proposed policy in full: every changed file, whole and as it is; 1 MiB of text on each side at most. Text, never markup. */
export const proposalText = z.object({
  /** What is confirmed. */
  digest: z.string(),
  from: z.string(),
  to: z.string(),
  /** A help to reading: settings that differ; null where one is not set. */
  settings: z
    .array(
      z.object({ file: z.string(), name: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
    )
    .readonly(),
  /** Null: there is no such file. */
  files: z
    .array(z.object({ name: z.string(), before: z.string().nullable(), after: z.string().nullable() }))
    .readonly(),
});
export type ProposalText = z.infer<typeof proposalText>;

export const proposalsQuery = z.strictObject({ ...pageQuery, state: optional(z.enum(PROPOSAL_STATES)) });
export const proposalListing = listing(proposalView);
export type ProposalListing = z.infer<typeof proposalListing>;

/** `digest`: of the content that was read; another one is refused as stale, as is a policy whose text the reader did not fetch. */
export const confirmationBody = z.strictObject({ digest });
export type ConfirmationBody = z.infer<typeof confirmationBody>;
/** `secret`: shown once to who confirmed: for a break-glass seal the JSON text of a `breakGlassSheet`, for a person the second part of his enrolment link. */
export const confirmation = z.object({ proposal: proposalView, secret: z.string().nullable() });
export type Confirmation = z.infer<typeof confirmation>;

export const rejectionBody = z.strictObject({ reason: reasonText });
export type RejectionBody = z.infer<typeof rejectionBody>;

/** What the proposer fetches once: for a break-glass seal the JSON text of a `breakGlassSheet`, for a person the token of his enrolment link. */
export const proposalSecret = z.object({ secret: z.string() });
export type ProposalSecret = z.infer<typeof proposalSecret>;

/** Empty `accountIds`: every account in the proposer's units. */
export const vaultExportBody = z.strictObject({ accountIds: z.array(id).max(500), reason: reasonText });
export type VaultExportBody = z.infer<typeof vaultExportBody>;
export const vaultCollectionBody = z.strictObject({ passphrase: secret(1024) });
export type VaultCollectionBody = z.infer<typeof vaultCollectionBody>;
/** `sealed`: JSON text to keep as a file; `gatehouse vault open FILE` opens it offline. */
export const vaultCollection = z.object({ sealed: z.string() });
export type VaultCollection = z.infer<typeof vaultCollection>;
