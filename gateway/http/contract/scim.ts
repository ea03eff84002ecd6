/**
 * SCIM 2.0 as directories speak it (RFC 7643, RFC 7644): what is taken from a request's body, and bounds. Unknown attributes
 * are allowed, as the standard asks; they are not kept. The page does not use this.
 */
import { z } from "zod";
import { lineOrEmpty } from "./fields.js";

export const SCIM_PREFIX = "/scim/v2";
export const SCIM_MEDIA_TYPE = "application/scim+json";
export const SCIM_MOST_MEMBERS = 1_000;
export const SCIM_PAGE = 100;

const text = lineOrEmpty(255);
/** Some clients send booleans as words. */
const flag = z.union([
  z.boolean(),
  z
    .string()
    .regex(/^(true|false)$/i)
    .transform((word) => word.toLowerCase() === "true"),
]);
const email = z.union([text, z.looseObject({ value: text.optional(), primary: flag.optional() })]);
export const scimEmails = z.array(email).max(20);
export const scimMembers = z.array(z.looseObject({ value: text })).max(SCIM_MOST_MEMBERS);
const nullish = <S extends z.ZodType>(schema: S) => schema.nullish();

/** A whole user, as `POST` and `PUT` carry it (RFC 7643 §4.1). */
export const scimUserBody = z.looseObject({
  userName: z.string().min(1).max(255),
  externalId: nullish(text),
  displayName: nullish(text),
  name: nullish(z.looseObject({ formatted: nullish(text), givenName: nullish(text), familyName: nullish(text) })),
  emails: nullish(scimEmails),
  active: nullish(flag),
});
export type ScimUserBody = z.infer<typeof scimUserBody>;

/** A whole group (RFC 7643 §4.2). */
export const scimGroupBody = z.looseObject({
  displayName: z.string().min(1).max(255),
  externalId: nullish(text),
  members: nullish(scimMembers),
});
export type ScimGroupBody = z.infer<typeof scimGroupBody>;

/** RFC 7644 §3.5.2; `op` is written in any case, since some clients capitalise it. */
export const scimPatchBody = z.looseObject({
  Operations: z
    .array(
      z.looseObject({
        op: z
          .string()
          .max(10)
          .transform((word) => word.toLowerCase())
          .pipe(z.enum(["add", "replace", "remove"])),
        path: z.string().max(500).optional(),
        value: z.unknown().optional(),
      }),
    )
    .min(1)
    .max(SCIM_MOST_MEMBERS),
});
export type ScimPatchBody = z.infer<typeof scimPatchBody>;
export { flag as scimFlag, text as scimText };

/** A listing's question (RFC 7644 §3.4.2); numbers below what is possible count as the least possible. */
const whole = z
  .string()
  .regex(/^-?[0-9]{1,9}$/)
  .transform(Number);
export const scimQuery = z.looseObject({
  filter: z.string().max(500).optional(),
  startIndex: whole.optional(),
  count: whole.optional(),
});
export type ScimQuery = z.infer<typeof scimQuery>;
