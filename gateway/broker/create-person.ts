/**
 * Makes a person with what one administrator may give, and the token of the link by which he sets his own password and code.
 * A power, approver or confirmer is only proposed here, and the link then comes with the confirmation, in two parts; while the
 * installation has too few people for that both are given at once.
 */
import {
  asId,
  done,
  isPersonLogin,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type PersonId,
  type Power,
  type Proposal,
  type Role,
  type Stores,
  type UnitId,
} from "../domain/index.js";
import type { NewPersonInput, PeopleUseCases, PersonView, ProposalView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { isDisplayName, tellPerson, type PeopleDeps as Given } from "./identity-deps.js";
import { personView } from "./person-view.js";
import { grantPower, grantRoles, isExclusive, needsTwo, rolesAt, type By } from "./powers.js";
import { proposeRights } from "./proposals/person-rights.js";
import { tellProposal } from "./proposals/propose.js";
import { proposalView } from "./proposals/view.js";
import { checkPersonBonds, type PersonBonds } from "./registry/person-bonds.js";
import { scopeOf } from "./scope.js";
import { ENROLMENT_MS, newToken } from "./secrets-shown-once.js";
import { isSettled, settleIfComplete } from "./settle.js";
import { standing } from "./standing.js";
import { orUndone, Undone } from "./undone.js";

type PeopleDeps = Given & Pick<BrokerDeps, "vault">;

const WITH_THE_PERSON = "made with these rights";

export interface NewPerson {
  readonly id: string;
  readonly unitId: UnitId;
  readonly login: string;
  readonly displayName: string;
  readonly locale: Person["locale"];
  readonly power: Power | null;
  readonly roles: readonly Role[];
  /** Null where no link is given out: a directory vouches for him, or two persons are to give it. */
  readonly enrolmentHash: string | null;
  readonly by: By;
  /** Who is named as having made him, where it is not `by`. */
  readonly madeBy?: null;
  readonly bonds?: Omit<PersonBonds, "unitId">;
  /** `active` unless told. */
  readonly state?: Person["state"];
  readonly passwordAt?: Person["passwordAt"];
}

/** What a unit's own person hangs on: nothing. */
export const NO_BONDS = {
  vendorId: null,
  contractId: null,
  sponsorId: null,
  identityKey: null,
  identitySealed: null,
  identityTail: null,
  email: null,
} as const;

/** Writes the rows and events of a new person. Rejects with `conflict` when the login was ever taken. */
export async function insertPerson(deps: Pick<BrokerDeps, "clock">, tx: Stores, input: NewPerson): Promise<Person> {
  const now = deps.clock.now();
  const person: Person = {
    ...(input.bonds ?? NO_BONDS),
    id: asId<PersonId>(input.id),
    unitId: input.unitId,
    login: input.login,
    displayName: input.displayName,
    locale: input.locale,
    state: input.state ?? "active",
    passwordAt: input.passwordAt ?? "here",
    approvesFrom: null,
    reviewedAt: now,
    lastSignInAt: null,
    passwordHash: null,
    passwordChangedAt: null,
    totpSealed: null,
    totpLastStep: 0,
    totpEnrolledAt: null,
    enrolmentHash: input.enrolmentHash,
    enrolmentExpiresAt: input.enrolmentHash === null ? null : now + ENROLMENT_MS,
    failures: 0,
    lastFailureAt: null,
    createdAt: now,
    createdBy: input.madeBy === null ? null : input.by.personId,
    credentialEpoch: 1,
  };
  await tx.people.insert(person);
  const { contractId, sponsorId, vendorId } = person;
  await tx.audit.append({
    verb: "person.created",
    actorId: person.createdBy,
    object: { kind: "person", id: person.id },
    sourceAddress: input.by.sourceAddress,
    ...(input.by.decidedBy === undefined ? {} : { decidedBy: input.by.decidedBy }),
    detail: {
      login: person.login,
      displayName: person.displayName,
      unitId: person.unitId,
      ...(vendorId === null ? {} : { vendorId, contractId, sponsorId }),
    },
  });
  if (input.power !== null) await grantPower(tx, person, input.power, input.by, now);
  await grantRoles(tx, person, rolesAt(person.unitId, input.roles), input.by, now);
  return person;
}

interface Made {
  readonly person: PersonView;
  readonly proposal: Proposal | null;
  readonly view: ProposalView | null;
}

type Created = Awaited<ReturnType<PeopleUseCases["create"]>>;

/** By the security administrator. Unknown and taken logins differ here: he administrates them. */
export async function createPerson(deps: PeopleDeps, actor: Actor, input: NewPersonInput): Promise<Created> {
  if (!isPersonLogin(input.login)) return refused("invalid-input", { field: "login" });
  if (!isDisplayName(input.displayName)) return refused("invalid-input", { field: "displayName" });
  if (!isExclusive(input.power, input.roles)) return refused("exclusive-powers", { field: "power" });
  const isVendors = input.vendorId !== undefined && input.vendorId !== null;
  if (isVendors && needsTwo(input.power, input.roles))
    return refused("vendor-person", { field: input.power === null ? "roles" : "power" });
  const { token, hash } = newToken();
  const id = deps.ids.next();
  const made = deps.database.write((tx) => create(deps, tx, actor, { ...input, id, hash }));
  const outcome = await orUndone(made, refused("conflict", { field: "login" }));
  if (!outcome.ok) return outcome;
  const { person, proposal, view } = outcome.value;
  tellPerson(deps, person.id);
  if (proposal !== null) tellProposal(deps, proposal);
  return done({ person, enrolmentToken: proposal === null ? token : null, proposal: view });
}

async function create(
  deps: PeopleDeps,
  tx: Stores,
  actor: Actor,
  input: NewPersonInput & { readonly id: string; readonly hash: string },
): Promise<Outcome<Made>> {
  const now = await standing(tx, actor);
  if (now?.power !== "security") return refused("forbidden");
  const isVendors = input.vendorId !== undefined && input.vendorId !== null;
  const scope = await scopeOf(tx, now, ["security"]);
  const bonds = await checkPersonBonds(deps, tx, scope, {
    personId: asId(input.id),
    before: null,
    displayName: input.displayName,
    ...(isVendors ? pick(input, "unitId") : { unitId: input.unitId ?? now.unitId }),
    ...pick(input, "vendorId", "contractId", "sponsorId", "identityNumber", "email"),
  });
  if (!bonds.ok) return bonds;
  const { power, roles } = input;
  const proposing = needsTwo(power, roles) && (await isSettled(tx));
  const given = proposing ? { power: null, roles: alone(roles) } : { power, roles };
  const by = { personId: now.personId, sourceAddress: actor.sourceAddress };
  const { id, login, displayName, locale } = input;
  const enrolmentHash = proposing ? null : input.hash;
  const { unitId } = bonds.value;
  const more = { enrolmentHash, by, bonds: bonds.value };
  const person = await insertPerson(deps, tx, { id, unitId, login, displayName, locale, ...given, ...more });
  if (!proposing) {
    await settleIfComplete(deps, tx);
    return done({ person: await personView(deps, tx, person, scope), proposal: null, view: null });
  }
  const held = { person, power: null, roles: await tx.roles.find({ personId: person.id }) };
  const after = { power, roles: rolesAt(unitId, roles) };
  const proposal = await proposeRights(deps, tx, actor, { held, after, waking: false, reason: WITH_THE_PERSON });
  // Without what he is for, the person is not made either.
  if (!proposal.ok) throw new Undone(proposal);
  const view = await proposalView(tx, proposal.value, now, deps.clock.now());
  return done({ person: await personView(deps, tx, person, scope), proposal: proposal.value, view });
}

/** What one administrator gives of these roles. */
function alone(roles: readonly Role[]): readonly Role[] {
  return roles.filter((role) => role === "operator");
}

/** Those of the keys that are there at all. */
function pick<T extends object, K extends keyof T>(input: T, ...keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => input[key] !== undefined).map((key) => [key, input[key]])) as Pick<
    T,
    K
  >;
}
