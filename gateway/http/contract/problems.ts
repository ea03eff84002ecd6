/** The error answer: an RFC 9457 problem document with our stable `code`. */
import { z } from "zod";
import { PROBLEM_CODES } from "./constants.js";

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    code: z.enum(PROBLEM_CODES),
    detail: z.string().optional(),
    /** Which input was wrong, as a path with dots: `items.0.actions`. */
    field: z.string().optional(),
    retryAfterMs: z.number().optional(),
    /** Names this one answer in the log; quote it when asking for help. */
    instance: z.string(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problem>;
export type ProblemCode = Problem["code"];
