/**
 * What is evidence of who decided what: such rows never go, what they say never changes, and what they ended as stays. An
 * audit event's unit belongs to it like its other columns.
 */
import type { Rule } from "./people-triggers.js";

const WORD = "append-only";

/** Tables whose rows never go. Who holds what hangs on people and units: with them it would go past the rules about it. */
const KEPT = [
  "unit",
  "person",
  "vendor",
  "contract",
  "signature",
  "review_item",
  "proposal",
  "break_glass_seal",
  "legal_hold",
  "scim_token",
] as const;

/** Tables whose rows no later one may take the place of, each with its unique columns beside the id. */
export const STANDING_ROWS: readonly (readonly [table: string, keys: readonly (readonly string[])[]])[] = [
  ["setting", []],
  ["unit", [["parent_id", "name_key"]]],
  ["person", [["login"], ["enrolment_hash"], ["identity_key"]]],
  ["power_holding", []],
  ["role_holding", [["person_id", "role", "unit_id"]]],
  ["audit_event", [["seq"]]],
  ["tree_node", []],
  ["checkpoint", [["size"]]],
  ["vendor", [["name_key"], ["registration_number"]]],
  ["contract", [["number_key"]]],
  ["signature", [["person_id", "kind", "digest"]]],
  ["review_item", []],
  ["proposal", []],
  ["break_glass_seal", [["hash"]]],
  ["legal_hold", []],
  ["scim_token", [["hash"]]],
];

export function evidenceRules(): Rule[] {
  return [
    ...KEPT.map((table): Rule => ({ name: `${table}_kept`, table, on: "DELETE", refusedIf: "TRUE", word: WORD })),
    // A power reaches as far as its unit's subtree: a unit that moves would widen it past two persons.
    frozen("unit", changed(["id", "parent_id"])),
    frozen("signature", "TRUE"),
    frozen(
      "proposal",
      `OLD."state" <> 'pending' OR ${changed([
        "id",
        "unit_id",
        "kind",
        "subject",
        "content",
        "digest",
        "reason",
        "proposed_by",
        "proposed_at",
        "lapses_at",
      ])}`,
    ),
    frozen(
      "break_glass_seal",
      `${changed(["id", "power", "hash", "sealed_at", "sealed_by", "confirmed_by"])} ` +
        `OR OLD."used_at" IS NOT NULL OR OLD."void_at" IS NOT NULL ` +
        `OR (OLD."shown_at" IS NOT NULL AND ${changed(["shown_at"])})`,
    ),
    frozen("contract", `OLD."state" = 'ended' AND (${changed(["id", "state", "ended_at", "ended_by", "end_reason"])})`),
    frozen(
      "review_item",
      `OLD."state" <> 'open' OR ${changed(["id", "unit_id", "person_id", "entitlement_id", "opened_at", "due_at"])}`,
    ),
    frozen(
      "scim_token",
      `${changed(["id", "name", "unit_id", "hash", "created_by", "confirmed_by", "created_at"])} ` +
        `OR (OLD."retired_at" IS NOT NULL AND ${changed(["retired_at"])})`,
    ),
    frozen(
      "legal_hold",
      `OLD."released_at" IS NOT NULL OR ${changed(["id", "unit_id", "session_id", "reason", "placed_by", "placed_at"])}`,
    ),
    frozen(
      "audit_event",
      `OLD."seq" IS NOT NULL OR NEW."seq" IS NULL OR ` +
        changed(["id", "at", "verb", "actor_id", "object_kind", "object_id", "unit_id", "leaf"]),
    ),
  ];
}

function frozen(table: string, refusedIf: string): Rule {
  return { name: `${table}_frozen`, table, on: "UPDATE", refusedIf, word: WORD };
}

function changed(columns: readonly string[]): string {
  return columns.map((column) => `NEW."${column}" IS DISTINCT FROM OLD."${column}"`).join(" OR ");
}
