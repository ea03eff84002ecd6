/** Which names a blob may have: lower-case segments joined by `/`, none hidden, none that climbs. */
import { GatehouseError } from "../../domain/index.js";

const SEGMENT = /^[a-z0-9_-][a-z0-9._-]*$/;
const MOST_CHARACTERS = 512;

/** The name's segments; rejects what is no name with `invalid-input`. */
export function segmentsOf(name: string): string[] {
  const segments = name.split("/");
  if (name.length > MOST_CHARACTERS || !segments.every((segment) => SEGMENT.test(segment))) {
    throw new GatehouseError("invalid-input", "this is no name of a blob");
  }
  return segments;
}

/** A prefix is the beginning of a name, cut anywhere; the empty one fits every name. */
export function assertPrefix(prefix: string): void {
  const segments = prefix.split("/");
  const last = segments.pop() ?? "";
  if (!segments.every((segment) => SEGMENT.test(segment)) || !(last === "" || SEGMENT.test(last))) {
    throw new GatehouseError("invalid-input", "this is no beginning of a blob's name");
  }
}
