/** What a person sees and changes of himself, and what he may reach. */
import { z } from "zod";
import { locale, sixDigits } from "./auth.js";
import { ACTIONS, PROTOCOLS } from "./constants.js";
import { line, outId, outTime, secret } from "./fields.js";
import { personView } from "./people.js";
import { forwardTarget } from "./requests.js";
import { AUDIT_VERBS } from "./verbs.js";

export const personKey = z.object({
  id: outId,
  personId: outId,
  name: z.string(),
  publicKey: z.string(),
  fingerprint: z.string(),
  createdAt: outTime,
  retiredAt: outTime.nullable(),
});
export type PersonKeyView = z.infer<typeof personKey>;

export const me = personView.extend({
  keys: z.array(personKey).readonly(),
  signIns: z.array(z.object({ at: outTime, source: z.string().nullable(), ok: z.boolean() })).readonly(),
  /** What its owner should know of: a reset, a cloned passkey, a new way in. Newest first. */
  notices: z.array(z.object({ verb: z.enum(AUDIT_VERBS), at: outTime, source: z.string().nullable() })).readonly(),
  needsSignature: z.boolean(),
  passwordExpiresAt: outTime.nullable(),
  mustChangePassword: z.boolean(),
  /** Until then no second factor is asked again. */
  steppedUpUntil: outTime.nullable(),
  approvesFrom: outTime.nullable(),
  openReviews: z.number(),
  openProposals: z.number(),
});
export type Me = z.infer<typeof me>;

export const localeBody = z.strictObject({ locale });
export type LocaleBody = z.infer<typeof localeBody>;
export const passwordBody = z.strictObject({ current: secret(1024), next: secret(1024), code: sixDigits });
export type PasswordBody = z.infer<typeof passwordBody>;
export const addKeyBody = z.strictObject({ name: line(100), publicKey: line(16_384), code: sixDigits });
export type AddKeyBody = z.infer<typeof addKeyBody>;

export const reachable = z.object({
  accountId: outId,
  accountLogin: z.string(),
  assetId: outId,
  assetName: z.string(),
  assetDescription: z.string(),
  protocol: z.enum(PROTOCOLS),
  actions: z.array(z.enum(ACTIONS)).readonly(),
  grant: z
    .object({
      id: outId,
      from: outTime,
      to: outTime,
      actions: z.array(z.enum(ACTIONS)).readonly(),
      forwardTo: z.array(forwardTarget).readonly(),
    })
    .nullable(),
  pendingRequestId: outId.nullable(),
});
export type ReachableView = z.infer<typeof reachable>;

/** `ssh`: where an operator's client connects. */
export const access = z.object({
  items: z.array(reachable).readonly(),
  ssh: z.object({ host: z.string(), port: z.number() }),
});
export type Access = z.infer<typeof access>;
