/**
 * Power, approver and confirmer given or taken, and a holder of one made active again. The content names what he held when
 * it was proposed; when that is no longer so, the confirmation is refused and nothing changes.
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
import { isExclusive, ownRoles, writeRights, type Rights } from "../powers.js";
import { isLastOfPower, settleIfComplete } from "../settle.js";
import type { ProposalActs, ProposalLine } from "./kind.js";
import { personLines } from "./person-lines.js";
import { propose } from "./propose.js";

/** A type and not an interface, so that it is `Canonical`. */
type Content = {
  readonly personId: PersonId;
  readonly login: string;
  readonly unitId: UnitId;
  readonly power: Power | null;
  readonly powerWas: Power | null;
  readonly roles: readonly Role[];
  readonly rolesWas: readonly Role[];
  readonly state: Person["state"];
  readonly stateWas: Person["state"];
};

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
export function proposeRights(
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
  const content: Content = {
    personId: person.id,
    login: person.login,
    unitId: person.unitId,
    power: input.after.power,
    powerWas: power,
    roles: [...new Set(input.after.roles)].sort(),
    rolesWas: [...ownRoles(person, roles)].sort(),
    state: input.waking ? "active" : person.state,
    stateWas: person.state,
  };
  const subject = `person:${person.id}`;
  return propose(deps, tx, actor, {
    kind: "person.rights",
    subject,
    unitId: person.unitId,
    content,
    reason: input.reason,
  });
}

/** Whether the person may hold what is asked, with what he holds elsewhere. */
export function rightsFault(held: Holding, after: Rights): ReturnType<typeof refused> | undefined {
  const { person, roles } = held;
  const elsewhere = roles.filter((row) => row.unitId !== person.unitId).map((row) => row.role);
  if (!isExclusive(after.power, [...after.roles, ...elsewhere])) return refused("exclusive-powers", { field: "power" });
  if (person.vendorId !== null && (after.power !== null || after.roles.some((role) => role !== "operator")))
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
      changed("roles", content.rolesWas.join(" "), content.roles.join(" ")),
    ];
    return lines.filter((line) => line !== undefined);
  },

  async execute(deps, tx, proposal, { proposer, confirmer, sourceAddress }) {
    const content = JSON.parse(proposal.content) as Content;
    const person = await tx.people.get(content.personId);
    const held = person === undefined ? undefined : await holdingOf(tx, person);
    if (person === undefined || held === undefined || !isAsProposed(held, content)) return refused("stale");
    const fault = rightsFault(held, content);
    if (fault !== undefined) return fault;
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
    await writeRights(tx, person, { held: held.roles, before: held.power, after: content }, by, deps.clock.now());
    await settleIfComplete(deps, tx);
    return done({
      afterwards: () => {
        tellPerson(deps, person.id);
      },
    });
  },
};

function changed(label: string, before: string, after: string): ProposalLine | undefined {
  return before === after ? undefined : { label, before, after };
}

function isAsProposed({ person, power, roles }: Holding, content: Content): boolean {
  return (
    person.state === content.stateWas &&
    person.state !== "retired" &&
    person.unitId === content.unitId &&
    power === content.powerWas &&
    [...ownRoles(person, roles)].sort().join() === content.rolesWas.join()
  );
}
