/**
 * Links as security administrators keep them, over their scope and with a second factor shown lately. A link to the LDAP
 * directory moves the password there, but not of who holds a power or decides: those come in also when no directory answers.
 */
import {
  GatehouseError,
  asId,
  done,
  refused,
  type Actor,
  type ExternalIdentity,
  type ExternalIdentityId,
  type Outcome,
  type Person,
  type PersonId,
  type Stores,
} from "../../domain/index.js";
import type { DirectoryLink, DirectoryUseCases } from "../broker.js";
import { tellPerson } from "../identity-deps.js";
import { holdsBeyond } from "../rights-asked.js";
import { covers, scopeOf, subtreeOf } from "../scope.js";
import { standing } from "../standing.js";
import { requireStepUp } from "../step-up.js";
import { holdsMore } from "./admit.js";
import type { DirectoryDeps } from "./deps.js";
import { endLink, insertLink, isMailOfAnother } from "./find-link.js";

type LinkInput = Parameters<DirectoryUseCases["link"]>[2];
const LONGEST_SUBJECT = 255;
const MOST_LINKS = 100;

function viewOf({ id, kind, source, subject, email, checkedAt, failingSince }: ExternalIdentity): DirectoryLink {
  return { id, kind, source, subject, email, checkedAt, failingSince };
}

/** The person, if the actor is a security administrator over him now (or, to look, himself or an auditor over him). */
async function reach(
  stores: Stores,
  actor: Actor,
  id: PersonId,
  marks: readonly ("security" | "audit")[],
): Promise<Person | undefined> {
  const now = await standing(stores, actor);
  const person = await stores.people.get(id);
  if (now === undefined || person === undefined) return undefined;
  return covers(await scopeOf(stores, now, marks), person.unitId) ? person : undefined;
}

export async function links(
  deps: Pick<DirectoryDeps, "database">,
  actor: Actor,
  personId: PersonId,
): Promise<Outcome<readonly DirectoryLink[]>> {
  const { read } = deps.database;
  const isOwn = actor.personId === personId && (await standing(read, actor)) !== undefined;
  if (!isOwn && (await reach(read, actor, personId, ["security", "audit"])) === undefined) return refused("not-found");
  const rows = await read.externalIdentities.find({ personId, retiredAt: null }, { limit: MOST_LINKS });
  return done(rows.map(viewOf));
}

interface Named {
  readonly source: string;
  readonly subject: string;
  readonly email: string | null;
}

/** The entry that is meant. Of LDAP a login is typed, and the entry it has now is looked up without its password. */
async function nameEntry(deps: DirectoryDeps, input: LinkInput): Promise<Outcome<Named>> {
  const subject = input.subject.trim();
  if (subject === "" || subject.length > LONGEST_SUBJECT) return refused("invalid-input", { field: "subject" });
  const { oidc, ldap } = deps.directories;
  switch (input.kind) {
    case "oidc":
      if (oidc === null) return refused("directory-unavailable");
      return done({ source: oidc.issuer, subject, email: null });
    case "scim":
      if (input.source === undefined) return refused("invalid-input", { field: "source" });
      return done({ source: input.source, subject, email: null });
    case "ldap": {
      if (ldap === null) return refused("directory-unavailable");
      const found = await ldap.find(subject);
      if (found.state === "unreachable") return refused("directory-unavailable");
      if (found.state === "none") return refused("invalid-input", { field: "subject" });
      return done({ source: ldap.source, subject: found.person.subject, email: found.person.email });
    }
  }
}

export async function link(
  deps: DirectoryDeps,
  actor: Actor,
  personId: PersonId,
  input: LinkInput,
): Promise<Outcome<DirectoryLink>> {
  const fresh = await requireStepUp(deps.database.read, deps.clock, deps.policy, actor);
  if (!fresh.ok) return fresh;
  if ((await reach(deps.database.read, actor, personId, ["security"])) === undefined) return refused("not-found");
  const named = await nameEntry(deps, input);
  if (!named.ok) return named;
  const linking = deps.database.write(async (tx): Promise<Outcome<ExternalIdentity>> => {
    const person = await reach(tx, actor, personId, ["security"]);
    if (person === undefined) return refused("not-found");
    if (person.id === actor.personId) return refused("forbidden");
    if (person.state === "retired") return refused("conflict", { field: "state" });
    if (await isBeyond(tx, actor, personId)) return refused("forbidden");
    if (input.kind === "scim" && !(await isTokenOver(tx, named.value.source, person)))
      return refused("invalid-input", { field: "source" });
    const { source, subject, email } = named.value;
    if ((await tx.externalIdentities.count({ personId, kind: input.kind, source, retiredAt: null })) > 0)
      return refused("conflict", { field: "kind" });
    if (await isMailOfAnother(tx, email, personId)) return refused("conflict", { field: "subject" });
    const by = { personId: actor.personId, sourceAddress: actor.sourceAddress };
    const row = await insertLink(deps, tx, { personId, kind: input.kind, source, subject, email, sealed: null }, by);
    if (input.kind !== "scim" && (await movesPassword(tx, input.kind, person)))
      await movePassword(tx, person, input.kind);
    return done(row);
  });
  const outcome = await linking.catch((error: unknown): Outcome<ExternalIdentity> => {
    if (error instanceof GatehouseError && error.code === "conflict") return refused("conflict", { field: "subject" });
    throw error;
  });
  if (!outcome.ok) return outcome;
  tellPerson(deps, personId);
  return done(viewOf(outcome.value));
}

/** Whether he holds a role that the actor's units do not reach: a link is a way in to all he holds. */
async function isBeyond(tx: Stores, actor: Actor, personId: PersonId): Promise<boolean> {
  const roles = await tx.roles.find({ personId }, { limit: 1000 });
  return holdsBeyond(await scopeOf(tx, actor, ["security"]), roles);
}

/** Whether a SCIM token stands and its unit holds the person: a directory is given nobody above it. */
async function isTokenOver(tx: Stores, source: string, person: Person): Promise<boolean> {
  const token = await tx.scimTokens.get(asId(source));
  return token?.retiredAt === null && covers(await subtreeOf(tx, [token.unitId]), person.unitId);
}

/** At a provider only the first factor of who has none yet. */
async function movesPassword(tx: Stores, kind: "oidc" | "ldap", person: Person): Promise<boolean> {
  return (kind === "ldap" || person.passwordHash === null) && !(await holdsMore(tx, person));
}

/** The password of before is forgotten, and every session and key made by it is dead. */
async function movePassword(tx: Stores, person: Person, to: Person["passwordAt"]): Promise<void> {
  const patch = {
    passwordAt: to,
    passwordHash: null,
    passwordChangedAt: null,
    credentialEpoch: person.credentialEpoch + 1,
  };
  await tx.people.update(person.id, patch, { credentialEpoch: person.credentialEpoch });
}

/** The same, with the enrolment that a sign-in by the entry may have begun: whoever holds its link is not asked for by anybody here. */
async function takePassword(tx: Stores, person: Person): Promise<void> {
  await movePassword(tx, person, "here");
  if (person.totpEnrolledAt === null)
    await tx.people.update(person.id, { enrolmentHash: null, enrolmentExpiresAt: null, totpSealed: null });
}

/** What the entry let in is out with it, whoever that was. */
async function endWays(tx: Stores, { id, credentialEpoch }: Person): Promise<void> {
  await tx.people.update(id, { credentialEpoch: credentialEpoch + 1 }, { credentialEpoch });
}

/** The entry speaks for the person no more. Where his password lay there, he has none until his factors are reset. */
export async function unlink(deps: DirectoryDeps, actor: Actor, id: ExternalIdentityId): Promise<Outcome<void>> {
  const fresh = await requireStepUp(deps.database.read, deps.clock, deps.policy, actor);
  if (!fresh.ok) return fresh;
  const outcome = await deps.database.write(async (tx): Promise<Outcome<PersonId>> => {
    const row = await tx.externalIdentities.get(id);
    const person = row === undefined ? undefined : await reach(tx, actor, row.personId, ["security"]);
    if (row === undefined || person === undefined || row.retiredAt !== null) return refused("not-found");
    if (person.id === actor.personId) return refused("forbidden");
    const by = { personId: actor.personId, sourceAddress: actor.sourceAddress };
    if (!(await endLink(deps, tx, row, by))) return refused("not-found");
    if (person.passwordAt === row.kind) await takePassword(tx, person);
    else await endWays(tx, person);
    return done(person.id);
  });
  if (!outcome.ok) return outcome;
  tellPerson(deps, outcome.value);
  return done(undefined);
}
