/**
 * Field schemas that several nouns share. What comes in is strict and bounded: unknown keys, control characters and
 * oversized text are refused. What goes out names every field it may hold: `z.object` drops any other, so that a column
 * added to a row does not leave by accident.
 */
import { z } from "zod";
import { PAGE_LIMIT_MAX } from "./constants.js";

/** One line of text: no control character, line break, bidirectional override or lone surrogate. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]*$/u;
/** The same, but line feeds and tabs are allowed. */
const MANY_LINES = /^(?:[^\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]|[\n\t])*$/u;

export const line = (max: number) => z.string().min(1).max(max).regex(ONE_LINE);
export const lineOrEmpty = (max: number) => z.string().max(max).regex(ONE_LINE);
export const lines = (max: number) => z.string().min(1).max(max).regex(MANY_LINES);
export const linesOrEmpty = (max: number) => z.string().max(max).regex(MANY_LINES);
/** A secret is bytes to us; only its length is bounded. */
export const secret = (max: number) => z.string().min(1).max(max);

/** An id as it comes in. */
export const id = z.uuid();
/** An id as it goes out: made by us, so not checked again. */
export const outId = z.string().meta({ format: "uuid" });
/** Epoch milliseconds, UTC. */
export const time = z.int().min(0).max(8_640_000_000_000_000);
export const outTime = z.number();
export const port = z.int().min(1).max(65_535);
export const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[\x21-\x7e]+$/);
/** Microseconds on a recording's clock. */
const US_MAX = 9_007_199_254_740_991;

/** A whole number in a query string: digits only, so neither a blank nor `1e3` counts as one. */
const digits = (max: number, min = 0) =>
  z
    .string()
    .regex(/^[0-9]{1,16}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: "out of range" });
export const queryTime = digits(8_640_000_000_000_000);
export const queryUs = digits(US_MAX);
export const queryNumber = digits;
export const queryFlag = z.enum(["true", "false"]).transform((value) => value === "true");

export const optional = z.exactOptional;

export const pageQuery = {
  cursor: optional(line(512)),
  limit: optional(digits(PAGE_LIMIT_MAX, 1)),
};
export const listing = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item).readonly(), next: z.string().nullable() });

export const idParams = z.strictObject({ id });
