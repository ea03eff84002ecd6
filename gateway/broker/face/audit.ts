/** The audit log and alerts. Expected outcomes are `Outcome` values. */
import type { Actor, Alert, AlertId, AuditRow, Checkpoint, Outcome } from "../../domain/index.js";
import type { Page, Listing } from "./lists.js";

export interface AuditUseCases {
  list(
    actor: Actor,
    page: Page & { readonly verb?: string; readonly objectId?: string; readonly from?: number; readonly to?: number },
  ): Promise<Outcome<Listing<AuditRow & { readonly actorLogin: string | null }>>>;
  checkpoints(actor: Actor): Promise<Outcome<readonly Checkpoint[]>>;
  /** JSON lines: the newest checkpoint, then each leaf with its number; verifiable offline. */
  export(
    actor: Actor,
    range: { readonly from?: number; readonly to?: number },
  ): Promise<Outcome<AsyncIterable<string>>>;
  alerts(actor: Actor, page: Page & { readonly open?: boolean }): Promise<Outcome<Listing<Alert>>>;
  acknowledgeAlert(actor: Actor, id: AlertId): Promise<Outcome<Alert>>;
  resolveAlert(actor: Actor, id: AlertId, resolution: string): Promise<Outcome<Alert>>;
  /** By another person than who resolved it (`needs-second-person`); only a resolved one (`conflict`). */
  closeAlert(actor: Actor, id: AlertId): Promise<Outcome<Alert>>;
}
