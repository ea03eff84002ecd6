/**
 * Audit events: `noun.verbed`, with actor, object, source, node and what decided. The leaf is RFC 8785 canonical JSON,
 * stored verbatim; columns only index it. Leaf numbers are given after commit by one sequencer.
 */
import type { AuditEventId, NodeId, PersonId } from "./ids.js";

export const AUDIT_VERBS = [
  "installation.bootstrapped",
  "person.created",
  "person.enrolled",
  "person.signed-in",
  "person.sign-in-failed",
  "person.signed-out",
  "person.changed",
  "person.disabled",
  "person.password-changed",
  "person.factor-reset",
  "person.key-added",
  "person.key-retired",
  "person.recovery-code-used",
  "person.throttled",
  "power.granted",
  "power.withdrawn",
  "role.granted",
  "role.withdrawn",
  "asset.created",
  "asset.changed",
  "asset.change-proposed",
  "asset.change-confirmed",
  "asset.host-key-scanned",
  "asset.host-key-confirmed",
  "asset.retired",
  "account.created",
  "account.credential-set",
  "account.credential-tested",
  "account.retired",
  "entitlement.created",
  "entitlement.ended",
  "request.filed",
  "request.approved",
  "request.denied",
  "request.withdrawn",
  "request.lapsed",
  "grant.created",
  "grant.activated",
  "grant.expired",
  "grant.revoked",
  "grant.suspended",
  "connection.refused",
  "session.opened",
  "session.refused",
  "session.ended",
  "session.stopped",
  "session.watched",
  "session.unwatched",
  "session.detached",
  "session.rejoined",
  "ticket.issued",
  "ticket.refused",
  "clipboard.passed",
  "channel.opened",
  "channel.refused",
  "channel.closed",
  "transfer.logged",
  "transfer.refused",
  "forward.opened",
  "recording.completed",
  "recording.recovered",
  "recording.viewed",
  "recording.exported",
  "recording.verified",
  "recording.searched",
  "recording.heads",
  "recording.input-requested",
  "recording.input-approved",
  "recording.input-read",
  "alert.opened",
  "alert.acknowledged",
  "alert.resolved",
  "alert.closed",
  "audit.viewed",
  "audit.exported",
  "node.started",
  "node.stopped",
  "policy.loaded",
] as const;
export type AuditVerb = (typeof AUDIT_VERBS)[number];

export type AuditDetail = { readonly [key: string]: string | number | boolean | null | readonly (string | number)[] };

/** What a use case says happened; id, time and node are added where it is written. */
export interface AuditEntry {
  readonly verb: AuditVerb;
  /** Null: nobody signed in yet, or the gate itself. */
  readonly actorId: PersonId | null;
  /** As typed, shown as text; for failures where no person is known. */
  readonly actorName?: string;
  readonly object: { readonly kind: string; readonly id: string };
  readonly sourceAddress: string | null;
  /** The rule or reason that decided, as a stable code or policy id. */
  readonly decidedBy?: string;
  readonly detail?: AuditDetail;
}

/** The leaf: what is canonicalised, hashed and kept verbatim. */
export interface AuditEvent {
  readonly v: 1;
  readonly id: AuditEventId;
  readonly at: number;
  readonly node: NodeId;
  readonly verb: AuditVerb;
  readonly actor: { readonly id: PersonId | null; readonly name: string | null };
  readonly object: { readonly kind: string; readonly id: string };
  readonly source: string | null;
  readonly decidedBy: string | null;
  readonly detail: AuditDetail;
}

/** A stored event. `seq` is null between commit and sequencing (well under a second). */
export interface AuditRow {
  readonly id: AuditEventId;
  readonly seq: number | null;
  readonly at: number;
  readonly verb: AuditVerb;
  readonly actorId: PersonId | null;
  readonly objectKind: string;
  readonly objectId: string;
  /** RFC 8785 text of `AuditEvent`. */
  readonly leaf: string;
}

/** A signed C2SP tlog-checkpoint note over the tree of the first `size` leaves. */
export interface Checkpoint {
  readonly id: string;
  readonly size: number;
  /** Base64 of the RFC 6962 root. */
  readonly root: string;
  readonly note: string;
  readonly at: number;
}
