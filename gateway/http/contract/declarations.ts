/** What everyone who operates signs before his first session. */
import { z } from "zod";
import { LOCALES } from "./constants.js";
import { outTime } from "./fields.js";

export const DECLARATIONS = ["confidentiality", "recording"] as const;

export const declarationsQuery = z.strictObject({ locale: z.enum(LOCALES) });
export type DeclarationsQuery = z.input<typeof declarationsQuery>;

export const declarationView = z.object({
  kind: z.enum(DECLARATIONS),
  digest: z.string(),
  /** Plain text; an empty line parts paragraphs. */
  text: z.string(),
  /** When the reader signed exactly this text; null while he has not. */
  signedAt: outTime.nullable(),
});
export type DeclarationView = z.infer<typeof declarationView>;
export const declarationsAnswer = z.object({ items: z.array(declarationView).readonly() });
export type DeclarationsAnswer = z.infer<typeof declarationsAnswer>;

export const declarationParams = z.strictObject({ kind: z.enum(DECLARATIONS) });
/** What was shown: its digest and its language. */
export const signatureBody = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  locale: z.enum(LOCALES),
});
export type SignatureBody = z.infer<typeof signatureBody>;
