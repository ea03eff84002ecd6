/** What is read of an entry, and how a person is made of it. */
import type { Entry } from "ldapts";
import type { DirectoryPerson } from "../domain/index.js";
import { escapeFilterBytes, escapeFilterValue } from "./ldap-filter.js";

const LONGEST = 255;
const MOST_GROUPS = 1_000;
/** Active Directory's flag ACCOUNTDISABLE in `userAccountControl`. */
const DISABLED = 2;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const GUID = /^[0-9a-f]{32}$/;

/** `objectGUID` is bytes; everything else is text. */
export const BINARY = ["objectGUID"];

export function attributesToRead(loginAttribute: string): string[] {
  const names = ["entryUUID", "objectGUID", "displayName", "cn", "mail", "memberOf", "userAccountControl"];
  return [...new Set([loginAttribute, ...names])];
}

function texts(entry: Entry, name: string): readonly string[] {
  const key = Object.keys(entry).find((one) => one.toLowerCase() === name.toLowerCase());
  const value = key === undefined ? [] : entry[key];
  return [value].flat().filter((one): one is string => typeof one === "string" && one !== "");
}

function text(entry: Entry, name: string): string | null {
  const [first] = texts(entry, name);
  return first === undefined || first.length > LONGEST ? null : first;
}

/** `entryUUID` in small letters, or `objectGUID` as 32 hexadecimal digits. */
function subjectOf(entry: Entry): string | null {
  const uuid = text(entry, "entryUUID");
  if (uuid !== null && UUID.test(uuid)) return uuid.toLowerCase();
  const guid = [entry["objectGUID"]].flat()[0];
  return Buffer.isBuffer(guid) && guid.length === 16 ? guid.toString("hex") : null;
}

/** The filter that finds the entry of a subject; undefined for what is none. */
export function subjectFilter(subject: string): string | undefined {
  if (UUID.test(subject)) return `(entryUUID=${escapeFilterValue(subject)})`;
  return GUID.test(subject) ? `(objectGUID=${escapeFilterBytes(Buffer.from(subject, "hex"))})` : undefined;
}

/** Disabled upstream (Active Directory): as good as gone. */
export function isDisabled(entry: Entry): boolean {
  return (Number(text(entry, "userAccountControl") ?? "0") & DISABLED) !== 0;
}

/** The first `cn` of a group's DN, so that a mapping may name a group by its DN or shortly. */
function namesOfGroup(dn: string): readonly string[] {
  const [, short] = /^cn=((?:[^,\\]|\\.)+)/i.exec(dn) ?? [];
  return short === undefined ? [dn] : [dn, short.replace(/\\(.)/g, "$1")];
}

/** The person of an entry; undefined when it has no name that lasts. `searched`: DNs of groups that name him. */
export function personOf(
  entry: Entry,
  loginAttribute: string,
  searched: readonly string[],
): DirectoryPerson | undefined {
  const subject = subjectOf(entry);
  if (subject === null) return undefined;
  const groups = [...texts(entry, "memberOf"), ...searched].slice(0, MOST_GROUPS);
  return {
    subject,
    login: text(entry, loginAttribute),
    displayName: text(entry, "displayName") ?? text(entry, "cn"),
    email: text(entry, "mail"),
    groups: [...new Set(groups.flatMap(namesOfGroup))],
    provedSecondFactor: false,
    provedAt: null,
  };
}
