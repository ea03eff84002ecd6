/**
 * Critical acts: one person of a power proposes, another of the same power (or a confirmer) confirms, and only then it is
 * done. What is confirmed is exactly what was proposed: the digest binds the two.
 */
import type { PersonId, ProposalId, UnitId } from "./ids.js";
import type { Power } from "./people.js";

export const PROPOSAL_KINDS = [
  /** Power, approver or confirmer given or taken; or a holder of one made active again. */
  "person.rights",
  /** Password and factors of an approver, a confirmer or a holder of a power. */
  "person.reset",
  /** The bundle that lies in the policy folder takes effect. */
  "policy.change",
  /** Credentials leave the vault, sealed to a passphrase. */
  "vault.export",
  "retention.change",
  "hold.release",
  /** New sealed envelopes for breaking the glass; the old ones are worth nothing. */
  "break-glass.seal",
  /** A bearer token for the directory's SCIM client. */
  "scim.token",
] as const;
export type ProposalKind = (typeof PROPOSAL_KINDS)[number];

/** Whose act it is: who may propose and confirm. */
export const PROPOSAL_POWER: Readonly<Record<ProposalKind, Power>> = {
  "person.rights": "security",
  "person.reset": "security",
  "policy.change": "security",
  "vault.export": "system",
  "retention.change": "audit",
  "hold.release": "audit",
  "break-glass.seal": "security",
  "scim.token": "security",
};

export type ProposalState = "pending" | "confirmed" | "rejected" | "withdrawn" | "lapsed";

export interface Proposal {
  readonly id: ProposalId;
  readonly unitId: UnitId;
  readonly kind: ProposalKind;
  /** `noun:id` of what it is about. One pending proposal per kind and subject. */
  readonly subject: string;
  /** RFC 8785 text of what is to be done; its form belongs to the kind. */
  readonly content: string;
  /** SHA-256 hex of `content`. */
  readonly digest: string;
  readonly reason: string;
  readonly proposedBy: PersonId;
  readonly proposedAt: number;
  readonly lapsesAt: number;
  readonly state: ProposalState;
  readonly decidedBy: PersonId | null;
  readonly decidedAt: number | null;
}

/** What a proposal is at `now`. */
export function proposalStateAt(proposal: Pick<Proposal, "state" | "lapsesAt">, now: number): ProposalState {
  return proposal.state === "pending" && now >= proposal.lapsesAt ? "lapsed" : proposal.state;
}

/** One sealed envelope of the break-glass procedure: both halves open it once. */
export interface BreakGlassSeal {
  readonly id: string;
  readonly power: Power;
  /** SHA-256 hex of the two halves joined. */
  readonly hash: string;
  readonly sealedAt: number;
  readonly sealedBy: PersonId;
  readonly confirmedBy: PersonId;
  /** Set when it was shown while people of that power could still act: it opens only after the waiting time, unless one of them refuses it. */
  readonly shownAt: number | null;
  readonly usedAt: number | null;
  readonly voidAt: number | null;
}

/** Recordings are kept for ever (0 days), or for at least six months (Cybersecurity Law of the PRC, art. 23) and a century at most. */
export const RETENTION_LEAST_DAYS = 184;
export const RETENTION_MOST_DAYS = 36_500;

/** A session whose recording retention must not touch, until two auditors release it. */
export interface LegalHold {
  readonly id: string;
  readonly unitId: UnitId;
  readonly sessionId: string;
  readonly reason: string;
  readonly placedBy: PersonId;
  readonly placedAt: number;
  readonly releasedBy: PersonId | null;
  readonly releaseConfirmedBy: PersonId | null;
  readonly releasedAt: number | null;
}
