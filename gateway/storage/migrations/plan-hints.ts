/**
 * What SQLite is told of the audit log, which is empty when the schema is made and large when it matters: about how many events share a
 * value of each index (`sqlite_stat1`, in the form of ANALYZE, whose own count would take its place). Untold, it takes an event's object for
 * no rarer than its unit, and reads a unit's whole log for it. PostgreSQL counts for itself.
 */
import type { Dialect } from "../scope.js";

/** Of a log of a million events: how many have the same first column, then the same first two. */
const SHARED: Readonly<Record<string, string>> = {
  sqlite_autoindex_audit_event_1: "1",
  sqlite_autoindex_audit_event_2: "1",
  audit_event_at: "2",
  audit_event_unit: "50000 1",
  audit_event_unit_newest: "50000 1",
  audit_event_verb: "10000 1",
  audit_event_verb_newest: "10000 1",
  audit_event_actor: "1000 1",
  audit_event_actor_newest: "1000 1",
  audit_event_object: "20 1",
};

export function planHints(dialect: Dialect): string[] {
  if (dialect === "postgres") return [];
  // The first makes the table, the second has it read.
  return [
    `ANALYZE sqlite_schema`,
    `DELETE FROM "sqlite_stat1" WHERE "tbl" = 'audit_event'`,
    ...Object.entries(SHARED).map(
      ([index, shared]) => `INSERT INTO "sqlite_stat1" VALUES ('audit_event', '${index}', '1000000 ${shared}')`,
    ),
    `ANALYZE sqlite_schema`,
  ];
}
