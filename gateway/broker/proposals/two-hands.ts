/**
 * The enrolment link of who decides or administers: it never lies whole in one hand. The proposer fetches the link, who confirmed
 * is shown its second part, and either alone opens nothing. A way in that one person gave or could know ends when weight comes.
 */
import { done, refused, type Outcome, type Person, type PersonId, type Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { lastLink } from "../last-link.js";
import { takeFactors } from "../reset-factors.js";
import { ENROLMENT_MS, newTwoParts, type TwoParts } from "../secrets-shown-once.js";
import { settledAt } from "../settle.js";
import type { Both, Executed } from "./kind.js";

type Deps = Pick<BrokerDeps, "clock">;

/** Takes all factors; the link by which he enrols again has two parts. `stale` when the row changed meanwhile. */
export async function resetInTwoHands(
  deps: Deps,
  tx: Stores,
  person: Person,
  both: Both,
  more: { readonly approvesLater: boolean },
): Promise<Outcome<Executed>> {
  const parts = newTwoParts();
  const by = { personId: both.proposer.id, sourceAddress: both.sourceAddress, confirmedBy: both.confirmer.id };
  const taken = await takeFactors(deps, tx, person, { hash: parts.hash, by, weighty: more.approvesLater });
  return taken ? done(await handOut(deps, tx, person, both, parts)) : refused("stale");
}

/**
 * For whom two persons give weight: who never enrolled gets a link of two parts, and one that was open is worth nothing, nor
 * is a secret it showed. Who enrolled within a day by a link that lay in one hand enrols again, for it may have been that hand.
 * Nothing is handed out to anyone else. Before the rights are written: who can act is counted by who has factors.
 */
export async function wayInForWeight(deps: Deps, tx: Stores, id: PersonId, both: Both): Promise<Outcome<Executed>> {
  const person = await tx.people.get(id);
  if (person?.state !== "active") return done({});
  if (!isWithoutFactors(person)) {
    const again = await cameByOneHand(deps, tx, id);
    return again ? resetInTwoHands(deps, tx, person, both, { approvesLater: false }) : done({});
  }
  const parts = newTwoParts();
  const patch = {
    enrolmentHash: parts.hash,
    enrolmentExpiresAt: deps.clock.now() + ENROLMENT_MS,
    totpSealed: null,
  };
  const expected = { state: "active", totpEnrolledAt: null, credentialEpoch: person.credentialEpoch } as const;
  if (!(await tx.people.update(id, patch, expected))) return refused("stale");
  return done(await handOut(deps, tx, person, both, parts));
}

/** Who comes by a provider that proves both factors needs no link; an open one of his is replaced all the same. */
function isWithoutFactors(person: Person): boolean {
  return person.totpEnrolledAt === null && (person.passwordAt !== "oidc" || person.enrolmentHash !== null);
}

/** Before two were there, someone had to give links alone. */
async function cameByOneHand(deps: Deps, tx: Stores, id: PersonId): Promise<boolean> {
  const link = await lastLink(tx, id);
  if (link === undefined || link.by === null || link.second !== undefined) return false;
  const settled = await settledAt(tx);
  return settled !== undefined && link.at > settled && deps.clock.now() < link.at + ENROLMENT_MS;
}

/** The log says who held which part, never a part. */
async function handOut(deps: Deps, tx: Stores, person: Person, both: Both, parts: TwoParts): Promise<Executed> {
  const { proposer, confirmer, sourceAddress } = both;
  await tx.audit.append({
    verb: "person.link-parted",
    actorId: proposer.id,
    object: { kind: "person", id: person.id },
    sourceAddress,
    detail: {
      login: person.login,
      proposedBy: proposer.id,
      confirmedBy: confirmer.id,
      linkHeldBy: proposer.login,
      secondPartHeldBy: confirmer.login,
      expiresAt: deps.clock.now() + ENROLMENT_MS,
    },
  });
  return { toProposer: parts.link, keptMs: ENROLMENT_MS, toConfirmer: parts.secondPart };
}
