/** JSON in RFC 8785 canonical form: members sorted by UTF-16 code units, no spaces, numbers as ECMAScript prints them. */
import { equal } from "./bytes.js";
import { FormatError } from "./types.js";
import { decodeUtf8, encodeUtf8 } from "./utf8.js";

/**
 * Canonical UTF-8 JSON of null, booleans, finite numbers, strings, arrays and plain objects. Members that are `undefined`
 * are left out. Throws TypeError for any other value (a bug of the caller, not bad input).
 */
export function encodeJson(value: unknown): Uint8Array {
  return encodeUtf8(canonical(value));
}

/** The value of strict UTF-8 JSON. Throws FormatError when it is neither; any member order is accepted. */
export function decodeJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new FormatError("not JSON", 0);
  }
}

/** True when `bytes` are exactly the canonical form of `value`. */
export function isCanonical(bytes: Uint8Array, value: unknown): boolean {
  return equal(bytes, encodeJson(value));
}

/** The members of a JSON object that has exactly these names; throws FormatError otherwise. */
export function exactMembers(
  value: unknown,
  names: readonly string[],
  what: string,
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`${what} is not an object`, 0);
  }
  const found = Object.keys(value).sort().join(" ");
  if (found !== [...names].sort().join(" "))
    throw new FormatError(`${what} has other members than version 1 gives it`, 0);
  return value as Readonly<Record<string, unknown>>;
}

/** A whole number from 0 to 2^53 − 1; throws FormatError otherwise. */
export function wholeNumber(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
    throw new FormatError(`${what} is not a whole number`, 0);
  }
  return value;
}

function canonical(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonical(item)).join(",")}]`;
  if (typeof value !== "object") throw new TypeError(`no JSON form for ${typeof value}`);
  const members = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(members)
    .filter((name) => members[name] !== undefined)
    .sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(members[name])}`).join(",")}}`;
}
