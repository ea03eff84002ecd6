/**
 * New factors for an approver, a confirmer or a holder of a power. The new link has two parts, one for each of the two, who hand them over in
 * presence; the one it is about reads of it in his notices, and approves nothing for a day.
 */
import {
  done,
  refused,
  type Actor,
  type Outcome,
  type PersonId,
  type Proposal,
  type Stores,
  type UnitId,
} from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { tellPerson } from "../identity-deps.js";
import { commonUnit } from "../registry/unit-tree.js";
import type { ProposalActs } from "./kind.js";
import { holdingOf, type Holding } from "./person-rights.js";
import { personLines } from "./person-lines.js";
import { propose } from "./propose.js";
import { resetInTwoHands } from "./two-hands.js";

/** A type and not an interface, so that it is `Canonical`. */
type Content = { readonly personId: PersonId; readonly login: string; readonly holds: readonly string[] };

export async function proposeReset(
  deps: Pick<BrokerDeps, "clock" | "ids">,
  tx: Stores,
  actor: Actor,
  input: { readonly held: Holding; readonly reason: string },
): Promise<Outcome<Proposal>> {
  const { person } = input.held;
  const content: Content = { personId: person.id, login: person.login, holds: holdsOf(input.held) };
  const subject = `person:${person.id}`;
  return propose(deps, tx, actor, {
    kind: "person.reset",
    subject,
    unitId: await coveringUnit(tx, input.held),
    content,
    reason: input.reason,
  });
}

export const personReset: ProposalActs = {
  async lines(stores, text) {
    const content = JSON.parse(text) as Content;
    const roles = { label: "roles", before: null, after: content.holds.join(" ") } as const;
    return [...(await personLines(stores, content)), roles];
  },

  async execute(deps, tx, proposal, both) {
    const content = JSON.parse(proposal.content) as Content;
    const person = await tx.people.get(content.personId);
    if (person?.state !== "active") return refused("stale");
    const held = await holdingOf(tx, person);
    if ((await coveringUnit(tx, held)) !== proposal.unitId) return refused("stale");
    if (holdsOf(held).join() !== content.holds.join()) return refused("stale");
    const reset = await resetInTwoHands(deps, tx, person, both, { approvesLater: true });
    if (!reset.ok) return reset;
    return done({
      ...reset.value,
      afterwards: () => {
        tellPerson(deps, person.id);
      },
    });
  },
};

/** Whoever has his factors has all his roles: both of the two cover each unit that he holds one for. */
function coveringUnit(tx: Stores, { person, roles }: Holding): Promise<UnitId> {
  return commonUnit(tx, [person.unitId, ...roles.map((row) => row.unitId)]);
}

function holdsOf({ power, roles }: Holding): readonly string[] {
  return [...new Set([...(power === null ? [] : [power]), ...roles.map((row) => row.role)])].sort();
}
