/** Signing in and out, first steps of an installation, enrolment. */
import { z } from "zod";
import { LOCALES, POWERS, ROLES } from "./constants.js";
import { ceremonyAnswer } from "./factors.js";
import { line, optional, outId, outTime, secret } from "./fields.js";

/** `[a-z][a-z0-9._-]{0,31}`: what a person may be called. */
export const loginName = z.string().regex(/^[a-z][a-z0-9._-]{0,31}$/);
export const locale = z.enum(LOCALES);
const oneTimeToken = line(512);
export const sixDigits = z.string().regex(/^[0-9]{6}$/);

export const actor = z.object({
  personId: outId,
  login: z.string(),
  displayName: z.string(),
  locale,
  unitId: outId,
  vendorId: outId.nullable(),
  power: z.enum(POWERS).nullable(),
  roles: z.array(z.enum(ROLES)).readonly(),
  /** Nothing is open to him but changing his password: `/me`, `/me/password`, signing out. */
  mustChangePassword: optional(z.boolean()),
});
export type ActorView = z.infer<typeof actor>;

export const installation = z.object({ hasPeople: z.boolean(), bootstrap: z.boolean(), demo: z.boolean() });
export type Installation = z.infer<typeof installation>;

/** What a new password must be; common ones and those that leaked are refused besides. */
export const passwordRules = z.object({
  preset: z.enum(["modern", "dengbao"]),
  leastCharacters: z.number(),
  /** Of capital letters, small letters, digits and others, how many kinds at least; 0: not asked. */
  leastKinds: z.number(),
  longestDays: z.number().nullable(),
  history: z.number(),
});
export type PasswordRules = z.infer<typeof passwordRules>;

/** What the sign-in page can offer. `passkeys` is false where the page is reached by an address: they need a host name. */
export const signInOffers = z.object({
  passkeys: z.boolean(),
  oidc: z.object({ name: z.string() }).nullable(),
  ldap: z.boolean(),
  password: passwordRules,
});
export type SignInOffers = z.infer<typeof signInOffers>;

export const bootstrapBody = z.strictObject({ token: oneTimeToken, login: loginName, displayName: line(100), locale });
export type BootstrapBody = z.infer<typeof bootstrapBody>;
export const enrolmentTokenAnswer = z.object({ enrolmentToken: z.string() });
export type EnrolmentTokenAnswer = z.infer<typeof enrolmentTokenAnswer>;

/** `code`: six digits or a recovery code. `login` is taken as typed: an odd one is refused like a wrong one. */
export const signInBody = z.strictObject({ login: z.string().max(64), password: secret(1024), code: line(64) });
export type SignInBody = z.infer<typeof signInBody>;
export const signInAnswer = z.object({ actor, expiresAt: outTime });
export type SignInAnswer = z.infer<typeof signInAnswer>;

/** The answer to `/auth/passkey/options`: no login is asked, the passkey knows whose it is. */
export const passkeySignInBody = z.strictObject(ceremonyAnswer);
export type PasskeySignInBody = z.infer<typeof passkeySignInBody>;

/** Required with a token that begins with `2.`: 16 letters and digits as shown to the second person; dashes, blanks and case do not matter. */
const secondPart = optional(line(64));
export const enrolmentBody = z.strictObject({ token: oneTimeToken, secondPart });
export type EnrolmentBody = z.infer<typeof enrolmentBody>;
export const enrolmentOffer = z.object({
  login: z.string(),
  displayName: z.string(),
  /** False where a directory keeps his password: then none is asked. */
  needsPassword: z.boolean(),
  otpauth: z.string(),
  secret: z.string(),
  /** `data:image/svg+xml;base64,…`, for an `img`. */
  qr: z.string(),
});
export type EnrolmentOffer = z.infer<typeof enrolmentOffer>;

export const enrolmentCompletionBody = z.strictObject({
  token: oneTimeToken,
  secondPart,
  secret: line(256),
  password: optional(secret(1024)),
  code: sixDigits,
});
export type EnrolmentCompletionBody = z.infer<typeof enrolmentCompletionBody>;
export const enrolmentCompletion = z.object({ recoveryCodes: z.array(z.string()).readonly() });
export type EnrolmentCompletion = z.infer<typeof enrolmentCompletion>;
