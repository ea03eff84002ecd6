/**
 * SCIM users (RFC 7644 §3): made, changed, closed and retired by the directory itself. What is made here is an operator at
 * most, and that only by a mapped group. Nobody becomes active again who holds what two persons give, and the last of a power
 * is not closed: `last-of-power`, with an alert.
 */
import {
  GatehouseError,
  done,
  refused,
  type Outcome,
  type Person,
  type PersonId,
  type ScimToken,
  type Stores,
} from "../../../domain/index.js";
import type { ScimUseCases, ScimUser } from "../../broker.js";
import { tellPerson } from "../../identity-deps.js";
import { personLeaves, tellLeft, type Left } from "../../registry/leave.js";
import type { Hanging } from "../../registry/ending.js";
import { INSTALLATION_LOCALE } from "../../sign-in-rules.js";
import { Undone } from "../../undone.js";
import { holdsMore } from "../admit.js";
import { closedBy } from "../closed-by.js";
import type { DirectoryDeps } from "../deps.js";
import { alertLast, endAccess, tellEndOfAccess } from "../end-access.js";
import { findLink, insertLink, isMailOfAnother, mailKey } from "../find-link.js";
import { insertFromDirectory, isName, loginFault, nameFrom } from "../new-person.js";
import { tokenNow } from "./enter.js";
import { noteRefused } from "./note-refused.js";
import { groupsOf, ownSubject, reachPerson, userOf, type Reached } from "./scim-people.js";

type Create = Parameters<ScimUseCases["createUser"]>[1];
type Change = Parameters<ScimUseCases["changeUser"]>[2];

const LONGEST = 255;
const MARK = "gatehouse:";

function isSubject(text: string): boolean {
  return text !== "" && text.length <= LONGEST && !text.startsWith(MARK);
}

type Detail = Readonly<Record<string, string | null>>;

const byToken = (token: ScimToken): string => `scim:${token.id}`;

export async function createUser(deps: DirectoryDeps, token: ScimToken, input: Create): Promise<Outcome<ScimUser>> {
  const login = input.userName.toLowerCase();
  const { externalId, email } = input;
  if (externalId !== null && !isSubject(externalId)) return refused("invalid-input", { field: "externalId" });
  if (email !== null && !isMail(email)) return refused("invalid-input", { field: "emails" });
  await noteRefused(deps, token, "user", input.ignored);
  const made = deps.database.write(async (tx): Promise<Outcome<Reached>> => {
    const now = await tokenNow(tx, token.id);
    if (now === undefined) return refused("unauthenticated");
    const fault = await loginFault(tx, login);
    if (fault === "not-well-formed") return refused("invalid-input", { field: "userName" });
    if (fault === "taken") return refused("conflict", { field: "userName" });
    if (externalId !== null && (await findLink(tx, "scim", token.id, externalId)) !== undefined)
      return refused("conflict", { field: "externalId" });
    if (await isMailOfAnother(tx, email, undefined)) return refused("conflict", { field: "emails" });
    const unit = await tx.units.get(now.unitId);
    if (unit?.state !== "active") return refused("conflict", { field: "unit" });
    const person = await insertFromDirectory(deps, tx, {
      login,
      name: input.displayName,
      email,
      unitId: unit.id,
      locale: (await tx.settings.get(INSTALLATION_LOCALE))?.value === "en" ? "en" : "zh-CN",
      state: input.active ? "active" : "disabled",
      passwordAt: "here",
      by: byToken(token),
      sourceAddress: "",
    });
    const subject = externalId ?? ownSubject(person.id);
    const named = { personId: person.id, kind: "scim", source: token.id, subject, email, sealed: null } as const;
    const link = await insertLink(deps, tx, named, { personId: null, sourceAddress: null });
    return done({ person, link });
  });
  const outcome = await made.catch(conflictOr("userName"));
  if (!outcome.ok) return outcome;
  tellPerson(deps, outcome.value.person.id);
  return done(userOf(outcome.value, []));
}

function isMail(text: string): boolean {
  return text.length <= LONGEST && /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(text);
}

function conflictOr(field: string): (error: unknown) => ReturnType<typeof refused> {
  return (error) => {
    if (error instanceof GatehouseError && error.code === "conflict") return refused("conflict", { field });
    throw error;
  };
}

interface Changed {
  readonly user: ScimUser;
  readonly before: Person;
  readonly ended: Hanging | undefined;
}

export async function changeUser(
  deps: DirectoryDeps,
  token: ScimToken,
  id: PersonId,
  input: Change,
): Promise<Outcome<ScimUser>> {
  if (input.displayName !== undefined && !isName(input.displayName))
    return refused("invalid-input", { field: "displayName" });
  if (input.email != null && !isMail(input.email)) return refused("invalid-input", { field: "emails" });
  if (input.externalId != null && !isSubject(input.externalId))
    return refused("invalid-input", { field: "externalId" });
  await noteRefused(deps, token, id, input.ignored);
  let outcome: Outcome<Changed>;
  try {
    outcome = await deps.database.write((tx) => change(deps, tx, token, id, input));
  } catch (error) {
    if (error instanceof Undone) return error.outcome;
    if (error instanceof GatehouseError && error.code === "last-of-power") return last(deps, token, id);
    return conflictOr("externalId")(error);
  }
  if (!outcome.ok) return outcome;
  const { before, ended, user } = outcome.value;
  if (ended === undefined) tellPerson(deps, id);
  else tellEndOfAccess(deps, before, ended);
  return done(user);
}

/** The store kept the last of a power; people are told that the directory wanted otherwise. */
async function last(deps: DirectoryDeps, token: ScimToken, id: PersonId): Promise<Outcome<never>> {
  const person = await deps.database.read.people.get(id);
  if (person !== undefined) await alertLast(deps, person, { why: "closed-upstream", by: byToken(token) });
  return refused("last-of-power");
}

async function change(
  deps: DirectoryDeps,
  tx: Stores,
  token: ScimToken,
  id: PersonId,
  input: Change,
): Promise<Outcome<Changed>> {
  if ((await tokenNow(tx, token.id)) === undefined) return refused("unauthenticated");
  const reached = await reachPerson(tx, token, id);
  if (reached === undefined) return refused("not-found");
  const { person } = reached;
  if (input.email != null && (await isMailOfAnother(tx, input.email, id)))
    return refused("conflict", { field: "emails" });
  const link = await writeLink(tx, token, reached, input);
  if (link === undefined) return refused("conflict", { field: "externalId" });
  const { displayName = person.displayName } = input;
  const now = {
    displayName: displayName === person.displayName ? displayName : await nameFrom(tx, displayName, person),
    email: input.email === undefined ? person.email : mailKey(input.email),
  };
  const { displayName: name, email } = person;
  const was = { displayName: name, email, externalId: reached.link.subject };
  const is = differing({ ...now, externalId: link.subject }, was);
  if (Object.keys(is).length > 0) {
    await tx.people.update(id, now);
    await append(tx, token, person, is);
  }
  const ended = await setActive(deps, tx, token, { ...person, ...now }, input.active);
  // What else was asked for goes back with it.
  if (!ended.ok) throw new Undone(ended);
  const after = (await tx.people.get(id)) ?? person;
  const user = userOf({ person: after, link }, await groupsOf(tx, token));
  return done({ user, before: person, ended: ended.value });
}

/** What is another now, for the log. */
function differing(now: Detail, before: Detail): Detail {
  return Object.fromEntries(Object.entries(now).filter(([key, value]) => value !== before[key]));
}

async function writeLink(
  tx: Stores,
  token: ScimToken,
  { person, link }: Reached,
  input: Change,
): Promise<Reached["link"] | undefined> {
  const subject = input.externalId === undefined ? link.subject : (input.externalId ?? ownSubject(person.id));
  const email = input.email === undefined ? link.email : mailKey(input.email);
  if (subject === link.subject && email === link.email) return link;
  const other = await findLink(tx, "scim", token.id, subject);
  if (other !== undefined && other.id !== link.id) return undefined;
  await tx.externalIdentities.update(link.id, { subject, email }, { retiredAt: null });
  return { ...link, subject, email };
}

/** Closing ends everything under the person at once; opening again is not for who holds what two persons give. */
async function setActive(
  deps: DirectoryDeps,
  tx: Stores,
  token: ScimToken,
  person: Person,
  active: boolean | undefined,
): Promise<Outcome<Hanging | undefined>> {
  if (active === undefined || active === (person.state === "active")) return done(undefined);
  if (!active) {
    const end = { why: "closed-upstream", by: byToken(token), state: "disabled" } as const;
    const ended = await endAccess(deps, tx, person, end);
    return ended === undefined ? refused("stale") : done(ended);
  }
  if (await holdsMore(tx, person)) return refused("needs-second-person", { field: "active" });
  if (!(await mayReopen(tx, token, person))) return refused("forbidden", { field: "active" });
  const expected = { state: person.state, credentialEpoch: person.credentialEpoch };
  const patch = { state: "active", credentialEpoch: person.credentialEpoch + 1 } as const;
  if (!(await tx.people.update(person.id, patch, expected))) return refused("stale");
  await append(tx, token, person, { state: "active" });
  return done(undefined);
}

/** Whom people here closed, or another directory, stays closed, whatever this one says. */
async function mayReopen(tx: Stores, token: ScimToken, person: Person): Promise<boolean> {
  const by = await closedBy(tx, person);
  return by === "nobody" || (by !== "people" && by.directory === byToken(token));
}

async function append(tx: Stores, token: ScimToken, person: Person, detail: Detail): Promise<void> {
  await tx.audit.append({
    verb: "person.changed",
    actorId: null,
    object: { kind: "person", id: person.id },
    sourceAddress: null,
    decidedBy: byToken(token),
    detail,
  });
}

/** The person leaves, with everything under him; the row and what is recorded of him stay. */
export async function removeUser(deps: DirectoryDeps, token: ScimToken, id: PersonId): Promise<Outcome<void>> {
  const by = { personId: null, sourceAddress: null };
  let outcome: Outcome<Left>;
  try {
    outcome = await deps.database.write(async (tx): Promise<Outcome<Left>> => {
      if ((await tokenNow(tx, token.id)) === undefined) return refused("unauthenticated");
      const reached = await reachPerson(tx, token, id);
      if (reached === undefined) return refused("not-found");
      const left = await personLeaves(deps, tx, reached.person, by, byToken(token));
      return left === undefined ? refused("stale") : done(left);
    });
  } catch (error) {
    if (error instanceof GatehouseError && error.code === "last-of-power") return last(deps, token, id);
    throw error;
  }
  if (!outcome.ok) return outcome;
  tellLeft(deps, id, outcome.value);
  return done(undefined);
}
