/**
 * Signing in by a directory, links between people and entries upstream, tokens for SCIM clients. The provider sends the
 * browser back to the page at `OIDC_RETURN_PATH`; the page posts the query of that address, with the cookie that
 * `/auth/oidc/start` set.
 */
import { z } from "zod";
import { actor, sixDigits } from "./auth.js";
import { DIRECTORY_KINDS } from "./constants.js";
import { id, line, listing, optional, outId, outTime, secret } from "./fields.js";

/** What the sign-in page offers beside password and passkey; `ldap`: the password field takes the directory's password too. */
export const directoryOffers = z.object({
  oidc: z.object({ name: z.string() }).nullable(),
  ldap: z.boolean(),
  /** Whether a first sign-in with the LDAP directory's password makes the person: `/auth/ldap/enrolment`. */
  firstTime: z.boolean(),
});
export type DirectoryOffersView = z.infer<typeof directoryOffers>;

/** Where the page sends the browser. */
export const oidcStart = z.object({ url: z.string() });
export type OidcStart = z.infer<typeof oidcStart>;

/** `location.search` of the page the provider came back to, as it is. */
export const oidcCallbackBody = z.strictObject({ query: secret(8192) });
export type OidcCallbackBody = z.infer<typeof oidcCallbackBody>;
export const oidcCallbackAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("signed-in"), actor, expiresAt: outTime }),
  /** A second factor is owed: `/auth/oidc/second-factor` takes the handle once, for five minutes. */
  z.object({ kind: z.literal("half"), handle: z.string(), displayName: z.string() }),
  /** He has no second factor here yet: on to the enrolment with this token, which asks for no password. */
  z.object({ kind: z.literal("enrol"), enrolmentToken: z.string() }),
  z.object({ kind: z.literal("linked") }),
]);
export type OidcCallbackAnswer = z.infer<typeof oidcCallbackAnswer>;

/** A one-time code, or a passkey's answer to `/auth/passkey/options`. */
export const oidcFactorBody = z.strictObject({
  handle: line(512),
  factor: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("code"), code: sixDigits }),
    z.strictObject({
      kind: z.literal("passkey"),
      handle: line(512),
      response: z.record(z.string().max(100), z.unknown()),
    }),
  ]),
});
export type OidcFactorBody = z.infer<typeof oidcFactorBody>;

export const ldapEnrolmentBody = z.strictObject({ login: z.string().max(64), password: secret(1024) });
export type LdapEnrolmentBody = z.infer<typeof ldapEnrolmentBody>;

export const directoryLink = z.object({
  id: outId,
  kind: z.enum(DIRECTORY_KINDS),
  source: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  checkedAt: outTime,
  failingSince: outTime.nullable(),
});
export type DirectoryLinkView = z.infer<typeof directoryLink>;
export const directoryLinkListing = listing(directoryLink);
export type DirectoryLinkListing = z.infer<typeof directoryLinkListing>;

/** `subject`: OIDC `sub`, LDAP login, SCIM `externalId` (then `source` names the token). */
export const directoryLinkBody = z.strictObject({
  kind: z.enum(DIRECTORY_KINDS),
  source: optional(line(300)),
  subject: line(255),
});
export type DirectoryLinkBody = z.infer<typeof directoryLinkBody>;

export const scimToken = z.object({
  id: outId,
  name: z.string(),
  unitId: outId,
  createdBy: outId,
  confirmedBy: outId,
  createdAt: outTime,
  lastUsedAt: outTime.nullable(),
  retiredAt: outTime.nullable(),
});
export type ScimTokenView = z.infer<typeof scimToken>;
export const scimTokenListing = listing(scimToken);
export type ScimTokenListing = z.infer<typeof scimTokenListing>;

/** The token itself is shown once, to who confirms the proposal. */
export const scimTokenBody = z.strictObject({ name: line(100), unitId: id, reason: line(500) });
export type ScimTokenBody = z.infer<typeof scimTokenBody>;
export const scimTokenProposed = z.object({ proposalId: outId });
export type ScimTokenProposed = z.infer<typeof scimTokenProposed>;
