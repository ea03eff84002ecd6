/**
 * Triggers of the third schema. They stand in the place of the first one's about powers and roles, of which one fell with
 * the old table of roles. `failures.ts` knows the words they raise.
 */
import type { Dialect } from "../scope.js";

/** What the first schema made and the third makes anew. */
export function dropped(dialect: Dialect): string[] {
  return dialect === "sqlite"
    ? ["role_exclusive", "role_exclusive_update", "power_exclusive", "power_exclusive_update"].map(
        (name) => `DROP TRIGGER "${name}"`,
      )
    : [
        `DROP TRIGGER "role_exclusive" ON "role_holding"`,
        `DROP TRIGGER "power_exclusive" ON "power_holding"`,
        `DROP FUNCTION "role_exclusive"()`,
        `DROP FUNCTION "power_exclusive"()`,
      ];
}

export function triggers(dialect: Dialect): string[] {
  const auditor = `EXISTS (SELECT 1 FROM "power_holding" WHERE "id" = NEW."person_id" AND "power" = 'audit')`;
  const holder = `NEW."power" = 'audit' AND EXISTS (SELECT 1 FROM "role_holding" WHERE "person_id" = NEW."id")`;
  return [
    ...check(dialect, "role_exclusive", "role_holding", auditor, "exclusive-powers"),
    ...check(dialect, "power_exclusive", "power_holding", holder, "exclusive-powers"),
  ];
}

function check(dialect: Dialect, name: string, table: string, condition: string, word: string): string[] {
  if (dialect === "sqlite") {
    return ["INSERT", "UPDATE"].map(
      (when) =>
        `CREATE TRIGGER "${name}_${when.toLowerCase()}" BEFORE ${when} ON "${table}" WHEN ${condition} ` +
        `BEGIN SELECT RAISE(ABORT, 'gatehouse: ${word}'); END`,
    );
  }
  return [
    `CREATE FUNCTION "${name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
      `IF ${condition} THEN RAISE EXCEPTION 'gatehouse: ${word}'; END IF; RETURN NEW; END $$`,
    `CREATE TRIGGER "${name}" BEFORE INSERT OR UPDATE ON "${table}" FOR EACH ROW EXECUTE FUNCTION "${name}"()`,
  ];
}
