/** Tables of the first schema. Foreign keys are checked at commit, so that a transaction may write in any order. */

const REF = "DEFERRABLE INITIALLY DEFERRED";

export const TABLES: readonly string[] = [
  `CREATE TABLE "setting" ("id" TEXT PRIMARY KEY NOT NULL, "value" TEXT NOT NULL)`,

  `CREATE TABLE "unit" (
    "id" TEXT PRIMARY KEY NOT NULL, "parent_id" TEXT, "name" TEXT NOT NULL, "created_at" BIGINT NOT NULL)`,

  `CREATE TABLE "person" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "login" TEXT NOT NULL UNIQUE,
    "display_name" TEXT NOT NULL, "locale" TEXT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('active', 'disabled', 'retired')),
    "vendor_id" TEXT, "contract_id" TEXT,
    "password_hash" TEXT, "password_changed_at" BIGINT,
    "totp_sealed" TEXT, "totp_last_step" BIGINT NOT NULL, "totp_enrolled_at" BIGINT,
    "enrolment_hash" TEXT UNIQUE, "enrolment_expires_at" BIGINT,
    "failures" BIGINT NOT NULL, "last_failure_at" BIGINT,
    "created_at" BIGINT NOT NULL, "created_by" TEXT, "credential_epoch" BIGINT NOT NULL)`,

  `CREATE TABLE "recovery_code" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" TEXT NOT NULL REFERENCES "person" ("id") ${REF}, "used_at" BIGINT)`,

  `CREATE TABLE "person_key" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" TEXT NOT NULL REFERENCES "person" ("id") ${REF},
    "name" TEXT NOT NULL, "public_key" TEXT NOT NULL, "fingerprint" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "retired_at" BIGINT)`,

  `CREATE TABLE "power_holding" (
    "id" TEXT PRIMARY KEY NOT NULL REFERENCES "person" ("id") ${REF},
    "power" TEXT NOT NULL CHECK ("power" IN ('system', 'security', 'audit')),
    "granted_by" TEXT, "created_at" BIGINT NOT NULL)`,

  `CREATE TABLE "role_holding" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" TEXT NOT NULL REFERENCES "person" ("id") ${REF},
    "role" TEXT NOT NULL CHECK ("role" IN ('operator', 'approver')), "unit_id" TEXT NOT NULL,
    "granted_by" TEXT, "created_at" BIGINT NOT NULL)`,

  `CREATE TABLE "web_session" (
    "id" TEXT PRIMARY KEY NOT NULL, "person_id" TEXT NOT NULL REFERENCES "person" ("id") ${REF},
    "credential_epoch" BIGINT NOT NULL, "created_at" BIGINT NOT NULL, "last_seen_at" BIGINT NOT NULL,
    "expires_at" BIGINT NOT NULL, "ended_at" BIGINT, "source_address" TEXT NOT NULL, "user_agent" TEXT NOT NULL)`,

  `CREATE TABLE "asset" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "name" TEXT NOT NULL UNIQUE,
    "protocol" TEXT NOT NULL CHECK ("protocol" IN ('ssh', 'rdp')), "host" TEXT NOT NULL,
    "port" BIGINT NOT NULL CHECK ("port" BETWEEN 1 AND 65535), "description" TEXT NOT NULL,
    "legacy_algorithms" BOOLEAN NOT NULL, "host_key" TEXT, "host_key_confirmed_by" TEXT, "host_key_confirmed_at" BIGINT,
    "pin" TEXT NOT NULL, "pending_change" TEXT,
    "state" TEXT NOT NULL CHECK ("state" IN ('active', 'retired')), "created_at" BIGINT NOT NULL, "created_by" TEXT)`,

  `CREATE TABLE "account" (
    "id" TEXT PRIMARY KEY NOT NULL, "asset_id" TEXT NOT NULL REFERENCES "asset" ("id") ${REF}, "unit_id" TEXT NOT NULL,
    "login" TEXT NOT NULL, "credential_kind" TEXT NOT NULL CHECK ("credential_kind" IN ('password', 'key', 'none')),
    "credential_sealed" TEXT, "credential_pin" TEXT, "credential_tested_at" BIGINT,
    "state" TEXT NOT NULL CHECK ("state" IN ('active', 'retired')), "created_at" BIGINT NOT NULL, "created_by" TEXT,
    UNIQUE ("asset_id", "login"))`,

  `CREATE TABLE "entitlement" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "person_id" TEXT NOT NULL, "account_id" TEXT NOT NULL,
    "contract_id" TEXT, "actions" TEXT NOT NULL, "from" BIGINT NOT NULL, "to" BIGINT,
    "created_at" BIGINT NOT NULL, "created_by" TEXT, "ended_at" BIGINT)`,

  `CREATE TABLE "access_request" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "requester_id" TEXT NOT NULL, "contract_id" TEXT,
    "reason" TEXT NOT NULL, "work_order" TEXT NOT NULL, "window_from" BIGINT NOT NULL,
    "duration_ms" BIGINT NOT NULL CHECK ("duration_ms" > 0), "digest" TEXT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('pending', 'approved', 'denied', 'withdrawn', 'lapsed')),
    "approvals_needed" BIGINT NOT NULL, "source_address" TEXT NOT NULL, "created_at" BIGINT NOT NULL,
    "lapses_at" BIGINT NOT NULL, "decided_at" BIGINT)`,

  `CREATE TABLE "request_item" (
    "id" TEXT PRIMARY KEY NOT NULL, "request_id" TEXT NOT NULL REFERENCES "access_request" ("id") ${REF},
    "account_id" TEXT NOT NULL, "asset_id" TEXT NOT NULL, "asset_pin" TEXT NOT NULL,
    "actions" TEXT NOT NULL, "limits" TEXT NOT NULL)`,

  `CREATE TABLE "approval" (
    "id" TEXT PRIMARY KEY NOT NULL, "request_id" TEXT NOT NULL REFERENCES "access_request" ("id") ${REF},
    "approver_id" TEXT NOT NULL, "verdict" TEXT NOT NULL CHECK ("verdict" IN ('approved', 'denied')),
    "reason" TEXT NOT NULL, "digest" TEXT NOT NULL, "at" BIGINT NOT NULL,
    UNIQUE ("request_id", "approver_id"))`,

  `CREATE TABLE "access_grant" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "request_id" TEXT NOT NULL, "item_id" TEXT NOT NULL UNIQUE,
    "person_id" TEXT NOT NULL, "account_id" TEXT NOT NULL, "asset_id" TEXT NOT NULL, "contract_id" TEXT,
    "asset_pin" TEXT NOT NULL, "actions" TEXT NOT NULL, "limits" TEXT NOT NULL, "obligations" TEXT NOT NULL,
    "from" BIGINT NOT NULL, "to" BIGINT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('scheduled', 'active', 'suspended', 'expired', 'revoked')),
    "ended_at" BIGINT, "ended_by" TEXT, "end_reason" TEXT, "created_at" BIGINT NOT NULL)`,

  `CREATE TABLE "access_session" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "grant_id" TEXT NOT NULL, "person_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL, "asset_id" TEXT NOT NULL, "node_id" TEXT NOT NULL, "protocol" TEXT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('opening', 'live', 'frozen', 'ended')), "because" TEXT,
    "snapshot" TEXT NOT NULL, "recording_id" TEXT NOT NULL UNIQUE, "source_address" TEXT NOT NULL,
    "started_at" BIGINT NOT NULL, "ended_at" BIGINT, "lease_until" BIGINT NOT NULL)`,

  `CREATE TABLE "connection" (
    "id" TEXT PRIMARY KEY NOT NULL, "session_id" TEXT NOT NULL, "source_address" TEXT NOT NULL, "client" TEXT NOT NULL,
    "opened_at" BIGINT NOT NULL, "closed_at" BIGINT)`,

  `CREATE TABLE "channel" (
    "id" TEXT PRIMARY KEY NOT NULL, "session_id" TEXT NOT NULL, "connection_id" TEXT NOT NULL,
    "number" BIGINT NOT NULL, "kind" TEXT NOT NULL, "detail" TEXT NOT NULL,
    "outcome" TEXT NOT NULL CHECK ("outcome" IN ('open', 'recorded', 'digested', 'refused')),
    "refused_because" TEXT, "bytes_in" BIGINT NOT NULL, "bytes_out" BIGINT NOT NULL, "exit" TEXT,
    "opened_at" BIGINT NOT NULL, "closed_at" BIGINT, UNIQUE ("session_id", "number"))`,

  `CREATE TABLE "transfer" (
    "id" TEXT PRIMARY KEY NOT NULL, "session_id" TEXT NOT NULL, "recording_id" TEXT NOT NULL,
    "channel_number" BIGINT NOT NULL, "direction" TEXT NOT NULL, "path" TEXT NOT NULL, "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL, "sequential" BOOLEAN NOT NULL, "at_us" BIGINT NOT NULL)`,

  `CREATE TABLE "recording" (
    "id" TEXT PRIMARY KEY NOT NULL, "session_id" TEXT NOT NULL, "unit_id" TEXT NOT NULL, "node_id" TEXT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('open', 'complete', 'recovered', 'removed')),
    "started_at" BIGINT NOT NULL, "ended_at" BIGINT, "duration_us" BIGINT NOT NULL, "bytes" BIGINT NOT NULL,
    "frames" BIGINT NOT NULL, "head_hash" TEXT, "closing_hash" TEXT, "derived_at" BIGINT)`,

  `CREATE TABLE "input_opening" (
    "id" TEXT PRIMARY KEY NOT NULL, "recording_id" TEXT NOT NULL, "requested_by" TEXT NOT NULL, "reason" TEXT NOT NULL,
    "requested_at" BIGINT NOT NULL, "approved_by" TEXT, "approved_at" BIGINT, "expires_at" BIGINT NOT NULL,
    "used_at" BIGINT, CHECK ("approved_by" IS NULL OR "approved_by" <> "requested_by"))`,

  `CREATE TABLE "alert" (
    "id" TEXT PRIMARY KEY NOT NULL, "unit_id" TEXT NOT NULL, "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('open', 'acknowledged', 'resolved', 'closed')),
    "subject" TEXT NOT NULL, "detail" TEXT NOT NULL, "at" BIGINT NOT NULL, "last_at" BIGINT NOT NULL,
    "count" BIGINT NOT NULL, "acknowledged_by" TEXT, "acknowledged_at" BIGINT, "resolution" TEXT)`,

  `CREATE TABLE "node" (
    "id" TEXT PRIMARY KEY NOT NULL, "name" TEXT NOT NULL, "started_at" BIGINT NOT NULL, "seen_at" BIGINT NOT NULL,
    "version" TEXT NOT NULL)`,

  `CREATE TABLE "audit_event" (
    "id" TEXT PRIMARY KEY NOT NULL, "seq" BIGINT UNIQUE, "at" BIGINT NOT NULL, "verb" TEXT NOT NULL, "actor_id" TEXT,
    "object_kind" TEXT NOT NULL, "object_id" TEXT NOT NULL, "leaf" TEXT NOT NULL)`,

  `CREATE TABLE "tree_node" ("id" TEXT PRIMARY KEY NOT NULL, "hash" TEXT NOT NULL)`,

  `CREATE TABLE "checkpoint" (
    "id" TEXT PRIMARY KEY NOT NULL, "size" BIGINT NOT NULL UNIQUE, "root" TEXT NOT NULL, "note" TEXT NOT NULL,
    "at" BIGINT NOT NULL)`,

  `CREATE TABLE "search_entry" (
    "n" NUMBERED, "id" TEXT NOT NULL UNIQUE, "recording_id" TEXT NOT NULL, "kind" TEXT NOT NULL,
    "at_us" BIGINT NOT NULL, "at" BIGINT NOT NULL, "sealed" TEXT NOT NULL)`,

  `CREATE TABLE "search_token" (
    "token" BIGINT NOT NULL, "kind" SMALLINT NOT NULL, "at" BIGINT NOT NULL, "n" BIGINT NOT NULL,
    PRIMARY KEY ("token", "kind", "at", "n")) CLUSTERED`,
];
