/**
 * Who may watch, stop, replay, export, search or open what somebody else did: whoever policy lets, over the units for which
 * he holds exactly that power or role by which it lets him. So an approver here who is security administrator there sees
 * neither here nor there what only the other mark would show him.
 */
import type { Power, Role, Session, Stores } from "../domain/index.js";
import type { PolicyPerson, PolicyQuery } from "../policy/index.js";
import type { BrokerDeps } from "./deps.js";
import { covers, scopeOf } from "./scope.js";
import { policyActor, policyPerson, type Standing } from "./standing.js";

export type OverseeingAct = Extract<PolicyQuery, { readonly owner: PolicyPerson }>["act"];
type OverseeingStores = Pick<Stores, "people" | "powers" | "roles" | "vendors" | "units">;

/** What decided it, as policy ids; undefined when he may not, or nobody is there. His own sessions are not asked here. */
export async function maySupervise(
  deps: Pick<BrokerDeps, "policy">,
  stores: OverseeingStores,
  reader: Standing,
  act: OverseeingAct,
  session: Pick<Session, "personId" | "unitId">,
): Promise<string | undefined> {
  const owner = await policyPerson(stores, session.personId);
  if (owner === undefined) return undefined;
  const person = policyActor(reader);
  const decision = deps.policy.decide({ act, person, owner });
  if (!decision.allowed) return undefined;
  const marks = marksOf(reader).filter(
    (mark) => deps.policy.decide({ act, person: only(person, mark), owner }).allowed,
  );
  if (!covers(await scopeOf(stores, reader, marks), session.unitId)) return undefined;
  return decision.decidedBy.join(",");
}

function marksOf({ power, roles }: Standing): readonly (Power | Role)[] {
  return power === null ? roles : [power, ...roles];
}

/** The same person as if he held nothing else. */
function only(person: PolicyPerson, mark: Power | Role): PolicyPerson {
  const isPower = mark === person.power;
  return { ...person, power: isPower ? person.power : null, roles: person.roles.filter((role) => role === mark) };
}

/** Those who see sessions, requests and grants of others at all. */
export const OVERSEERS: readonly (Power | Role)[] = ["approver", "security", "audit"];
