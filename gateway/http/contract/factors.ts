/** Passkeys, a second factor shown again, and the sessions of the page. */
import { z } from "zod";
import { line, listing, optional, outTime, pageQuery, id, outId, queryFlag } from "./fields.js";

/** Options and answers of WebAuthn Level 3 §5.1 in their JSON form; read by the browser and by the vault alone. */
export const webAuthnJson = z.record(z.string(), z.unknown());

/** `handle` is shown again with the answer: good once, for two minutes. */
export const ceremony = z.object({ handle: z.string(), options: webAuthnJson });
export type CeremonyView = z.infer<typeof ceremony>;

/** What an authenticator answered to a ceremony. */
export const ceremonyAnswer = { handle: line(256), response: webAuthnJson };

export const passkey = z.object({
  /** The WebAuthn credential id, base64url. */
  id: z.string(),
  name: z.string(),
  transports: z.array(z.string()).readonly(),
  backedUp: z.boolean(),
  createdAt: outTime,
  lastUsedAt: outTime.nullable(),
  retiredAt: outTime.nullable(),
});
export type PasskeyView = z.infer<typeof passkey>;
/** Newest first; retired ones too. */
export const passkeys = z.object({ items: z.array(passkey).readonly() });
export type Passkeys = z.infer<typeof passkeys>;

/** A credential id has 1,023 bytes at most (CTAP 2.1 §6.1.2). */
export const passkeyParams = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9_-]{1,1364}$/) });
export const addPasskeyBody = z.strictObject({ name: line(100), ...ceremonyAnswer });
export type AddPasskeyBody = z.infer<typeof addPasskeyBody>;
/** What retiring it will end, and how many others keep working. */
export const passkeyEnding = z.object({
  pages: z.number(),
  deviceKeys: z.number(),
  sessions: z.number(),
  otherPasskeys: z.number(),
});
export type PasskeyEndingView = z.infer<typeof passkeyEnding>;
export const passkeyNameBody = z.strictObject({ name: line(100) });
export type PasskeyNameBody = z.infer<typeof passkeyNameBody>;

/** The second factor again: six digits, or a passkey's answer to `/me/step-up/options`. */
export const secondFactorBody = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("code"), code: z.string().regex(/^[0-9]{6}$/) }),
  z.strictObject({ kind: z.literal("passkey"), ...ceremonyAnswer }),
]);
export type SecondFactorBody = z.infer<typeof secondFactorBody>;

export const SIGNED_IN_VIA = ["password", "passkey", "oidc"] as const;

export const pageSession = z.object({
  /** Names the session; opens nothing. */
  id: z.string(),
  personId: outId,
  personLogin: z.string(),
  personName: z.string(),
  current: z.boolean(),
  via: z.enum(SIGNED_IN_VIA),
  sourceAddress: z.string(),
  userAgent: z.string(),
  createdAt: outTime,
  lastSeenAt: outTime,
  steppedUpAt: outTime,
  expiresAt: outTime,
  endedAt: outTime.nullable(),
});
export type PageSessionView = z.infer<typeof pageSession>;
/** One's own that stand; `personId` or `everybody=true` for a security administrator. */
export const pageSessionsQuery = z.strictObject({
  ...pageQuery,
  personId: optional(id),
  everybody: optional(queryFlag),
});
export const pageSessions = listing(pageSession);
export type PageSessions = z.infer<typeof pageSessions>;
export const pageSessionParams = z.strictObject({ id: z.string().regex(/^[0-9a-f]{64}$/) });
/** Whose sessions, terminals and device keys end; oneself when absent. */
export const signOutEverywhereBody = z.strictObject({ personId: optional(id) });
export type SignOutEverywhereBody = z.infer<typeof signOutEverywhereBody>;
