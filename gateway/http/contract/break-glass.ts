/** The sealed way back when all of one power are gone: envelopes, opening them, refusing. */
import { z } from "zod";
import { locale, loginName } from "./auth.js";
import { POWERS } from "./constants.js";
import { line, outTime } from "./fields.js";
import { reasonText } from "./proposals.js";

export const seals = z.object({
  items: z
    .array(z.object({ power: z.enum(POWERS), sealedAt: outTime.nullable(), shownAt: outTime.nullable() }))
    .readonly(),
});
export type Seals = z.infer<typeof seals>;

export const sealBody = z.strictObject({ reason: reasonText });
export type SealBody = z.infer<typeof sealBody>;

/**
 * One person's printed page: his half of each power's code. `half` 1 belongs to the proposer, 2 to who confirmed; a code
 * is 28 letters in groups of four with its check character, read without regard to case, O as 0, I and L as 1.
 */
export const breakGlassSheet = z.object({
  kind: z.literal("break-glass"),
  half: z.union([z.literal(1), z.literal(2)]),
  sealedAt: outTime,
  url: z.string(),
  codes: z.array(z.object({ power: z.enum(POWERS), code: z.string() })).readonly(),
  words: z.object({
    "zh-CN": z.object({ title: z.string(), lines: z.array(z.string()).readonly() }),
    en: z.object({ title: z.string(), lines: z.array(z.string()).readonly() }),
  }),
});
export type BreakGlassSheet = z.infer<typeof breakGlassSheet>;

export const breakGlassBody = z.strictObject({
  power: z.enum(POWERS),
  halves: z.tuple([line(64), line(64)]),
  login: loginName,
  displayName: line(100),
  locale,
});
export type BreakGlassBody = z.infer<typeof breakGlassBody>;
/** Either the token of an enrolment link, or from when the same halves open (someone of that power may refuse until then). */
export const breakGlassAnswer = z.union([z.object({ enrolmentToken: z.string() }), z.object({ opensAt: outTime })]);
export type BreakGlassAnswer = z.infer<typeof breakGlassAnswer>;

export const powerParams = z.strictObject({ power: z.enum(POWERS) });
