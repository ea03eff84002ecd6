/**
 * Triggers of the third schema: what no code may get round about powers, roles and what two persons decided. They stand in
 * the place of the first schema's about powers, of which one fell with the old table of roles. `failures.ts` knows the
 * words they raise.
 *
 * On PostgreSQL the rules that look at other rows first take a turn, an update of one row that all of them share: a second
 * transaction waits until the first has ended and then sees its rows, or cannot be put in an order with it, at every
 * isolation level. On SQLite there is one writer.
 */
import type { Dialect } from "../scope.js";
import { evidenceRules, STANDING_ROWS } from "./evidence-rules.js";
import { powerRules } from "./power-rules.js";

/** Refuses rows. Conditions are in the words both databases understand. */
export interface Rule {
  readonly name: string;
  readonly table: string;
  readonly on: "INSERT" | "UPDATE" | "DELETE";
  /** For UPDATE: only when the statement sets one of these. */
  readonly columns?: readonly string[];
  /** Whether the row is of interest, by its own columns; true unless told. */
  readonly concerns?: string;
  readonly refusedIf: string;
  readonly word: string;
  /** Looks at rows that another transaction may be changing. */
  readonly takesTurn?: boolean;
}

/** What the first schema made and the third makes anew. */
export function dropped(dialect: Dialect): string[] {
  return dialect === "sqlite"
    ? [
        "role_exclusive",
        "role_exclusive_update",
        "power_exclusive",
        "power_exclusive_update",
        "audit_event_frozen",
      ].map((name) => `DROP TRIGGER "${name}"`)
    : [
        `DROP TRIGGER "role_exclusive" ON "role_holding"`,
        `DROP TRIGGER "power_exclusive" ON "power_holding"`,
        `DROP TRIGGER "audit_event_frozen" ON "audit_event"`,
        `DROP FUNCTION "role_exclusive"()`,
        `DROP FUNCTION "power_exclusive"()`,
        `DROP FUNCTION "audit_event_frozen"()`,
      ];
}

export function triggers(dialect: Dialect): string[] {
  const rules = [...powerRules(), ...evidenceRules()];
  if (dialect === "sqlite")
    return [...rules.map(sqliteTrigger), ...STANDING_ROWS.flatMap((rows) => [unreplaced(rows), undisplaced(rows)])];
  return [
    `CREATE TABLE "power_turn" ("id" TEXT PRIMARY KEY NOT NULL, "taken" BIGINT NOT NULL)`,
    `INSERT INTO "power_turn" VALUES ('turn', 0)`,
    ...rules.flatMap(postgresTrigger),
    ...truncations(rules),
  ];
}

function sqliteTrigger(rule: Rule): string {
  return (
    `CREATE TRIGGER "${rule.name}" BEFORE ${eventOf(rule)} ON "${rule.table}" ` +
    `WHEN (${rule.concerns ?? "TRUE"}) AND (${rule.refusedIf}) ` +
    `BEGIN SELECT RAISE(ABORT, 'gatehouse: ${rule.word}'); END`
  );
}

/**
 * SQLite's `INSERT OR REPLACE` takes a row that stands away without firing any trigger of its deletion. Such an insert does
 * nothing here; one that asks ON CONFLICT DO NOTHING meant that anyway.
 */
function unreplaced([table, keys]: (typeof STANDING_ROWS)[number]): string {
  const same = [["id"], ...keys]
    .map((columns) => columns.map((column) => `o."${column}" = NEW."${column}"`).join(" AND "))
    .map((term) => `EXISTS (SELECT 1 FROM "${table}" o WHERE ${term})`);
  return (
    `CREATE TRIGGER "${table}_not_replaced" BEFORE INSERT ON "${table}" WHEN ${same.join(" OR ")} ` +
    `BEGIN SELECT RAISE(IGNORE); END`
  );
}

/** `UPDATE OR REPLACE` does the same to the row whose id or unique value it takes; here it takes none that is another's. */
function undisplaced([table, keys]: (typeof STANDING_ROWS)[number]): string {
  const all = [["id"], ...keys];
  const same = all.map((columns) => columns.map((column) => `o."${column}" = NEW."${column}"`).join(" AND "));
  const columns = [...new Set(all.flat())].map((column) => `"${column}"`).join(", ");
  return (
    `CREATE TRIGGER "${table}_not_displaced" BEFORE UPDATE OF ${columns} ON "${table}" WHEN ` +
    same.map((term) => `EXISTS (SELECT 1 FROM "${table}" o WHERE ${term} AND o."id" <> OLD."id")`).join(" OR ") +
    ` BEGIN SELECT RAISE(ABORT, 'gatehouse: taken'); END`
  );
}

function postgresTrigger(rule: Rule): string[] {
  const turn = rule.takesTurn === true ? `UPDATE "power_turn" SET "taken" = "taken" + 1; ` : "";
  return [
    `CREATE FUNCTION "${rule.name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
      `IF ${rule.concerns ?? "TRUE"} THEN ${turn}` +
      `IF ${rule.refusedIf} THEN RAISE EXCEPTION 'gatehouse: ${rule.word}'; END IF; END IF; ` +
      `RETURN ${rule.on === "DELETE" ? "OLD" : "NEW"}; END $$`,
    `CREATE TRIGGER "${rule.name}" BEFORE ${eventOf(rule)} ON "${rule.table}" ` +
      `FOR EACH ROW EXECUTE FUNCTION "${rule.name}"()`,
  ];
}

function eventOf(rule: Rule): string {
  if (rule.columns === undefined) return rule.on;
  return `${rule.on} OF ${rule.columns.map((column) => `"${column}"`).join(", ")}`;
}

/** Emptying a table at once fires no trigger of a row; where rows are kept, it is refused whole. */
function truncations(rules: readonly Rule[]): string[] {
  const tables = new Set(rules.filter((rule) => rule.on === "DELETE").map((rule) => rule.table));
  return [...tables].map(
    (table) =>
      `CREATE TRIGGER "${table}_not_emptied" BEFORE TRUNCATE ON "${table}" ` +
      `FOR EACH STATEMENT EXECUTE FUNCTION "append_only"()`,
  );
}
