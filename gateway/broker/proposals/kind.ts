/** What each kind of proposal knows: how to show what it would do, and how to do it. Each kind is one file beside this one. */
import type { Outcome, Person, Proposal, Stores } from "../../domain/index.js";
import type { ProposalView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";

export type ProposalLine = ProposalView["lines"][number];

/** The two persons, as they are at the confirmation. */
export interface Both {
  readonly proposer: Person;
  readonly confirmer: Person;
  readonly sourceAddress: string;
}

export interface Executed {
  /** Shown once to who confirmed. */
  readonly toConfirmer?: string;
  /** Kept sealed until the proposer fetches it. */
  readonly toProposer?: string;
  /** How long at most; an hour unless told. */
  readonly keptMs?: number;
  /** Runs after the commit; does not fail. */
  readonly afterwards?: () => void;
}

/** Within the transaction of the confirmation. A refusal undoes all of it; the proposal stays pending. */
export type Execute = (deps: BrokerDeps, tx: Stores, proposal: Proposal, both: Both) => Promise<Outcome<Executed>>;

interface Shown {
  /** Labels are of the API's `PROPOSAL_LABELS`. Never a secret. */
  lines(stores: Stores, content: string): Promise<readonly ProposalLine[]>;
  /** Its lines do not say all of it: nobody confirms it who did not fetch its text. */
  readonly hasText?: true;
}

export type ProposalActs = Shown &
  (
    | { readonly execute: Execute }
    /** What must be read from outside the database before the transaction begins; answers how it is done then. */
    | { readonly prepare: (deps: BrokerDeps, proposal: Proposal) => Promise<Outcome<Execute>> }
  );
