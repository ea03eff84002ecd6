/**
 * Triggers of the first schema. They hold two rules that no code may get round: an auditor holds no role, and evidence
 * is only ever added. `failures.ts` knows the words they raise.
 */
import type { Dialect } from "../scope.js";

/** Tables whose rows never change and never go. */
const FROZEN = ["tree_node", "checkpoint"] as const;
const EVENT_COLUMNS = ["id", "at", "verb", "actor_id", "object_kind", "object_id", "leaf"] as const;

export function triggers(dialect: Dialect): string[] {
  return dialect === "sqlite" ? sqliteTriggers() : postgresTriggers();
}

function sqliteTriggers(): string[] {
  const refuse = (name: string, when: string, table: string, word: string, condition = ""): string =>
    `CREATE TRIGGER "${name}" BEFORE ${when} ON "${table}" ${condition} BEGIN SELECT RAISE(ABORT, 'gatehouse: ${word}'); END`;
  const auditor = `WHEN EXISTS (SELECT 1 FROM "power_holding" WHERE "id" = NEW."person_id" AND "power" = 'audit')`;
  const holder = `WHEN NEW."power" = 'audit' AND EXISTS (SELECT 1 FROM "role_holding" WHERE "person_id" = NEW."id")`;
  const changed = EVENT_COLUMNS.map((column) => `NEW."${column}" IS NOT OLD."${column}"`).join(" OR ");
  return [
    refuse("role_exclusive", "INSERT", "role_holding", "exclusive-powers", auditor),
    refuse("role_exclusive_update", "UPDATE", "role_holding", "exclusive-powers", auditor),
    refuse("power_exclusive", "INSERT", "power_holding", "exclusive-powers", holder),
    refuse("power_exclusive_update", "UPDATE", "power_holding", "exclusive-powers", holder),
    refuse(
      "audit_event_frozen",
      "UPDATE",
      "audit_event",
      "append-only",
      `WHEN OLD."seq" IS NOT NULL OR NEW."seq" IS NULL OR ${changed}`,
    ),
    refuse("audit_event_kept", "DELETE", "audit_event", "append-only"),
    ...FROZEN.flatMap((table) => [
      refuse(`${table}_frozen`, "UPDATE", table, "append-only"),
      refuse(`${table}_kept`, "DELETE", table, "append-only"),
    ]),
  ];
}

function postgresTriggers(): string[] {
  const check = (name: string, condition: string, word: string): string =>
    `CREATE FUNCTION "${name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
    `IF ${condition} THEN RAISE EXCEPTION 'gatehouse: ${word}'; END IF; RETURN NEW; END $$`;
  const on = (name: string, when: string, table: string, each: "ROW" | "STATEMENT", call: string): string =>
    `CREATE TRIGGER "${name}" BEFORE ${when} ON "${table}" FOR EACH ${each} EXECUTE FUNCTION "${call}"()`;
  const auditor = `EXISTS (SELECT 1 FROM "power_holding" WHERE "id" = NEW."person_id" AND "power" = 'audit')`;
  const holder = `NEW."power" = 'audit' AND EXISTS (SELECT 1 FROM "role_holding" WHERE "person_id" = NEW."id")`;
  const changed = EVENT_COLUMNS.map((column) => `NEW."${column}" IS DISTINCT FROM OLD."${column}"`).join(" OR ");
  return [
    check("role_exclusive", auditor, "exclusive-powers"),
    check("power_exclusive", holder, "exclusive-powers"),
    check("audit_event_frozen", `OLD."seq" IS NOT NULL OR NEW."seq" IS NULL OR ${changed}`, "append-only"),
    check("append_only", "TRUE", "append-only"),
    on("role_exclusive", "INSERT OR UPDATE", "role_holding", "ROW", "role_exclusive"),
    on("power_exclusive", "INSERT OR UPDATE", "power_holding", "ROW", "power_exclusive"),
    on("audit_event_frozen", "UPDATE", "audit_event", "ROW", "audit_event_frozen"),
    on("audit_event_kept", "DELETE OR TRUNCATE", "audit_event", "STATEMENT", "append_only"),
    ...FROZEN.map((table) => on(`${table}_frozen`, "UPDATE OR DELETE OR TRUNCATE", table, "STATEMENT", "append_only")),
  ];
}
