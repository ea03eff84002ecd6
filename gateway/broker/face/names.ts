/** How a person and a session are named wherever one is shown: never without the vendors between him and the unit. */
import type { PersonId, Session } from "../../domain/index.js";

export interface NamedPerson {
  readonly id: PersonId;
  readonly login: string;
  readonly displayName: string;
  /** Vendor names from his own up to the outermost; empty for a unit's own person. */
  readonly vendorChain: readonly string[];
  readonly contractNumber: string | null;
}

/** `asThen`: chain and contract are those that were written down when it happened; otherwise those of now. */
export interface TracedPerson extends NamedPerson {
  readonly asThen: boolean;
}

/** What a session is named by, beside something that is about it. */
export type NamedSession = Pick<Session, "id" | "startedAt" | "endedAt" | "snapshot">;
