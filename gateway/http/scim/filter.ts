/** Filters (RFC 7644 §3.4.2.2) as far as directories use them to find one resource: one attribute `eq` one value. */
import { parse, type Filter } from "scim2-parse-filter";
import type { ScimFilter } from "../../broker/index.js";
import { ScimFault } from "./faults.js";

const ATTRIBUTES = ["userName", "externalId", "id", "displayName", "active"] as const;
const LONGEST_VALUE = 255;

/** `urn:…:User:userName` → `userName`. */
export function plainPath(path: string): string {
  return path.replace(/^urn:ietf:params:scim:schemas:[A-Za-z0-9:.]*:(?=[A-Za-z])/i, "");
}

/** Throws `invalidFilter` for anything wider than one comparison. */
export function readFilter(text: string | undefined): ScimFilter | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const fault = new ScimFault(400, "only one attribute eq one value is understood", { scimType: "invalidFilter" });
  let filter: Filter;
  try {
    filter = parse(text);
  } catch {
    throw fault;
  }
  if (filter.op !== "eq") throw fault;
  const { attrPath, compValue } = filter;
  const attribute = ATTRIBUTES.find((one) => one.toLowerCase() === plainPath(attrPath).toLowerCase());
  const value = typeof compValue === "string" || typeof compValue === "boolean" ? String(compValue) : undefined;
  if (attribute === undefined || value === undefined || value.length > LONGEST_VALUE) throw fault;
  return { attribute, value };
}
