/** The audit log and alerts. Expected outcomes are `Outcome` values. */
import type { Actor, Alert, AlertId, AuditRow, Checkpoint, Outcome } from "../../domain/index.js";
import type { Page, Listing } from "./lists.js";
import type { NamedPerson, TracedPerson } from "./names.js";

/** An event with the person who did it, and the one it is about where that is another. */
export interface AuditEventView extends AuditRow {
  readonly actorLogin: string | null;
  readonly actor: TracedPerson | null;
  readonly about: TracedPerson | null;
}

/** `about`: the person, or the person of the session, that its subject names. */
export interface AlertView extends Alert {
  readonly about: NamedPerson | null;
  readonly acknowledger: NamedPerson | null;
}

export interface AuditUseCases {
  list(
    actor: Actor,
    page: Page & {
      readonly verb?: string;
      readonly objectId?: string;
      /** A person's id: as the one who did it, or as its object. */
      readonly person?: string;
      readonly from?: number;
      readonly to?: number;
    },
  ): Promise<Outcome<Listing<AuditEventView>>>;
  checkpoints(actor: Actor): Promise<Outcome<readonly Checkpoint[]>>;
  /** JSON lines: the newest checkpoint, then each leaf with its number; verifiable offline. */
  export(
    actor: Actor,
    range: { readonly from?: number; readonly to?: number },
  ): Promise<Outcome<AsyncIterable<string>>>;
  alerts(actor: Actor, page: Page & { readonly open?: boolean }): Promise<Outcome<Listing<AlertView>>>;
  acknowledgeAlert(actor: Actor, id: AlertId): Promise<Outcome<AlertView>>;
  resolveAlert(actor: Actor, id: AlertId, resolution: string): Promise<Outcome<AlertView>>;
  /** By another person than who resolved it (`needs-second-person`); only a resolved one (`conflict`). */
  closeAlert(actor: Actor, id: AlertId): Promise<Outcome<AlertView>>;
}
