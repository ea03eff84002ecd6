/**
 * Tables and columns of the third schema. A column that rows of before lack gets a default, so that they read as what they
 * always were: units stand, assets hold general data, passwords are checked here.
 */
import type { Dialect } from "../scope.js";

const REF = "DEFERRABLE INITIALLY DEFERRED";
const PERSON = `TEXT NOT NULL REFERENCES "person" ("id") ${REF}`;

export const COLUMNS: readonly string[] = [
  `ALTER TABLE "unit" ADD COLUMN "name_key" TEXT NOT NULL DEFAULT ''`,
  `ALTER TABLE "unit" ADD COLUMN "state" TEXT NOT NULL DEFAULT 'active' CHECK ("state" IN ('active', 'retired'))`,

  `ALTER TABLE "person" ADD COLUMN "sponsor_id" TEXT`,
  `ALTER TABLE "person" ADD COLUMN "identity_key" TEXT`,
  `ALTER TABLE "person" ADD COLUMN "identity_sealed" TEXT`,
  `ALTER TABLE "person" ADD COLUMN "identity_tail" TEXT`,
  `ALTER TABLE "person" ADD COLUMN "email" TEXT`,
  `ALTER TABLE "person" ADD COLUMN "password_at" TEXT NOT NULL DEFAULT 'here' CHECK ("password_at" IN ('here', 'ldap', 'oidc'))`,
  `ALTER TABLE "person" ADD COLUMN "approves_from" BIGINT`,
  `ALTER TABLE "person" ADD COLUMN "reviewed_at" BIGINT NOT NULL DEFAULT 0`,
  `ALTER TABLE "person" ADD COLUMN "last_sign_in_at" BIGINT`,

  `ALTER TABLE "power_holding" ADD COLUMN "unit_id" TEXT NOT NULL DEFAULT ''`,
  `ALTER TABLE "power_holding" ADD COLUMN "confirmed_by" TEXT`,

  `ALTER TABLE "web_session" ADD COLUMN "stepped_up_at" BIGINT NOT NULL DEFAULT 0`,
  `ALTER TABLE "web_session" ADD COLUMN "via" TEXT NOT NULL DEFAULT 'password' CHECK ("via" IN ('password', 'passkey', 'oidc'))`,
  `ALTER TABLE "web_session" ADD COLUMN "passkey_id" TEXT`,
  `ALTER TABLE "access_session" ADD COLUMN "passkey_id" TEXT`,

  `ALTER TABLE "asset" ADD COLUMN "business_system" TEXT NOT NULL DEFAULT ''`,
  `ALTER TABLE "asset" ADD COLUMN "protection_level" BIGINT CHECK ("protection_level" BETWEEN 1 AND 5)`,
  `ALTER TABLE "asset" ADD COLUMN "data_class" TEXT NOT NULL DEFAULT 'general' CHECK ("data_class" IN ('general', 'important', 'core'))`,
  `ALTER TABLE "asset" ADD COLUMN "owner_id" TEXT`,
  `ALTER TABLE "asset" ADD COLUMN "sensitive" BOOLEAN NOT NULL DEFAULT FALSE`,

  `ALTER TABLE "audit_event" ADD COLUMN "unit_id" TEXT`,
];

/** What rows of before are told of themselves. */
export const FILLED: readonly string[] = [
  `UPDATE "unit" SET "name_key" = LOWER("name")`,
  `UPDATE "person" SET "reviewed_at" = "created_at"`,
  `UPDATE "power_holding" SET "unit_id" = (SELECT "unit_id" FROM "person" WHERE "person"."id" = "power_holding"."id")`,
  `UPDATE "web_session" SET "stepped_up_at" = "created_at"`,
];

/** The first table of roles knows no confirmer. SQLite changes no CHECK of a table that is there, so it is made anew. */
const SQLITE_ROLES: readonly string[] = [
  `CREATE TABLE "role_holding_next" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" ${PERSON},
    "role" TEXT NOT NULL CHECK ("role" IN ('operator', 'approver', 'confirmer')), "unit_id" TEXT NOT NULL,
    "granted_by" TEXT, "confirmed_by" TEXT, "created_at" BIGINT NOT NULL)`,
  `INSERT INTO "role_holding_next" ("id", "person_id", "role", "unit_id", "granted_by", "created_at")
    SELECT "id", "person_id", "role", "unit_id", "granted_by", "created_at" FROM "role_holding"`,
  `DROP TABLE "role_holding"`,
  `ALTER TABLE "role_holding_next" RENAME TO "role_holding"`,
  `CREATE INDEX "role_holding_person" ON "role_holding" ("person_id")`,
];

const POSTGRES_ROLES: readonly string[] = [
  `ALTER TABLE "role_holding" ADD COLUMN "confirmed_by" TEXT`,
  `ALTER TABLE "role_holding" DROP CONSTRAINT "role_holding_role_check"`,
  `ALTER TABLE "role_holding" ADD CONSTRAINT "role_holding_role_check" CHECK ("role" IN ('operator', 'approver', 'confirmer'))`,
];

export const ROLES: Readonly<Record<Dialect, readonly string[]>> = { sqlite: SQLITE_ROLES, postgres: POSTGRES_ROLES };

export const TABLES: readonly string[] = [
  `CREATE TABLE "vendor" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "name" TEXT NOT NULL, "name_key" TEXT NOT NULL UNIQUE,
    "registration_number" TEXT UNIQUE, "parent_id" TEXT REFERENCES "vendor" ("id") ${REF},
    "state" TEXT NOT NULL CHECK ("state" IN ('active', 'retired')), "created_at" BIGINT NOT NULL, "created_by" TEXT)`,

  `CREATE TABLE "contract" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL,
    "vendor_id" TEXT NOT NULL REFERENCES "vendor" ("id") ${REF},
    "number" TEXT NOT NULL, "number_key" TEXT NOT NULL UNIQUE, "title" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "from_date" TEXT NOT NULL, "to_date" TEXT NOT NULL, "zone" TEXT NOT NULL,
    "from_at" BIGINT NOT NULL, "to_at" BIGINT NOT NULL, "owner_id" TEXT NOT NULL,
    "duties_name" TEXT, "duties_sha256" TEXT, "duties_bytes" BIGINT, "duties_accepted_at" BIGINT,
    "state" TEXT NOT NULL CHECK ("state" IN ('active', 'ended')), "ended_at" BIGINT, "ended_by" TEXT, "end_reason" TEXT,
    "created_at" BIGINT NOT NULL, "created_by" TEXT, CHECK ("to_at" > "from_at"))`,

  `CREATE TABLE "signature" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" ${PERSON},
    "kind" TEXT NOT NULL CHECK ("kind" IN ('confidentiality', 'recording')), "digest" TEXT NOT NULL,
    "locale" TEXT NOT NULL, "signed_at" BIGINT NOT NULL, "source_address" TEXT NOT NULL,
    UNIQUE ("person_id", "kind", "digest"))`,

  `CREATE TABLE "review_item" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "sponsor_id" TEXT NOT NULL, "person_id" ${PERSON},
    "entitlement_id" TEXT, "opened_at" BIGINT NOT NULL, "due_at" BIGINT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('open', 'confirmed', 'lapsed', 'void')),
    "decided_by" TEXT, "decided_at" BIGINT, CHECK ("decided_by" IS NULL OR "decided_by" <> "person_id"))`,

  `CREATE TABLE "proposal" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "kind" TEXT NOT NULL, "subject" TEXT NOT NULL,
    "content" TEXT NOT NULL, "digest" TEXT NOT NULL, "reason" TEXT NOT NULL, "proposed_by" TEXT NOT NULL,
    "proposed_at" BIGINT NOT NULL, "lapses_at" BIGINT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('pending', 'confirmed', 'rejected', 'withdrawn', 'lapsed')),
    "decided_by" TEXT, "decided_at" BIGINT,
    CHECK ("state" NOT IN ('confirmed', 'rejected') OR "decided_by" IS NOT NULL),
    CHECK ("decided_by" IS NULL OR "decided_by" <> "proposed_by" OR "state" = 'withdrawn'))`,

  `CREATE TABLE "break_glass_seal" (
    "id" TEXT PRIMARY KEY NOT NULL, "power" TEXT NOT NULL CHECK ("power" IN ('system', 'security', 'audit')),
    "hash" TEXT NOT NULL UNIQUE, "sealed_at" BIGINT NOT NULL, "sealed_by" TEXT NOT NULL, "confirmed_by" TEXT NOT NULL,
    "shown_at" BIGINT, "used_at" BIGINT, "void_at" BIGINT, CHECK ("sealed_by" <> "confirmed_by"))`,

  `CREATE TABLE "legal_hold" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "session_id" TEXT NOT NULL, "reason" TEXT NOT NULL,
    "placed_by" TEXT NOT NULL, "placed_at" BIGINT NOT NULL, "released_by" TEXT, "release_confirmed_by" TEXT,
    "released_at" BIGINT,
    CHECK ("released_at" IS NULL OR ("released_by" IS NOT NULL AND "release_confirmed_by" IS NOT NULL
      AND "released_by" <> "release_confirmed_by")))`,

  `CREATE TABLE "passkey" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" ${PERSON}, "name" TEXT NOT NULL, "public_key" TEXT NOT NULL,
    "counter" BIGINT NOT NULL, "transports" TEXT NOT NULL, "backed_up" BOOLEAN NOT NULL,
    "created_at" BIGINT NOT NULL, "last_used_at" BIGINT, "retired_at" BIGINT)`,

  `CREATE TABLE "challenge" (
    "id" TEXT PRIMARY KEY NOT NULL, "purpose" TEXT NOT NULL, "person_id" TEXT, "web_session_id" TEXT,
    "value" TEXT NOT NULL, "created_at" BIGINT NOT NULL, "expires_at" BIGINT NOT NULL, "used_at" BIGINT)`,

  `CREATE TABLE "terminal_approval" (
    "id" TEXT PRIMARY KEY NOT NULL, "code_hash" TEXT NOT NULL UNIQUE, "number" TEXT NOT NULL, "login" TEXT NOT NULL,
    "person_id" TEXT, "source_address" TEXT NOT NULL,
    "purpose" TEXT NOT NULL CHECK ("purpose" IN ('ssh', 'device-key')), "subject" TEXT NOT NULL,
    "public_key" TEXT, "poll_hash" TEXT UNIQUE, "tries" BIGINT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('pending', 'approved', 'refused', 'used')),
    "created_at" BIGINT NOT NULL, "expires_at" BIGINT NOT NULL, "decided_by" TEXT, "decided_at" BIGINT,
    "passkey_id" TEXT, CHECK ("state" <> 'used' OR "passkey_id" IS NOT NULL))`,

  `CREATE TABLE "device_key" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" ${PERSON}, "name" TEXT NOT NULL, "public_key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL UNIQUE, "source_address" TEXT NOT NULL, "credential_epoch" BIGINT NOT NULL,
    "passkey_id" TEXT NOT NULL REFERENCES "passkey" ("id") ${REF},
    "created_at" BIGINT NOT NULL, "expires_at" BIGINT NOT NULL, "last_used_at" BIGINT, "retired_at" BIGINT)`,

  `CREATE TABLE "password_history" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" ${PERSON}, "hash" TEXT NOT NULL, "at" BIGINT NOT NULL)`,

  `CREATE TABLE "external_identity" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" ${PERSON},
    "kind" TEXT NOT NULL CHECK ("kind" IN ('oidc', 'ldap', 'scim')), "source" TEXT NOT NULL, "subject" TEXT NOT NULL,
    "email" TEXT, "sealed" TEXT, "checked_at" BIGINT NOT NULL, "failing_since" BIGINT,
    "created_at" BIGINT NOT NULL, "retired_at" BIGINT)`,

  `CREATE TABLE "scim_token" (
    "id" TEXT PRIMARY KEY NOT NULL, "name" TEXT NOT NULL, "unit_id" TEXT NOT NULL, "hash" TEXT NOT NULL UNIQUE,
    "created_by" TEXT NOT NULL, "confirmed_by" TEXT NOT NULL, "created_at" BIGINT NOT NULL, "last_used_at" BIGINT,
    "retired_at" BIGINT, CHECK ("created_by" <> "confirmed_by"))`,

  `CREATE TABLE "scim_group" (
    "id" TEXT PRIMARY KEY NOT NULL, "token_id" TEXT NOT NULL REFERENCES "scim_token" ("id") ${REF},
    "external_id" TEXT, "display_name" TEXT NOT NULL, "member_ids" TEXT NOT NULL, "created_at" BIGINT NOT NULL)`,
];

export const INDEXES: readonly string[] = [
  `CREATE UNIQUE INDEX "unit_name" ON "unit" ("parent_id", "name_key") WHERE "state" = 'active'`,
  `CREATE UNIQUE INDEX "person_identity" ON "person" ("identity_key")`,
  `CREATE UNIQUE INDEX "external_identity_subject" ON "external_identity" ("kind", "source", "subject") WHERE "retired_at" IS NULL`,
  `CREATE UNIQUE INDEX "proposal_pending" ON "proposal" ("kind", "subject") WHERE "state" = 'pending'`,
  `CREATE INDEX "person_unit" ON "person" ("unit_id", "state")`,
  `CREATE INDEX "person_vendor" ON "person" ("vendor_id")`,
  `CREATE INDEX "person_contract" ON "person" ("contract_id")`,
  `CREATE INDEX "person_sponsor" ON "person" ("sponsor_id")`,
  `CREATE INDEX "power_holding_power" ON "power_holding" ("power")`,
  `CREATE UNIQUE INDEX "role_holding_once" ON "role_holding" ("person_id", "role", "unit_id")`,
  `CREATE INDEX "role_holding_role" ON "role_holding" ("role")`,
  `CREATE INDEX "asset_unit" ON "asset" ("unit_id")`,
  `CREATE INDEX "account_asset" ON "account" ("asset_id")`,
  `CREATE INDEX "entitlement_contract" ON "entitlement" ("contract_id")`,
  `CREATE INDEX "access_request_unit" ON "access_request" ("unit_id", "created_at")`,
  `CREATE INDEX "access_request_contract" ON "access_request" ("contract_id")`,
  `CREATE INDEX "access_grant_contract" ON "access_grant" ("contract_id")`,
  `CREATE INDEX "access_session_unit" ON "access_session" ("unit_id", "started_at")`,
  `CREATE INDEX "recording_unit" ON "recording" ("unit_id", "started_at")`,
  `CREATE INDEX "recording_ended" ON "recording" ("ended_at")`,
  `CREATE INDEX "audit_event_unit" ON "audit_event" ("unit_id", "at")`,
  // Beside those by time: a page of the log is walked newest first, and not sorted out of all there is.
  `CREATE INDEX "audit_event_unit_newest" ON "audit_event" ("unit_id", "id")`,
  `CREATE INDEX "audit_event_verb_newest" ON "audit_event" ("verb", "id")`,
  `CREATE INDEX "audit_event_actor_newest" ON "audit_event" ("actor_id", "id")`,
  `CREATE INDEX "vendor_unit" ON "vendor" ("unit_id")`,
  `CREATE INDEX "vendor_parent" ON "vendor" ("parent_id")`,
  `CREATE INDEX "contract_unit" ON "contract" ("unit_id")`,
  `CREATE INDEX "contract_vendor" ON "contract" ("vendor_id")`,
  `CREATE INDEX "contract_ending" ON "contract" ("state", "to_at")`,
  `CREATE INDEX "contract_owner" ON "contract" ("owner_id")`,
  `CREATE INDEX "review_item_sponsor" ON "review_item" ("sponsor_id", "state")`,
  `CREATE INDEX "review_item_person" ON "review_item" ("person_id")`,
  `CREATE INDEX "review_item_due" ON "review_item" ("state", "due_at")`,
  `CREATE INDEX "proposal_state" ON "proposal" ("state", "proposed_at")`,
  `CREATE INDEX "legal_hold_session" ON "legal_hold" ("session_id")`,
  `CREATE INDEX "passkey_person" ON "passkey" ("person_id")`,
  `CREATE INDEX "challenge_expires" ON "challenge" ("expires_at")`,
  `CREATE INDEX "terminal_approval_expires" ON "terminal_approval" ("expires_at")`,
  `CREATE INDEX "device_key_person" ON "device_key" ("person_id")`,
  `CREATE INDEX "device_key_passkey" ON "device_key" ("passkey_id")`,
  `CREATE INDEX "password_history_person" ON "password_history" ("person_id", "at")`,
  `CREATE INDEX "external_identity_person" ON "external_identity" ("person_id")`,
  `CREATE INDEX "external_identity_checked" ON "external_identity" ("checked_at")`,
  `CREATE INDEX "external_identity_email" ON "external_identity" ("email")`,
  `CREATE INDEX "approval_approver" ON "approval" ("approver_id")`,
  `CREATE INDEX "alert_subject" ON "alert" ("subject", "kind")`,
  `CREATE INDEX "channel_outcome" ON "channel" ("outcome")`,
  `CREATE INDEX "scim_group_token" ON "scim_group" ("token_id")`,
];
