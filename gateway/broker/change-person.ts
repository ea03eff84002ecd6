/**
 * Changes what a person is: state, name, bonds, rights; and resets his factors. By a security administrator whose scope covers
 * him and each unit that a role is given or taken for, never on himself. Disabling and the operator role are one person's act; power, approver, confirmer, and making a holder of one active
 * again become a proposal. Every change but that of names and bonds raises the epoch, which ends his page sessions and connections.
 * Changes at the same time do not mix: the second one finds the row changed and is refused as `stale`.
 */
import {
  done,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type PersonId,
  type Proposal,
  type Stores,
} from "../domain/index.js";
import type { PeopleUseCases, PersonView, ProposalView } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { isDisplayName, tellPerson, type PeopleDeps as Given } from "./identity-deps.js";
import { personView } from "./person-view.js";
import { changesForTwo, givesForTwo, needsTwo, rolesDiffer, writeRights, type By, type Rights } from "./powers.js";
import { holdingOf, proposeRights, rightsFault, type Holding } from "./proposals/person-rights.js";
import { proposeReset } from "./proposals/person-reset.js";
import { tellProposal } from "./proposals/propose.js";
import { proposalView } from "./proposals/view.js";
import { checkPersonBonds, type PersonBonds } from "./registry/person-bonds.js";
import { takeFactors } from "./reset-factors.js";
import { holdsBeyond, rightsAsked } from "./rights-asked.js";
import { covers, scopeOf, type UnitScope } from "./scope.js";
import { newToken } from "./secrets-shown-once.js";
import { endAfterChange, endOfRole } from "./registry/after-change.js";
import { tellEnded, type Hanging } from "./registry/ending.js";
import { isLastOfPower, isSettled, settleIfComplete } from "./settle.js";
import { standing } from "./standing.js";
import { orUndone, Undone } from "./undone.js";

type PeopleDeps = Given & Pick<BrokerDeps, "vault">;
type Change = Parameters<PeopleUseCases["change"]>[2];

interface Held extends Holding {
  readonly actor: Actor;
  readonly scope: UnitScope;
}

interface Changed {
  readonly person: PersonView;
  readonly proposal: Proposal | null;
  readonly view: ProposalView | null;
  readonly ended: readonly Hanging[];
}

export async function changePerson(
  deps: PeopleDeps,
  actor: Actor,
  id: PersonId,
  input: Change,
): Promise<Outcome<{ readonly person: PersonView; readonly proposal: ProposalView | null }>> {
  if (input.displayName !== undefined && !isDisplayName(input.displayName)) {
    return refused("invalid-input", { field: "displayName" });
  }
  const outcome = await orUndone(
    deps.database.write((tx) => change(deps, tx, actor, id, input)),
    refused("stale"),
  );
  if (!outcome.ok) return outcome;
  const { person, proposal, view, ended } = outcome.value;
  for (const hanging of ended) tellEnded(deps, hanging);
  tellPerson(deps, id);
  if (proposal !== null) tellProposal(deps, proposal);
  return done({ person, proposal: view });
}

async function change(
  deps: PeopleDeps,
  tx: Stores,
  actor: Actor,
  id: PersonId,
  input: Change,
): Promise<Outcome<Changed>> {
  const before = await heldBy(tx, actor, id);
  if (!before.ok) return before;
  const held = before.value;
  const { person, power, roles } = held;
  if (person.state === "retired") return refused("conflict", { field: "state" });
  const was: Rights = { power, roles };
  const asked = await rightsAsked(tx, held.scope, held, input);
  if (!asked.ok) return asked;
  const next = asked.value;
  const fault = rightsFault(person, next);
  if (fault !== undefined) return fault;
  const waking = input.state === "active" && person.state !== "active";
  if (waking && holdsBeyond(held.scope, roles)) return refused("forbidden", { field: "state" });
  const names = roles.map((row) => row.role);
  const weighs = changesForTwo(was, next) || (waking && needsTwo(power, names));
  const proposing = weighs && (await isSettled(tx));
  const state = proposing ? person.state : (input.state ?? person.state);
  if (proposing && input.state !== undefined && !waking && input.state !== person.state)
    return refused("invalid-input", { field: "state" });
  // Weight comes with a way in that two persons gave: who is closed has none until he is opened.
  if (proposing && !waking && person.state !== "active" && givesForTwo(was, next))
    return refused("conflict", { field: "state" });
  const goes = state !== "active" || power !== next.power;
  if (!proposing && goes && (await isLastOfPower(tx, id))) return refused("last-of-power");
  const bonds = await bondsOf(deps, tx, held, input);
  if (!bonds.ok) return bonds;
  const rights = proposing ? was : next;
  const written = await writeRow(tx, held, { state, rights, was, bonds: bonds.value, input });
  if (!written.ok) return written;
  const by = byOf(actor);
  const ended = await endAfterChange(deps, tx, by, person, (await tx.people.get(id)) ?? person);
  if (proposing) return proposed(deps, tx, { ...held, ended }, { after: next, waking, reason: input.reason ?? "" });
  await writeRights(tx, person, { held: roles, before: power, after: rights }, by, deps.clock.now());
  const left = rolesDiffer(was.roles, rights.roles) ? [await endOfRole(deps, tx, by, id)] : [];
  await settleIfComplete(deps, tx);
  return done({ person: await viewNow(deps, tx, held), proposal: null, view: null, ended: [...ended, ...left] });
}

function byOf(actor: Actor): By {
  return { personId: actor.personId, sourceAddress: actor.sourceAddress };
}

async function viewNow(deps: PeopleDeps, tx: Stores, { person, scope }: Held): Promise<PersonView> {
  return personView(deps, tx, (await tx.people.get(person.id)) ?? person, scope);
}

async function proposed(
  deps: PeopleDeps,
  tx: Stores,
  held: Held & Pick<Changed, "ended">,
  asked: { readonly after: Rights; readonly waking: boolean; readonly reason: string },
): Promise<Outcome<Changed>> {
  const proposal = await proposeRights(deps, tx, held.actor, { held, ...asked });
  // Nothing else may stay either: what was written with it goes back.
  if (!proposal.ok) throw new Undone(proposal);
  const view = await proposalView(tx, proposal.value, held.actor, deps.clock.now());
  return done({ person: await viewNow(deps, tx, held), proposal: proposal.value, view, ended: held.ended });
}

/** The person as he is, if the actor may change him. Outside the scope and unknown are answered alike. */
async function heldBy(tx: Stores, actor: Actor, id: PersonId): Promise<Outcome<Held>> {
  const now = await standing(tx, actor);
  if (now?.power !== "security" || now.personId === id) return refused("forbidden");
  const person = await tx.people.get(id);
  const scope = await scopeOf(tx, now, ["security"]);
  if (person === undefined || !covers(scope, person.unitId)) return refused("not-found");
  return done({ ...(await holdingOf(tx, person)), actor: now, scope });
}

/** The columns of his bonds if any is to change; null when none is. */
async function bondsOf(deps: PeopleDeps, tx: Stores, held: Held, input: Change): Promise<Outcome<PersonBonds | null>> {
  const { person, scope } = held;
  const { displayName = person.displayName, email, contractId, sponsorId, identityNumber } = input;
  const renamed = displayName !== person.displayName;
  if (!renamed && [email, contractId, sponsorId, identityNumber].every((one) => one === undefined)) return done(null);
  return checkPersonBonds(deps, tx, scope, {
    personId: person.id,
    before: person,
    displayName,
    ...(email === undefined ? {} : { email }),
    ...(contractId === undefined ? {} : { contractId }),
    ...(sponsorId === undefined ? {} : { sponsorId }),
    ...(identityNumber === undefined ? {} : { identityNumber }),
  });
}

interface Written {
  readonly state: Person["state"];
  readonly rights: Rights;
  readonly was: Rights;
  readonly bonds: PersonBonds | null;
  readonly input: Change;
}

/** The row itself, if nobody changed it meanwhile, with its event. */
async function writeRow(tx: Stores, held: Held, next: Written): Promise<Outcome<void>> {
  const { person, roles, actor } = held;
  const { state, bonds, was, rights } = next;
  // Rights are held for a unit: whoever moves to another one holds none there.
  if (bonds !== null && bonds.unitId !== person.unitId && (roles.length > 0 || held.power !== null))
    return refused("conflict", { field: "contractId" });
  const displayName = next.input.displayName ?? person.displayName;
  const isAnother = rights.power !== was.power || rolesDiffer(was.roles, rights.roles) || state !== person.state;
  const credentialEpoch = person.credentialEpoch + (isAnother ? 1 : 0);
  const enrolment = state === "active" ? {} : { enrolmentHash: null, enrolmentExpiresAt: null };
  const patch = { ...(bonds ?? {}), ...enrolment, state, displayName, credentialEpoch };
  const expected = {
    credentialEpoch: person.credentialEpoch,
    state: person.state,
    displayName: person.displayName,
    contractId: person.contractId,
    sponsorId: person.sponsorId,
    identityKey: person.identityKey,
    email: person.email,
  };
  if (!(await tx.people.update(person.id, patch, expected))) return refused("stale");
  if (state === person.state && displayName === person.displayName && bonds === null) return done(undefined);
  await tx.audit.append({
    verb: state !== person.state && state !== "active" ? "person.disabled" : "person.changed",
    actorId: actor.personId,
    object: { kind: "person", id: person.id },
    sourceAddress: actor.sourceAddress,
    detail: { state, displayName, ...(bonds === null ? {} : whatOf(person, bonds)) },
  });
  return done(undefined);
}

/** What of the bonds is another, by name; of the identity number only that it is. */
function whatOf(person: Person, bonds: PersonBonds): Readonly<Record<string, string | boolean | null>> {
  return {
    ...(bonds.contractId === person.contractId ? {} : { contractId: bonds.contractId }),
    ...(bonds.sponsorId === person.sponsorId ? {} : { sponsorId: bonds.sponsorId }),
    ...(bonds.email === person.email ? {} : { email: bonds.email }),
    ...(bonds.identityKey === person.identityKey ? {} : { identityNumber: true }),
  };
}

interface Reset {
  readonly enrolmentToken: string | null;
  readonly proposal: Proposal | null;
  readonly view: ProposalView | null;
}

/** An operator's at once; for whoever decides anything a second person stands by. */
export async function resetFactors(
  deps: PeopleDeps,
  actor: Actor,
  id: PersonId,
  reason = "",
): ReturnType<PeopleUseCases["resetFactors"]> {
  const { token, hash } = newToken();
  const work = deps.database.write((tx) => reset(deps, tx, actor, { id, reason, token, hash }));
  const outcome = await orUndone(work, refused("stale"));
  if (!outcome.ok) return outcome;
  const { enrolmentToken, proposal, view } = outcome.value;
  if (proposal === null) tellPerson(deps, id);
  else tellProposal(deps, proposal);
  return done({ enrolmentToken, proposal: view });
}

async function reset(
  deps: PeopleDeps,
  tx: Stores,
  actor: Actor,
  input: { readonly id: PersonId; readonly reason: string; readonly token: string; readonly hash: string },
): Promise<Outcome<Reset>> {
  const before = await heldBy(tx, actor, input.id);
  if (!before.ok) return before;
  const held = before.value;
  if (held.person.state !== "active") return refused("conflict", { field: "state" });
  if (holdsBeyond(held.scope, held.roles)) return refused("forbidden");
  const names = held.roles.map((row) => row.role);
  const weighty = needsTwo(held.power, names);
  if (weighty && (await isSettled(tx))) {
    const proposal = await proposeReset(deps, tx, actor, { held, reason: input.reason });
    if (!proposal.ok) return proposal;
    const view = await proposalView(tx, proposal.value, held.actor, deps.clock.now());
    return done({ enrolmentToken: null, proposal: proposal.value, view });
  }
  if (await isLastOfPower(tx, input.id)) return refused("last-of-power");
  const taken = await takeFactors(deps, tx, held.person, { hash: input.hash, by: byOf(actor), weighty });
  return taken ? done({ enrolmentToken: input.token, proposal: null, view: null }) : refused("stale");
}
