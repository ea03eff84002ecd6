/**
 * Power, approver and confirmer given or taken, for whichever unit, and a holder of one made active again. The content names
 * what he held there when it was proposed; when that is no longer so, or a unit no longer stands, the confirmation is refused
 * and nothing changes. It lies at the lowest unit that holds the person's and each of these: both of the two cover them all.
 */
import {
  done,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type Power,
  type Proposal,
  type PersonId,
  type Role,
  type RoleHolding,
  type Stores,
  type UnitId,
} from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { tellPerson } from "../identity-deps.js";
import { isExclusive, keysOf, needsTwo, rolesDiffer, writeRights, type Rights, type RoleAt } from "../powers.js";
import { endOfRole } from "../registry/after-change.js";
import { tellEnded } from "../registry/ending.js";
import { unitPath } from "../registry/import-lookup.js";
import { commonUnit, holdUnit, unitsById } from "../registry/unit-tree.js";
import { isLastOfPower, settleIfComplete } from "../settle.js";
import type { ProposalActs, ProposalLine } from "./kind.js";
import { personLines } from "./person-lines.js";
import { propose } from "./propose.js";
import { wayInForWeight } from "./two-hands.js";

/** A type and not an interface, so that it is `Canonical`. */
type Content = {
  readonly personId: PersonId;
  readonly login: string;
  readonly unitId: UnitId;
  readonly power: Power | null;
  readonly powerWas: Power | null;
  /** Of his own unit, and of each other one where they change; of all where he is made active again. */
  readonly roles: readonly HeldAt[];
  readonly rolesWas: readonly HeldAt[];
  readonly state: Person["state"];
  readonly stateWas: Person["state"];
};

type HeldAt = { readonly role: Role; readonly unitId: UnitId };

/** For so many units one person holds roles at most. */
const UNITS_MOST = 100;

/** What a person is now, as far as rights go. */
export interface Holding {
  readonly person: Person;
  readonly power: Power | null;
  readonly roles: readonly RoleHolding[];
}

export async function holdingOf(tx: Pick<Stores, "powers" | "roles">, person: Person): Promise<Holding> {
  const power = (await tx.powers.get(person.id))?.power ?? null;
  return { person, power, roles: await tx.roles.find({ personId: person.id }, { limit: 1000 }) };
}

/** Puts a change of rights before a second person; the actor's own rights and scope were looked at. */
export async function proposeRights(
  deps: Pick<BrokerDeps, "clock" | "ids">,
  tx: Stores,
  actor: Actor,
  input: {
    readonly held: Holding;
    readonly after: Rights;
    /** Whether he is to be active again; else his state stays what it is. */
    readonly waking: boolean;
    readonly reason: string;
  },
): Promise<Outcome<Proposal>> {
  const { person, power, roles } = input.held;
  const { after, waking } = input;
  const isMeant = ({ unitId }: RoleAt): boolean =>
    waking || unitId === person.unitId || rolesDiffer(at(unitId, roles), at(unitId, after.roles));
  const content: Content = {
    personId: person.id,
    login: person.login,
    unitId: person.unitId,
    power: after.power,
    powerWas: power,
    roles: inOrder(after.roles.filter(isMeant)),
    rolesWas: inOrder(roles.filter(isMeant)),
    state: waking ? "active" : person.state,
    stateWas: person.state,
  };
  const subject = `person:${person.id}`;
  return propose(deps, tx, actor, {
    kind: "person.rights",
    subject,
    unitId: await commonUnit(tx, unitsOf(content)),
    content,
    reason: input.reason,
  });
}

function at(unitId: UnitId, roles: readonly RoleAt[]): readonly RoleAt[] {
  return roles.filter((one) => one.unitId === unitId);
}

/** Each once. */
function inOrder(roles: readonly RoleAt[]): readonly HeldAt[] {
  const byKey = new Map(roles.map(({ role, unitId }) => [`${unitId}:${role}`, { role, unitId }]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** The person's own, then the others that the content speaks of. */
function unitsOf({ unitId, roles, rolesWas }: Content): readonly UnitId[] {
  return [...new Set([unitId, ...[...rolesWas, ...roles].map((one) => one.unitId)])];
}

/** Whether the person may hold all of it. */
export function rightsFault(person: Person, after: Rights): ReturnType<typeof refused> | undefined {
  const roles = after.roles.map((one) => one.role);
  if (!isExclusive(after.power, roles)) return refused("exclusive-powers", { field: "power" });
  if (new Set(after.roles.map((one) => one.unitId)).size > UNITS_MOST)
    return refused("invalid-input", { field: "elsewhere" });
  if (person.vendorId !== null && (after.power !== null || roles.some((role) => role !== "operator")))
    return refused("vendor-person", { field: after.power === null ? "roles" : "power" });
  return undefined;
}

export const personRights: ProposalActs = {
  async lines(stores, text) {
    const content = JSON.parse(text) as Content;
    const unit = await stores.units.get(content.unitId);
    const lines: (ProposalLine | undefined)[] = [
      ...(await personLines(stores, content)),
      { label: "unit", before: null, after: unit?.name ?? content.unitId },
      changed("state", content.stateWas, content.state),
      changed("power", content.powerWas ?? "", content.power ?? ""),
      ...(await roleLines(stores, content)),
    ];
    return lines.filter((line) => line !== undefined);
  },

  async execute(deps, tx, proposal, both) {
    const { proposer, confirmer, sourceAddress } = both;
    const content = JSON.parse(proposal.content) as Content;
    const person = await tx.people.get(content.personId);
    const held = person === undefined ? undefined : await holdingOf(tx, person);
    if (person === undefined || held === undefined || !isAsProposed(held, content)) return refused("stale");
    const after = afterwards(held, content);
    const fault = rightsFault(person, after);
    if (fault !== undefined) return fault;
    if ((await commonUnit(tx, unitsOf(content))) !== proposal.unitId) return refused("stale");
    for (const unitId of new Set(content.roles.map((one) => one.unitId)))
      if (!(await holdUnit(tx, unitId))) return refused("stale");
    if (held.power !== null && held.power !== content.power && (await isLastOfPower(tx, person.id)))
      return refused("last-of-power");
    const patch = { state: content.state, credentialEpoch: person.credentialEpoch + 1 };
    const expected = { state: person.state, credentialEpoch: person.credentialEpoch };
    if (!(await tx.people.update(person.id, patch, expected))) return refused("stale");
    const by = { personId: proposer.id, sourceAddress, confirmedBy: confirmer.id };
    if (content.state !== content.stateWas) {
      await tx.audit.append({
        verb: "person.changed",
        actorId: proposer.id,
        object: { kind: "person", id: person.id },
        sourceAddress,
        detail: { state: content.state, proposedBy: proposer.id, confirmedBy: confirmer.id },
      });
    }
    const wayIn = needsTwo(
      after.power,
      after.roles.map((one) => one.role),
    )
      ? await wayInForWeight(deps, tx, person.id, both, proposal)
      : done({});
    if (!wayIn.ok) return wayIn;
    await writeRights(tx, person, { held: held.roles, before: held.power, after }, by, deps.clock.now());
    const ended = await endOfRole(deps, tx, by, person.id);
    await settleIfComplete(deps, tx);
    return done({
      ...wayIn.value,
      afterwards: () => {
        tellEnded(deps, ended);
        tellPerson(deps, person.id);
      },
    });
  },
};

/** The unit stands above its roles where it is not the person's own; by its path, since units of two parents may be called alike. */
async function roleLines(
  stores: Pick<Stores, "units">,
  content: Content,
): Promise<readonly (ProposalLine | undefined)[]> {
  const units = await unitsById(stores);
  return unitsOf(content).flatMap((unitId) => {
    const names = (roles: readonly RoleAt[]): string =>
      at(unitId, roles)
        .map((one) => one.role)
        .join(" ");
    const line = changed("roles", names(content.rolesWas), names(content.roles));
    if (unitId === content.unitId || line === undefined) return [line];
    return [{ label: "roleUnit", before: null, after: unitPath(units, unitId) }, line];
  });
}

/** All he is to hold then: what the content does not speak of stays. */
function afterwards({ roles }: Holding, content: Content): Rights {
  const units = unitsOf(content);
  return { power: content.power, roles: [...roles.filter((row) => !units.includes(row.unitId)), ...content.roles] };
}

function changed(label: string, before: string, after: string): ProposalLine | undefined {
  return before === after ? undefined : { label, before, after };
}

function isAsProposed({ person, power, roles }: Holding, content: Content): boolean {
  const units = unitsOf(content);
  const meant = content.state === content.stateWas ? roles.filter((row) => units.includes(row.unitId)) : roles;
  return (
    person.state === content.stateWas &&
    person.state !== "retired" &&
    person.unitId === content.unitId &&
    power === content.powerWas &&
    keysOf(meant).join() === keysOf(content.rolesWas).join()
  );
}
