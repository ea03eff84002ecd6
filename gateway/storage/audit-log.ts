/**
 * Audit events, written in the transaction of the change they tell. The leaf is RFC 8785 text stored verbatim; it is what
 * is hashed and proved, and the columns beside it (the unit among them) only find it again. Its number is given after commit, see `checkpoint-log.ts`.
 */
import canonicalize from "canonicalize";
import type { AuditEntry, AuditEvent, AuditLog, AuditRow, Clock, Ids, NodeId, UnitId } from "../domain/index.js";
import { asId } from "../domain/index.js";
import { auditEvents } from "./entities/index.js";
import { assertWritable } from "./scope.js";
import type { Scope } from "./scope.js";
import { createStore } from "./store.js";
import { unitOf } from "./unit-of.js";

/** The package is one function; its types, read as an ES module, say otherwise. */
const untyped: unknown = canonicalize;
const canonical = untyped as (value: unknown) => string | undefined;

/** Longest text in a leaf, in UTF-16 units; a longer one is cut and ends in an ellipsis. A stranger's name may be 10 MB. */
const MOST_TEXT = 16_384;

export interface AuditStamp {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly nodeId: NodeId;
}

export function createAuditLog(scope: Scope, stamp: AuditStamp): AuditLog {
  const rows = createStore<AuditRow>(scope, auditEvents);
  const appendAll = async (entries: readonly AuditEntry[]): Promise<void> => {
    assertWritable(scope);
    const all: AuditRow[] = [];
    for (const entry of entries) {
      const unitId = entry.unitId === undefined ? await unitOf(scope, entry.object) : entry.unitId;
      all.push(toRow(toEvent(entry, stamp), unitId));
    }
    await rows.insertAll(all);
  };
  return {
    append: (entry) => appendAll([entry]),
    appendAll,
    find: (where, options) => rows.find(where, options),
  };
}

function toEvent(entry: AuditEntry, stamp: AuditStamp): AuditEvent {
  return {
    v: 1,
    id: asId(stamp.ids.next()),
    at: stamp.clock.now(),
    node: stamp.nodeId,
    verb: entry.verb,
    actor: { id: entry.actorId, name: entry.actorName ?? null },
    object: { kind: entry.object.kind, id: entry.object.id },
    source: entry.sourceAddress,
    decidedBy: entry.decidedBy ?? null,
    detail: entry.detail ?? {},
  };
}

function toRow(event: AuditEvent, unitId: UnitId | null): AuditRow {
  const clean = tidy(event) as AuditEvent;
  return {
    id: clean.id,
    seq: null,
    at: clean.at,
    verb: clean.verb,
    actorId: clean.actor.id,
    objectKind: indexed(clean.object.kind),
    objectId: indexed(clean.object.id),
    unitId,
    leaf: canonical(clean) ?? "",
  };
}

/** Lone surrogates (RFC 8785 refuses them) become U+FFFD, and each text is bounded: no outsider's text may stop an event. */
function tidy(value: unknown): unknown {
  if (typeof value === "string") {
    const bounded = value.length > MOST_TEXT ? `${value.slice(0, MOST_TEXT - 1)}…` : value;
    return Buffer.from(bounded, "utf8").toString("utf8");
  }
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [tidy(key), tidy(inner)]));
}

/** A column cannot hold NUL; the leaf keeps it, escaped. */
function indexed(text: string): string {
  return text.replaceAll("\u0000", "\uFFFD");
}
