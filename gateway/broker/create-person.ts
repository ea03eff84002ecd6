/** Makes a person with a power or roles, and the token of the link by which he sets his own password and code. */
import {
  GatehouseError,
  asId,
  done,
  isPersonLogin,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type PersonId,
  type Power,
  type Role,
  type Stores,
  type UnitId,
} from "../domain/index.js";
import type { PeopleUseCases, PersonView } from "./broker.js";
import { isDisplayName, tellPerson, type PeopleDeps } from "./identity-deps.js";
import { personView } from "./person-view.js";
import { grantPower, grantRoles, isExclusive, type By } from "./powers.js";
import { newToken } from "./secrets-shown-once.js";
import { standing } from "./standing.js";

export const ENROLMENT_MS = 24 * 3_600_000;

export interface NewPerson {
  readonly id: string;
  readonly unitId: UnitId;
  readonly login: string;
  readonly displayName: string;
  readonly locale: Person["locale"];
  readonly power: Power | null;
  readonly roles: readonly Role[];
  readonly enrolmentHash: string;
  readonly by: By;
}

/** Writes the rows and events of a new person. Rejects with `conflict` when the login was ever taken. */
export async function insertPerson(deps: Pick<PeopleDeps, "clock">, tx: Stores, input: NewPerson): Promise<Person> {
  const now = deps.clock.now();
  const person: Person = {
    id: asId<PersonId>(input.id),
    unitId: input.unitId,
    login: input.login,
    displayName: input.displayName,
    locale: input.locale,
    state: "active",
    vendorId: null,
    contractId: null,
    passwordHash: null,
    passwordChangedAt: null,
    totpSealed: null,
    totpLastStep: 0,
    totpEnrolledAt: null,
    enrolmentHash: input.enrolmentHash,
    enrolmentExpiresAt: now + ENROLMENT_MS,
    failures: 0,
    lastFailureAt: null,
    createdAt: now,
    createdBy: input.by.personId,
    credentialEpoch: 1,
  };
  await tx.people.insert(person);
  await tx.audit.append({
    verb: "person.created",
    actorId: input.by.personId,
    object: { kind: "person", id: person.id },
    sourceAddress: input.by.sourceAddress,
    detail: { login: person.login, displayName: person.displayName },
  });
  if (input.power !== null) await grantPower(tx, person, input.power, input.by, now);
  await grantRoles(tx, person, input.roles, input.by, now);
  return person;
}

/** By the security administrator. Unknown and taken logins differ here: he administrates them. */
export async function createPerson(
  deps: PeopleDeps,
  actor: Actor,
  input: Parameters<PeopleUseCases["create"]>[1],
): Promise<Outcome<{ readonly person: PersonView; readonly enrolmentToken: string }>> {
  if (!isPersonLogin(input.login)) return refused("invalid-input", { field: "login" });
  if (!isDisplayName(input.displayName)) return refused("invalid-input", { field: "displayName" });
  if (!isExclusive(input.power, input.roles)) return refused("exclusive-powers", { field: "power" });
  const { token, hash } = newToken();
  const id = deps.ids.next();
  const made = deps.database.write(async (tx): Promise<Outcome<PersonView>> => {
    const now = await standing(tx, actor);
    if (now?.power !== "security") return refused("forbidden");
    const by = { personId: now.personId, sourceAddress: actor.sourceAddress };
    const person = await insertPerson(deps, tx, { ...input, id, unitId: now.unitId, enrolmentHash: hash, by });
    return done(await personView(deps, tx, person));
  });
  const outcome = await made.catch((error: unknown): Outcome<PersonView> => {
    if (error instanceof GatehouseError && error.code === "conflict") return refused("conflict", { field: "login" });
    throw error;
  });
  if (!outcome.ok) return outcome;
  tellPerson(deps, outcome.value.id);
  return done({ person: outcome.value, enrolmentToken: token });
}
