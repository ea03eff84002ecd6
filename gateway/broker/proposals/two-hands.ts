/**
 * The enrolment link of who decides or administers: it never lies whole in one hand. The proposer fetches the link, who confirmed
 * is shown its second part, and either alone opens nothing. A way in that one person gave or could know ends when weight comes.
 */
import {
  done,
  refused,
  type Outcome,
  type Person,
  type PersonId,
  type Proposal,
  type Stores,
} from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { holdsMore } from "../directories/admit.js";
import { lastLink, linkedByAnother } from "../last-link.js";
import { takeFactors } from "../reset-factors.js";
import { holdsBeyond } from "../rights-asked.js";
import { scopeOf } from "../scope.js";
import { ENROLMENT_MS, newTwoParts, type TwoParts } from "../secrets-shown-once.js";
import type { Both, Executed } from "./kind.js";

type Deps = Pick<BrokerDeps, "clock">;

/** So long factors that one person could know are worth nothing with weight: time for their owner to say that they are not his. */
const FROM_ONE_HAND_MS = 24 * 3_600_000;

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
 * is a secret it showed. Who came in by one person's hand within a day, or since it was proposed, enrols again, for it may have
 * been that hand. Nothing is handed out to anyone else. `forbidden` where one of the two does not cover a role that he holds: the
 * link is a way in to that too. Before the rights are written: who can act is counted by who has factors.
 */
export async function wayInForWeight(
  deps: Deps,
  tx: Stores,
  id: PersonId,
  both: Both,
  proposal: Pick<Proposal, "proposedAt">,
): Promise<Outcome<Executed>> {
  const person = await tx.people.get(id);
  if (person?.state !== "active") return done({});
  const without = isWithoutFactors(person);
  if (!without && !(await cameByOneHand(deps, tx, person, proposal))) return done({});
  if (!(await coverAll(tx, person, both))) return refused("forbidden");
  const passkeys = await tx.passkeys.count({ personId: id, retiredAt: null });
  if (!without || passkeys > 0) return resetInTwoHands(deps, tx, person, both, { approvesLater: false });
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

/** Each role he holds already is for a unit that both of the two cover. */
async function coverAll(tx: Stores, { id }: Person, { proposer, confirmer }: Both): Promise<boolean> {
  const roles = await tx.roles.find({ personId: id }, { limit: 1000 });
  const [his, hers] = [
    await scopeOf(tx, { personId: proposer.id }, ["security"]),
    await scopeOf(tx, { personId: confirmer.id }, ["security", "confirmer"]),
  ];
  return !holdsBeyond(his, roles) && !holdsBeyond(hers, roles);
}

/**
 * Whether one person alone let him in lately, by a link or by an entry in a directory. What counts is when he enrolled by it: a
 * link is good for a day. Not of who holds weight already: it came by two, or before there were two.
 */
async function cameByOneHand(
  deps: Deps,
  tx: Stores,
  person: Person,
  { proposedAt }: Pick<Proposal, "proposedAt">,
): Promise<boolean> {
  if (await holdsMore(tx, person)) return false;
  const link = await lastLink(tx, person.id);
  const given = link?.by === null || link?.second !== undefined ? undefined : link?.at;
  const linked = await linkedByAnother(tx, person.id);
  if (given === undefined && linked === undefined) return false;
  const since = Math.max(given ?? 0, linked ?? 0, person.totpEnrolledAt ?? 0);
  return since >= proposedAt || deps.clock.now() < since + FROM_ONE_HAND_MS;
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
