/** A proposal as its readers see it, and who may confirm it. */
import {
  done,
  PROPOSAL_POWER,
  proposalStateAt,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type PersonId,
  type Proposal,
  type Stores,
} from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import { isEnrolled } from "../identity-deps.js";
import { lastLink } from "../last-link.js";
import { covers, scopeOf } from "../scope.js";
import { settledAt } from "../settle.js";
import { secretWaits } from "./kept-secrets.js";
import { KINDS } from "./kinds.js";

/** So long nobody confirms what is proposed by who held his enrolment link: time for him to say that it is not he who comes in. */
const FROM_HIS_HAND_MS = 24 * 3_600_000;

/** Whether the reader, as he stands now, is of those a proposal is shown to: its power within its unit, and confirmers. */
export async function maySee(stores: Stores, reader: Actor, proposal: Proposal): Promise<boolean> {
  return covers(await scopeOf(stores, reader, [PROPOSAL_POWER[proposal.kind], "confirmer"]), proposal.unitId);
}

/**
 * Whether the reader, as he stands now, may be the second person. `needs-second-person` to the proposer himself,
 * `own-request` to whom it is about, `approves-later` within a day of a reset, or of the proposer's giving him his way in,
 * `stale` when the proposer may no longer propose it.
 */
export async function mayConfirm(
  stores: Stores,
  reader: Actor,
  proposal: Proposal,
  now: number,
): Promise<Outcome<void>> {
  if (!(await maySee(stores, reader, proposal))) return refused("not-found");
  if (proposalStateAt(proposal, now) !== "pending") return refused("already-decided");
  if (proposal.proposedBy === reader.personId) return refused("needs-second-person");
  if (proposal.subject === `person:${reader.personId}`) return refused("own-request");
  const person = await stores.people.get(reader.personId);
  if (person === undefined) return refused("not-found");
  if (person.vendorId !== null) return refused("vendor-person");
  if (person.approvesFrom !== null && now < person.approvesFrom) return refused("approves-later");
  if (await isFromHand(stores, proposal.proposedBy, person, now)) return refused("approves-later");
  return (await proposerOf(stores, proposal)) === undefined ? refused("stale") : done(undefined);
}

/** Whether the proposer held the newest link by which the person enrolled, or its first part, a short while ago. Before two were there, someone had to. */
async function isFromHand(stores: Stores, proposedBy: PersonId, person: Person, now: number): Promise<boolean> {
  const link = await lastLink(stores, person.id);
  if (link?.by !== proposedBy || now >= link.at + FROM_HIS_HAND_MS) return false;
  const settled = await settledAt(stores);
  return settled !== undefined && link.at > settled;
}

/** Who proposed it, if he still could: active, enrolled, and holding its power over its unit. */
export async function proposerOf(stores: Stores, proposal: Proposal): Promise<Person | undefined> {
  const person = await stores.people.get(proposal.proposedBy);
  if (person === undefined || person.state !== "active" || !isEnrolled(person)) return undefined;
  const scope = await scopeOf(stores, { personId: person.id }, [PROPOSAL_POWER[proposal.kind]]);
  return covers(scope, proposal.unitId) ? person : undefined;
}

/** `reader`: as he stands now. */
export async function proposalView(
  stores: Stores,
  proposal: Proposal,
  reader: Actor,
  now: number,
): Promise<ProposalView> {
  const { content, ...shown } = proposal;
  const proposer = await stores.people.get(proposal.proposedBy);
  const decider = proposal.decidedBy === null ? undefined : await stores.people.get(proposal.decidedBy);
  const may = await mayConfirm(stores, reader, proposal, now);
  return {
    ...shown,
    state: proposalStateAt(proposal, now),
    proposedByLogin: proposer?.login ?? "",
    proposedByName: proposer?.displayName ?? "",
    decidedByLogin: decider?.login ?? null,
    decidedByName: decider?.displayName ?? null,
    lines: await KINDS[proposal.kind].lines(stores, content),
    confirmable: may.ok ? { ok: true } : { ok: false, code: may.code },
    secretWaits: proposal.proposedBy === reader.personId && (await secretWaits(stores, proposal.id, now)),
  };
}
