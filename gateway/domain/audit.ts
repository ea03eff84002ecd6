/**
 * Audit events: `noun.verbed`, with actor, object, source, node and what decided. The leaf is RFC 8785 canonical JSON,
 * stored verbatim; columns only index it. Leaf numbers are given after commit by one sequencer.
 */
import type { AuditEventId, NodeId, PersonId, UnitId } from "./ids.js";

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
  "person.link-parted",
  "person.key-added",
  "person.key-retired",
  "person.recovery-code-used",
  "person.throttled",
  "person.left",
  "person.lapsed",
  "person.dormant",
  "person.signed-declaration",
  "person.passkey-added",
  "person.passkey-retired",
  "person.passkey-cloned",
  "person.stepped-up",
  "person.session-ended",
  "person.signed-out-everywhere",
  "person.device-key-added",
  "person.device-key-retired",
  "person.terminal-asked",
  "person.terminal-approved",
  "person.terminal-refused",
  "person.directory-linked",
  "person.directory-unlinked",
  "person.directory-gone",
  "people.imported",
  "people.exported",
  "unit.created",
  "unit.changed",
  "unit.retired",
  "vendor.created",
  "vendor.changed",
  "vendor.retired",
  "contract.created",
  "contract.changed",
  "contract.duties-accepted",
  "contract.ended",
  "register.refused",
  "proposal.proposed",
  "proposal.read",
  "proposal.confirmed",
  "proposal.rejected",
  "proposal.withdrawn",
  "proposal.lapsed",
  "review.opened",
  "review.confirmed",
  "review.lapsed",
  "installation.settled",
  "break-glass.sealed",
  "break-glass.shown",
  "break-glass.refused",
  "break-glass.opened",
  "vault.exported",
  "retention.changed",
  "recording.removed",
  "hold.placed",
  "hold.released",
  "scim.token-created",
  "scim.token-retired",
  "scim.refused",
  "power.granted",
  "power.withdrawn",
  "power.refused",
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
  "policy.changed",
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
  /** Where it is to be seen; the store looks the object's unit up when this is absent. */
  readonly unitId?: UnitId | null;
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
  /** The unit of the object when it happened, so that a list can be cut; null for what belongs to the whole installation. */
  readonly unitId: UnitId | null;
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
