/**
 * Which unit an audit event belongs to: that of its object as it stands in the transaction. What has no row, or belongs to
 * the installation as a whole, belongs to none, and is seen from the top alone.
 */
import { asId } from "../domain/index.js";
import type { AuditEntry, UnitId } from "../domain/index.js";
import { statement } from "./scope.js";
import type { Scope } from "./scope.js";

const own = (table: string): string => `SELECT "unit_id" AS "unit" FROM "${table}" WHERE "id" = ?`;
const ofSession = (table: string): string =>
  `SELECT s."unit_id" AS "unit" FROM "${table}" o JOIN "access_session" s ON s."id" = o."session_id" WHERE o."id" = ?`;

/** By the kind that events name. A vendor's person belongs where his contract does. */
const UNIT_OF: ReadonlyMap<string, string> = new Map([
  ["unit", `SELECT "id" AS "unit" FROM "unit" WHERE "id" = ?`],
  [
    "person",
    `SELECT COALESCE(c."unit_id", p."unit_id") AS "unit" FROM "person" p ` +
      `LEFT JOIN "contract" c ON c."id" = p."contract_id" WHERE p."id" = ?`,
  ],
  ["vendor", own("vendor")],
  ["contract", own("contract")],
  ["review", own("review_item")],
  ["proposal", own("proposal")],
  ["hold", own("legal_hold")],
  ["scim-token", own("scim_token")],
  ["asset", own("asset")],
  ["account", own("account")],
  ["entitlement", own("entitlement")],
  ["request", own("access_request")],
  ["grant", own("access_grant")],
  ["session", own("access_session")],
  ["connection", ofSession("connection")],
  ["channel", ofSession("channel")],
  ["transfer", ofSession("transfer")],
  ["recording", own("recording")],
  ["alert", own("alert")],
]);

export async function unitOf(scope: Scope, object: AuditEntry["object"]): Promise<UnitId | null> {
  const sql = UNIT_OF.get(object.kind);
  // What an outsider typed as a name is no id of ours, and a column cannot hold NUL.
  if (sql === undefined || object.id.length > 64 || object.id.includes("\u0000")) return null;
  const { rows } = await statement<{ unit: string }>(scope, sql, [object.id]);
  return rows[0] === undefined ? null : asId<UnitId>(rows[0].unit);
}
