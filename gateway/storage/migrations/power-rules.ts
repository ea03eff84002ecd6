/**
 * Who may hold what, as the schema itself keeps it: one power a person (its key), an auditor without roles, a confirmer
 * with nothing else, a vendor's person an operator at most; once two persons can decide, two persons name whoever decides;
 * and the last who can use a power keeps it.
 */
import type { Rule } from "./people-triggers.js";

/** Set once, when the installation has two persons for its critical acts; from then on one alone gives nothing of weight. */
const SETTLED = "second-person";

/** Active, with both factors: who can in fact act. */
function able(person: string): string {
  return (
    `(${person}."state" = 'active' AND ${person}."totp_enrolled_at" IS NOT NULL ` +
    `AND (${person}."password_hash" IS NOT NULL OR ${person}."password_at" <> 'here'))`
  );
}

/** Whether this person may confirm what another security administrator gives. */
function mayConfirm(id: string): string {
  return (
    `EXISTS (SELECT 1 FROM "person" p WHERE p."id" = ${id} AND ${able("p")} AND (` +
    `EXISTS (SELECT 1 FROM "power_holding" h WHERE h."id" = p."id" AND h."power" = 'security') ` +
    `OR EXISTS (SELECT 1 FROM "role_holding" r WHERE r."person_id" = p."id" AND r."role" = 'confirmer')))`
  );
}

const isSettled = `EXISTS (SELECT 1 FROM "setting" WHERE "id" = '${SETTLED}')`;
const isTop = (unit: string): string =>
  `EXISTS (SELECT 1 FROM "unit" u WHERE u."id" = ${unit} AND u."parent_id" IS NULL)`;
const heldByVendor = (id: string): string =>
  `EXISTS (SELECT 1 FROM "person" p WHERE p."id" = ${id} AND p."vendor_id" IS NOT NULL)`;

/** That nobody else who can act holds OLD's power as widely: for the top unit, if OLD does. */
function isLast(power: string, unit: string, person: string): string {
  return (
    `NOT EXISTS (SELECT 1 FROM "power_holding" o JOIN "person" p ON p."id" = o."id" ` +
    `WHERE o."power" = ${power} AND o."id" <> ${person} AND ${able("p")} ` +
    `AND (${isTop(`o."unit_id"`)} OR NOT ${isTop(unit)}))`
  );
}

export function powerRules(): Rule[] {
  return [...exclusiveRules(), ...vendorRules(), ...secondPersonRules(), ...lastRules()];
}

function exclusiveRules(): Rule[] {
  const rules: Rule[] = [];
  for (const on of ["INSERT", "UPDATE"] as const) {
    const other = on === "UPDATE" ? ` AND r."id" <> OLD."id"` : "";
    const otherRoles = `SELECT 1 FROM "role_holding" r WHERE r."person_id" = NEW."person_id"${other}`;
    rules.push(
      {
        name: `role_exclusive_${on.toLowerCase()}`,
        table: "role_holding",
        on,
        refusedIf:
          `EXISTS (SELECT 1 FROM "power_holding" h WHERE h."id" = NEW."person_id" ` +
          `AND (h."power" = 'audit' OR NEW."role" = 'confirmer')) ` +
          `OR (NEW."role" = 'confirmer' AND EXISTS (${otherRoles} AND r."role" <> 'confirmer')) ` +
          `OR (NEW."role" <> 'confirmer' AND EXISTS (${otherRoles} AND r."role" = 'confirmer'))`,
        word: "exclusive-powers",
        takesTurn: true,
      },
      {
        name: `power_exclusive_${on.toLowerCase()}`,
        table: "power_holding",
        on,
        refusedIf:
          `EXISTS (SELECT 1 FROM "role_holding" r WHERE r."person_id" = NEW."id" ` +
          `AND (NEW."power" = 'audit' OR r."role" = 'confirmer'))`,
        word: "exclusive-powers",
        takesTurn: true,
      },
    );
  }
  return rules;
}

/** Foreign keys wait for the end of a transaction, so a person may be written after what he holds: each row is looked at. */
function vendorRules(): Rule[] {
  const rules: Rule[] = [];
  const shared = { word: "vendor-person", takesTurn: true } as const;
  for (const on of ["INSERT", "UPDATE"] as const) {
    const when = on.toLowerCase();
    rules.push(
      { ...shared, name: `power_vendor_${when}`, table: "power_holding", on, refusedIf: heldByVendor(`NEW."id"`) },
      {
        ...shared,
        name: `role_vendor_${when}`,
        table: "role_holding",
        on,
        concerns: `NEW."role" <> 'operator'`,
        refusedIf: heldByVendor(`NEW."person_id"`),
      },
      {
        ...shared,
        name: `person_vendor_${when}`,
        table: "person",
        on,
        ...(on === "UPDATE" ? { columns: ["id", "vendor_id"] } : {}),
        concerns: `NEW."vendor_id" IS NOT NULL`,
        refusedIf:
          `EXISTS (SELECT 1 FROM "power_holding" h WHERE h."id" = NEW."id") ` +
          `OR EXISTS (SELECT 1 FROM "role_holding" r WHERE r."person_id" = NEW."id" AND r."role" <> 'operator')`,
      },
    );
  }
  return rules;
}

/**
 * Broken glass is the one exception to an able confirmer: the envelope names the two who sealed it, and its use, in the
 * same transaction and at the same moment, is their word. An envelope itself is only made with an able confirmer.
 */
function secondPersonRules(): Rule[] {
  const rules: Rule[] = [];
  const word = "needs-second-person";
  const glass =
    `EXISTS (SELECT 1 FROM "break_glass_seal" s WHERE s."power" = NEW."power" AND s."sealed_by" = NEW."granted_by" ` +
    `AND s."confirmed_by" = NEW."confirmed_by" AND s."used_at" = NEW."created_at")`;
  const named = (person: string): string =>
    `NEW."granted_by" IS NOT NULL AND NEW."confirmed_by" IS NOT NULL AND NEW."confirmed_by" <> NEW."granted_by" ` +
    `AND NEW."confirmed_by" <> ${person} AND NEW."granted_by" <> ${person}`;
  const confirmed = mayConfirm(`NEW."confirmed_by"`);
  for (const on of ["INSERT", "UPDATE"] as const) {
    const when = on.toLowerCase();
    rules.push(
      {
        name: `power_second_${when}`,
        table: "power_holding",
        on,
        refusedIf: `${isSettled} AND NOT COALESCE(${named(`NEW."id"`)} AND (${confirmed} OR ${glass}), FALSE)`,
        word,
        takesTurn: true,
      },
      {
        name: `role_second_${when}`,
        table: "role_holding",
        on,
        concerns: `NEW."role" <> 'operator'`,
        refusedIf: `${isSettled} AND NOT COALESCE(${named(`NEW."person_id"`)} AND ${confirmed}, FALSE)`,
        word,
        takesTurn: true,
      },
    );
  }
  const settledRow = `OLD."id" = '${SETTLED}'`;
  return [
    ...rules,
    // What two gave is that and nothing wider: their names do not pass on to another right, person or unit.
    {
      name: "power_same_update",
      table: "power_holding",
      on: "UPDATE",
      refusedIf: moved(["id", "power", "unit_id"]),
      word,
    },
    {
      name: "role_same_update",
      table: "role_holding",
      on: "UPDATE",
      concerns: `NEW."role" <> 'operator'`,
      refusedIf: moved(["id", "person_id", "role", "unit_id"]),
      word,
    },
    {
      name: "seal_second_insert",
      table: "break_glass_seal",
      on: "INSERT",
      refusedIf: `${isSettled} AND NOT ${confirmed}`,
      word,
      takesTurn: true,
    },
    { name: "settled_kept_update", table: "setting", on: "UPDATE", refusedIf: settledRow, word },
    { name: "settled_kept_delete", table: "setting", on: "DELETE", refusedIf: settledRow, word },
  ];
}

/** That critical acts are two persons' and one of these is another now. */
function moved(columns: readonly string[]): string {
  return `${isSettled} AND (${columns.map((column) => `NEW."${column}" <> OLD."${column}"`).join(" OR ")})`;
}

function lastRules(): Rule[] {
  const holderIsAble = `EXISTS (SELECT 1 FROM "person" p WHERE p."id" = OLD."id" AND ${able("p")})`;
  const last = `${holderIsAble} AND ${isLast(`OLD."power"`, `OLD."unit_id"`, `OLD."id"`)}`;
  const shared = { word: "last-of-power", takesTurn: true } as const;
  return [
    { ...shared, name: "power_last_delete", table: "power_holding", on: "DELETE", refusedIf: last },
    {
      ...shared,
      name: "power_last_update",
      table: "power_holding",
      on: "UPDATE",
      concerns: `NEW."id" <> OLD."id" OR NEW."power" <> OLD."power" OR NEW."unit_id" <> OLD."unit_id"`,
      refusedIf: `${last} AND NOT (NEW."id" = OLD."id" AND NEW."power" = OLD."power" AND ${isTop(`NEW."unit_id"`)})`,
    },
    {
      ...shared,
      name: "person_last_update",
      table: "person",
      on: "UPDATE",
      columns: ["id", "state", "password_hash", "password_at", "totp_enrolled_at"],
      concerns: `${able("OLD")} AND NOT (${able("NEW")} AND NEW."id" = OLD."id")`,
      refusedIf:
        `EXISTS (SELECT 1 FROM "power_holding" h WHERE h."id" = OLD."id" ` +
        `AND ${isLast(`h."power"`, `h."unit_id"`, `OLD."id"`)})`,
    },
  ];
}
