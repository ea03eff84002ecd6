/** Critical acts by two persons, break-glass, retention and legal holds, the policy in force. Expected outcomes are `Outcome` values. */
import type {
  AccountId,
  Actor,
  LegalHold,
  Locale,
  Outcome,
  Power,
  Proposal,
  ProposalId,
  ProposalState,
  SessionId,
} from "../../domain/index.js";
import type { Listing, Page } from "./lists.js";
import type { NamedPerson, NamedSession } from "./names.js";

export interface ProposalView extends Omit<Proposal, "content"> {
  readonly proposedByLogin: string;
  readonly proposedByName: string;
  readonly decidedByLogin: string | null;
  readonly decidedByName: string | null;
  /** What would be done, as labelled values for a page: never a secret. */
  readonly lines: readonly { readonly label: string; readonly before: string | null; readonly after: string }[];
  /** Whether the reader may confirm it, and if not why. */
  readonly confirmable: { readonly ok: true } | { readonly ok: false; readonly code: string };
  /** Whether something waits for the reader to be fetched, once. */
  readonly secretWaits: boolean;
}

/** A hold with the session it keeps and those who placed and released it. */
export interface LegalHoldView extends LegalHold {
  readonly session: NamedSession | null;
  readonly placer: NamedPerson | null;
  readonly releaser: NamedPerson | null;
  readonly releaseConfirmer: NamedPerson | null;
}

/** A proposed policy in full. */
export interface ProposalText {
  /** Of the proposal: what is confirmed. */
  readonly digest: string;
  /** Digests of the bundle it was proposed against and of the proposed one. */
  readonly from: string;
  readonly to: string;
  /** Settings that differ, as a help to reading; null where one is not set. */
  readonly settings: readonly {
    readonly file: string;
    readonly name: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  /** Every file that comes, goes or differs, whole; null where there is none. */
  readonly files: readonly { readonly name: string; readonly before: string | null; readonly after: string | null }[];
}

export interface ProposalUseCases {
  /** Those of the reader's power and scope; for a confirmer, all that he may confirm. */
  list(actor: Actor, page: Page & { readonly state?: ProposalState }): Promise<Outcome<Listing<ProposalView>>>;
  get(actor: Actor, id: ProposalId): Promise<Outcome<ProposalView>>;
  /** The texts that a `policy.change` binds, as they were proposed and not as the folder holds them now. `not-found` for every other kind. */
  text(actor: Actor, id: ProposalId): Promise<Outcome<ProposalText>>;
  /**
   * Does it, in one transaction with both names. Never the proposer, never the person it is about; a recent step-up is needed.
   * `stale` when the digest is another, what it rests on changed, or (field `text`) he did not fetch the `text` of one that has one. `secret`: what is shown once to the confirmer (half of a
   * break-glass envelope, the second part of an enrolment link, a SCIM token).
   */
  confirm(
    actor: Actor,
    id: ProposalId,
    digest: string,
  ): Promise<Outcome<{ readonly proposal: ProposalView; readonly secret: string | null }>>;
  reject(actor: Actor, id: ProposalId, reason: string): Promise<Outcome<ProposalView>>;
  withdraw(actor: Actor, id: ProposalId): Promise<Outcome<ProposalView>>;
  /** What the proposer may fetch once after the confirmation (his half of an envelope, an enrolment link). `not-found` otherwise. */
  collect(actor: Actor, id: ProposalId): Promise<Outcome<{ readonly secret: string }>>;

  proposeSeal(actor: Actor, input: { readonly reason: string }): Promise<Outcome<ProposalView>>;
  /** Which powers have a sealed envelope, since when; for security and audit. */
  seals(
    actor: Actor,
  ): Promise<
    Outcome<readonly { readonly power: Power; readonly sealedAt: number | null; readonly shownAt: number | null }[]>
  >;
  /**
   * Nobody is signed in: both halves make a new person with that power, at once when nobody of it can act, else after 24
   * hours in which any of them may refuse. `pending`: come again then.
   */
  breakGlass(input: {
    readonly power: Power;
    readonly halves: readonly [string, string];
    readonly login: string;
    readonly displayName: string;
    readonly locale: Locale;
    readonly sourceAddress: string;
  }): Promise<Outcome<{ readonly enrolmentToken: string } | { readonly opensAt: number }>>;
  refuseBreakGlass(actor: Actor, power: Power): Promise<Outcome<void>>;

  /** The digest in force and the one that lies in the folder. */
  policy(actor: Actor): Promise<
    Outcome<{
      readonly inForce: string;
      readonly inFolder: string | null;
      /** Why the folder's does not load; null when it does. */
      readonly fault: string | null;
      readonly changedFiles: readonly string[];
    }>
  >;
  proposePolicy(
    actor: Actor,
    input: { readonly digest: string; readonly reason: string },
  ): Promise<Outcome<ProposalView>>;

  /** Credentials of the accounts named (all of the actor's scope when empty), sealed to `passphrase` (20 characters at least) when collected. */
  proposeVaultExport(
    actor: Actor,
    input: { readonly accountIds: readonly AccountId[]; readonly reason: string },
  ): Promise<Outcome<ProposalView>>;
  /** Once, by the proposer, within an hour of the confirmation: JSON text of the sealed export. */
  collectVaultExport(actor: Actor, id: ProposalId, passphrase: string): Promise<Outcome<string>>;

  retention(
    actor: Actor,
  ): Promise<Outcome<{ readonly days: number; readonly leastDays: number; readonly removed: number }>>;
  proposeRetention(
    actor: Actor,
    input: { readonly days: number; readonly reason: string },
  ): Promise<Outcome<ProposalView>>;
  holds(actor: Actor, page: Page): Promise<Outcome<Listing<LegalHoldView>>>;
  placeHold(
    actor: Actor,
    input: { readonly sessionId: SessionId; readonly reason: string },
  ): Promise<Outcome<LegalHold>>;
  proposeRelease(actor: Actor, id: string, reason: string): Promise<Outcome<ProposalView>>;
}
