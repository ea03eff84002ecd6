/**
 * Changes what a person is: state, name, power, roles; and resets his factors. By the security administrator, never on himself. Every change
 * but that of the name raises the epoch, which ends his page sessions and connections. Changes at the same time do not mix:
 * the second one finds the row changed and is refused as `stale`.
 */
import {
  done,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type PersonId,
  type Power,
  type Role,
  type RoleHolding,
  type Stores,
} from "../domain/index.js";
import type { PeopleUseCases, PersonView } from "./broker.js";
import { ENROLMENT_MS } from "./create-person.js";
import { isDisplayName, tellPerson, type PeopleDeps } from "./identity-deps.js";
import { personView } from "./person-view.js";
import { grantPower, grantRoles, isExclusive, withdrawPower, withdrawRoles, type By } from "./powers.js";
import { newToken } from "./secrets-shown-once.js";
import { standing } from "./standing.js";

type Change = Parameters<PeopleUseCases["change"]>[2];

interface Held {
  readonly person: Person;
  readonly power: Power | null;
  readonly roles: readonly RoleHolding[];
}

export async function changePerson(
  deps: PeopleDeps,
  actor: Actor,
  id: PersonId,
  input: Change,
): Promise<Outcome<PersonView>> {
  if (input.displayName !== undefined && !isDisplayName(input.displayName)) {
    return refused("invalid-input", { field: "displayName" });
  }
  const outcome = await deps.database.write(async (tx): Promise<Outcome<PersonView>> => {
    const before = await heldBy(tx, actor, id);
    if (!before.ok) return before;
    const by = { personId: actor.personId, sourceAddress: actor.sourceAddress };
    const { person, power, roles } = before.value;
    const next = {
      power: input.power === undefined ? power : input.power,
      roles: input.roles ?? roles.map((row) => row.role),
    };
    if (person.state === "retired") return refused("conflict", { field: "state" });
    if (!isExclusive(next.power, next.roles)) return refused("exclusive-powers", { field: "power" });
    if (!(await writeRow(tx, before.value, input, next, by))) return refused("stale");
    await writeHoldings(deps, tx, before.value, next, by);
    return done(await personView(deps, tx, (await tx.people.get(id)) ?? person));
  });
  if (outcome.ok) tellPerson(deps, id);
  return outcome;
}

/** The person as he is, if the actor may change him. Unknown and retired units of others are a later matter. */
async function heldBy(tx: Stores, actor: Actor, id: PersonId): Promise<Outcome<Held>> {
  const now = await standing(tx, actor);
  if (now?.power !== "security" || now.personId === id) return refused("forbidden");
  const person = await tx.people.get(id);
  if (person === undefined) return refused("not-found");
  const power = (await tx.powers.get(id))?.power ?? null;
  return done({ person, power, roles: await tx.roles.find({ personId: id }) });
}

interface Next {
  readonly power: Power | null;
  readonly roles: readonly Role[];
}

/** The row itself, if nobody changed it meanwhile, with its event. */
async function writeRow(tx: Stores, held: Held, input: Change, next: Next, by: By): Promise<boolean> {
  const { person } = held;
  const state = input.state ?? person.state;
  const displayName = input.displayName ?? person.displayName;
  const rights = next.power !== held.power || rolesDiffer(held.roles, next.roles) || state !== person.state;
  const credentialEpoch = person.credentialEpoch + (rights ? 1 : 0);
  const expected = { credentialEpoch: person.credentialEpoch, state: person.state, displayName: person.displayName };
  const enrolment = state === "active" ? {} : { enrolmentHash: null, enrolmentExpiresAt: null };
  if (!(await tx.people.update(person.id, { state, displayName, credentialEpoch, ...enrolment }, expected)))
    return false;
  if (state === person.state && displayName === person.displayName) return true;
  await tx.audit.append({
    verb: state !== person.state && state !== "active" ? "person.disabled" : "person.changed",
    actorId: by.personId,
    object: { kind: "person", id: person.id },
    sourceAddress: by.sourceAddress,
    detail: { state, displayName },
  });
  return true;
}

function rolesDiffer(held: readonly RoleHolding[], next: readonly Role[]): boolean {
  const now = new Set(held.map((row) => row.role));
  const then = new Set(next);
  return now.size !== then.size || [...then].some((role) => !now.has(role));
}

/** What goes, goes first: at no moment do rows stand that exclude each other. */
async function writeHoldings(deps: PeopleDeps, tx: Stores, held: Held, next: Next, by: By): Promise<void> {
  const { person, power, roles } = held;
  const now = deps.clock.now();
  const changes = power !== next.power;
  if (changes && power !== null) await withdrawPower(tx, person, power, by);
  const gone = roles.filter((row) => !next.roles.includes(row.role));
  await withdrawRoles(tx, person, gone, by);
  if (changes && next.power !== null) await grantPower(tx, person, next.power, by, now);
  const had = new Set(roles.map((row) => row.role));
  await grantRoles(
    tx,
    person,
    next.roles.filter((role) => !had.has(role)),
    by,
    now,
  );
}

/** Takes password, code, recovery codes and SSH keys away; the person enrols again by the link's token. */
export async function resetFactors(
  deps: PeopleDeps,
  actor: Actor,
  id: PersonId,
): Promise<Outcome<{ readonly enrolmentToken: string }>> {
  const { token, hash } = newToken();
  const outcome = await deps.database.write(async (tx): Promise<Outcome<{ readonly enrolmentToken: string }>> => {
    const before = await heldBy(tx, actor, id);
    if (!before.ok) return before;
    const { person } = before.value;
    if (person.state !== "active") return refused("conflict", { field: "state" });
    const patch: Partial<Person> = {
      passwordHash: null,
      passwordChangedAt: null,
      totpSealed: null,
      totpEnrolledAt: null,
      enrolmentHash: hash,
      enrolmentExpiresAt: deps.clock.now() + ENROLMENT_MS,
      credentialEpoch: person.credentialEpoch + 1,
    };
    if (!(await tx.people.update(id, patch, { credentialEpoch: person.credentialEpoch }))) return refused("stale");
    await spendRecoveryCodes(tx, id, deps.clock.now());
    const keys = await retireKeys(tx, id, deps.clock.now());
    await tx.audit.append({
      verb: "person.factor-reset",
      actorId: actor.personId,
      object: { kind: "person", id },
      sourceAddress: actor.sourceAddress,
      detail: { keys },
    });
    return done({ enrolmentToken: token });
  });
  if (outcome.ok) tellPerson(deps, id);
  return outcome;
}

/** A reset answers a loss or a theft: a key that a thief added is gone with the rest. Answers the fingerprints. */
async function retireKeys(tx: Stores, personId: PersonId, now: number): Promise<readonly string[]> {
  const keys = await tx.personKeys.find({ personId, retiredAt: null });
  for (const { id } of keys) await tx.personKeys.update(id, { retiredAt: now }, { retiredAt: null });
  return keys.map((key) => key.fingerprint);
}

/** Codes that were not used count as used: new ones replace them. */
export async function spendRecoveryCodes(tx: Stores, personId: PersonId, now: number): Promise<void> {
  for (const { id } of await tx.recoveryCodes.find({ personId, usedAt: null })) {
    await tx.recoveryCodes.update(id, { usedAt: now }, { usedAt: null });
  }
}
