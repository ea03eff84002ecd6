/**
 * PATCH (RFC 7644 §3.5.2) in the forms that directories really send: paths with or without the schema's name, values without a
 * path, booleans as words, members named in the path. What we do not hold is passed over, as the standard lets us; what names
 * a role is noted.
 */
import type { z } from "zod";
import { asId, type PersonId } from "../../domain/index.js";
import { scimEmails, scimFlag, scimMembers, scimText, type ScimPatchBody } from "../contract/index.js";
import { ScimFault } from "./faults.js";
import { plainPath } from "./filter.js";

type Operation = ScimPatchBody["Operations"][number];
type Op = Operation["op"];

export interface UserChange {
  userName?: string;
  displayName?: string;
  email?: string | null;
  externalId?: string | null;
  active?: boolean;
  ignored: string[];
}

export interface GroupChange {
  displayName?: string;
  externalId?: string | null;
  setMembers?: PersonId[];
  addMembers: PersonId[];
  removeMembers: PersonId[];
}

const WEIGHTY = /^(roles|entitlements)\b/i;
const MEMBER_PATH = /^members\[\s*value\s+eq\s+"([^"]{1,255})"\s*\]$/i;

export function invalidValue(what: string): ScimFault {
  return new ScimFault(400, `the value of ${what} is not acceptable`, { scimType: "invalidValue" });
}

function read<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidValue(what);
  return parsed.data;
}

/** Each operation as one path and one value; an operation without a path carries its paths as keys. */
function flatten(operation: Operation): readonly { readonly op: Op; readonly path: string; readonly value: unknown }[] {
  const { op, path, value } = operation;
  if (path !== undefined && path !== "") return [{ op, path: plainPath(path), value }];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ScimFault(400, "an operation without a path carries an object", { scimType: "invalidPath" });
  }
  return Object.entries(value).map(([key, one]: [string, unknown]) => ({ op, path: plainPath(key), value: one }));
}

/** The primary e-mail, or the first. */
export function emailOf(value: unknown): string | null {
  const list = read(scimEmails, Array.isArray(value) ? value : [value], "emails");
  const plain = list.map((one) => (typeof one === "string" ? { value: one, primary: false } : one));
  const chosen = plain.find((one) => one.primary === true) ?? plain[0];
  return chosen?.value === undefined || chosen.value === "" ? null : chosen.value;
}

/** What roles and entitlements were named, shortly, for the log. */
export function namedRoles(body: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(body)
    .filter((key) => WEIGHTY.test(plainPath(key)))
    .map((key) => `${plainPath(key)}: ${JSON.stringify(body[key] ?? null)}`);
}

export function readUserPatch({ Operations }: ScimPatchBody): UserChange {
  const change: UserChange = { ignored: [] };
  for (const { op, path, value } of Operations.flatMap(flatten)) {
    const gone = op === "remove";
    if (WEIGHTY.test(path)) change.ignored.push(`${op} ${path}: ${JSON.stringify(value ?? null)}`);
    else if (/^emails\b/i.test(path)) change.email = gone ? null : emailOf(value);
    else if (/^externalId$/i.test(path)) change.externalId = gone ? null : read(scimText, value, path);
    else if (gone) continue;
    else if (/^active$/i.test(path)) change.active = read(scimFlag, value, path);
    else if (/^(displayName|name\.formatted)$/i.test(path)) change.displayName = read(scimText, value, path);
    else if (/^userName$/i.test(path)) change.userName = read(scimText, value, path);
  }
  return change;
}

function membersOf(value: unknown): PersonId[] {
  const list = read(scimMembers, Array.isArray(value) ? value : [value], "members");
  return list.map((one) => asId<PersonId>(one.value));
}

export function readGroupPatch({ Operations }: ScimPatchBody): GroupChange {
  const change: GroupChange = { addMembers: [], removeMembers: [] };
  for (const { op, path, value } of Operations.flatMap(flatten)) {
    const [, named] = MEMBER_PATH.exec(path) ?? [];
    if (named !== undefined) moveMembers(change, op, [asId(named)]);
    else if (/^members$/i.test(path)) {
      if (op === "remove" && (value === undefined || value === null)) moveMembers(change, "replace", []);
      else moveMembers(change, op, membersOf(value));
    } else if (/^members\b/i.test(path)) {
      // Passed over, it would leave somebody in the group whom the directory believes to be out of it.
      throw new ScimFault(400, "members are named by value, one in a path", { scimType: "invalidPath" });
    } else if (op !== "remove" && /^displayName$/i.test(path)) change.displayName = read(scimText, value, path);
    else if (/^externalId$/i.test(path)) change.externalId = op === "remove" ? null : read(scimText, value, path);
  }
  return change;
}

/** Operations follow each other: what a later one says of a member counts. */
function moveMembers(change: GroupChange, op: Op, ids: readonly PersonId[]): void {
  const named = new Set(ids);
  const without = (list: readonly PersonId[]): PersonId[] => list.filter((id) => !named.has(id));
  switch (op) {
    case "replace":
      change.setMembers = [...named];
      change.addMembers = [];
      change.removeMembers = [];
      return;
    case "add":
      change.addMembers = [...without(change.addMembers), ...named];
      change.removeMembers = without(change.removeMembers);
      return;
    case "remove":
      change.addMembers = without(change.addMembers);
      change.removeMembers = [...without(change.removeMembers), ...named];
  }
}
