/** What signing in by a directory, checking against it, and SCIM stand on. */
import type { DirectoryKind, DirectoryPerson } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import type { Throttle } from "../throttle.js";

export type DirectoryDeps = Pick<
  BrokerDeps,
  "database" | "clock" | "ids" | "notify" | "vault" | "policy" | "config" | "directories" | "log"
> & { readonly throttle: Throttle };

/** An entry upstream that proved itself a moment ago. */
export interface Vouched {
  readonly kind: Exclude<DirectoryKind, "scim">;
  readonly source: string;
  readonly entry: DirectoryPerson;
  /** What asks after him later, in the clear; null where nothing is needed or given. */
  readonly keep: string | null;
}

/** What a link's kept text is bound to, so that it opens nobody else's. */
export function keptBound(kind: DirectoryKind, source: string, subject: string): string {
  return `link:${kind}:${source}:${subject}`;
}

/** A refusal whose reason is for the log alone. */
export interface Unfit {
  readonly unfit: string;
  readonly personId?: string;
}
