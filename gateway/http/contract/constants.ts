/**
 * The closed word lists and bounds of the API, without zod, so that the page can import them at no cost. They repeat the
 * domain's unions on purpose (this folder imports no other room); `gateway/http/contract-check.ts` fails to compile when
 * the two differ.
 */
export const API_PREFIX = "/api/v1";
export const LIVE_PATH = "/live";
/** The header every changing request carries; a foreign page cannot set it without a preflight, which is never answered. */
export const CHANGE_HEADER = "x-gatehouse";
export const CHANGE_HEADER_VALUE = "1";
/** On a reading that the page does by itself while nobody is at it: it does not keep the sign-in alive. */
export const UNATTENDED_HEADER = "x-gatehouse-unattended";
export const PAGE_LIMIT_MAX = 200;
export const BODY_LIMIT_BYTES = 262_144;

export const ACTIONS = [
  "ssh.shell",
  "ssh.exec",
  "sftp.read",
  "sftp.write",
  "ssh.forward",
  "rdp.connect",
  "rdp.copy",
  "rdp.paste",
  "rdp.upload",
  "rdp.download",
] as const;
export const LOCALES = ["zh-CN", "en"] as const;
export const POWERS = ["system", "security", "audit"] as const;
export const ROLES = ["operator", "approver", "confirmer"] as const;
export const DIRECTORY_KINDS = ["oidc", "ldap", "scim"] as const;
/** Where an OpenID provider sends the browser back to: a page of ours, which posts what came with it. */
export const OIDC_RETURN_PATH = "/sign-in/oidc";
export const DATA_CLASSES = ["general", "important", "core"] as const;
export const PERSON_STATES = ["active", "disabled", "retired"] as const;
export const PROPOSAL_KINDS = [
  "person.rights",
  "person.reset",
  "policy.change",
  "vault.export",
  "retention.change",
  "hold.release",
  "break-glass.seal",
  "scim.token",
] as const;
export const PROPOSAL_STATES = ["pending", "confirmed", "rejected", "withdrawn", "lapsed"] as const;
/** What a line of a proposal is about; each has its words on the page. */
export const PROPOSAL_LABELS = [
  "person",
  "madeBy",
  "unit",
  "state",
  "power",
  "roles",
  "roleUnit",
  "keys",
  "digest",
  "files",
  "accounts",
  "powers",
  "days",
  "session",
  "token",
] as const;
/** Recordings are kept for ever (0), or for so many days. */
export const RETENTION_LEAST_DAYS = 184;
export const RETENTION_MOST_DAYS = 36_500;
export const PROTOCOLS = ["ssh", "rdp"] as const;
/** How a desktop's connection is secured; `any` takes what the host offers. */
export const DESKTOP_SECURITY = ["any", "nla", "tls", "rdp"] as const;
/** What stands behind a desktop's name: a pinned certificate, or an administrator's mark that none is checked. */
export const CERTIFICATES = ["pinned", "unchecked"] as const;
/** Sent in place of a host key: marks a desktop's certificate as not checked. */
export const CERTIFICATE_UNCHECKED = "certificate-unchecked";
export const ASSET_STATES = ["active", "retired"] as const;
/** Units and vendors. */
export const REGISTRY_STATES = ["active", "retired"] as const;
export const CONTRACT_STATES = ["active", "ended"] as const;
/** What a contract is by its dates as well. */
export const CONTRACT_STANDINGS = ["scheduled", "active", "ended"] as const;
export const CREDENTIAL_KINDS = ["password", "key", "none"] as const;
export const REQUEST_STATES = ["pending", "approved", "denied", "withdrawn", "lapsed"] as const;
export const REQUEST_VIEWS = ["mine", "queue", "decided", "all"] as const;
export const VERDICTS = ["approved", "denied"] as const;
export const GRANT_STATES = ["scheduled", "active", "suspended", "expired", "revoked"] as const;
export const OBLIGATIONS = ["watcher", "no-download", "watermark"] as const;
export const SESSION_STATES = ["opening", "live", "frozen", "ended"] as const;
export const END_REASONS = [
  "left",
  "target-closed",
  "target-unreachable",
  "expired",
  "revoked",
  "bond-ended",
  "sign-in-ended",
  "device-key-refused",
  "stopped",
  "idle",
  "recorder-failed",
  "quota",
  "too-old",
  "node-drained",
  "node-lost",
] as const;
export const CHANNEL_KINDS = ["shell", "exec", "sftp", "scp", "rsync", "forward", "desktop", "file"] as const;
export const CHANNEL_OUTCOMES = ["open", "recorded", "digested", "refused"] as const;
export const TRANSFER_DIRECTIONS = ["upload", "download"] as const;
/** `copy`: target to operator · `paste`: operator to target. */
export const CLIPBOARD_DIRECTIONS = ["copy", "paste"] as const;
export const RECORDING_STATES = ["open", "complete", "recovered", "removed"] as const;
export const MARKER_KINDS = ["command", "transfer", "alert", "note", "forward", "clipboard", "keys", "watch"] as const;
/**
 * `o`: output, base64 · `r`: resize, "COLSxROWS" · `g`: the gate's own text · `d`: whole Guacamole instructions, text ·
 * `p`: the operator's pointer, "x,y,mask".
 */
export const REPLAY_CODES = ["o", "r", "g", "d", "p"] as const;
export const SEARCH_KINDS = ["command", "file", "screen"] as const;
export const ALERT_STATES = ["open", "acknowledged", "resolved", "closed"] as const;
export const ALERT_KINDS = [
  "host-key-changed",
  "recorder-failed",
  "storage-full",
  "recording-recovered",
  "recording-altered",
  "login-attack",
  "quota-exceeded",
  "asset-repointed",
  "policy-error",
  "bootstrap",
  "break-glass",
  "contract-ending",
  "review-due",
  "directory-unreachable",
  "last-of-power",
  "passkey-cloned",
  "envelopes-missing",
  "policy-changed",
] as const;
export const NOTICE_TOPICS = ["requests", "grants", "sessions", "alerts", "people", "proposals", "registry"] as const;

/** The codes of the domain, as a problem document carries them. */
export const ERROR_CODES = [
  "unauthenticated",
  "sign-in-refused",
  "too-many-tries",
  "forbidden",
  "not-found",
  "invalid-input",
  "conflict",
  "stale",
  "own-request",
  "same-vendor",
  "already-decided",
  "window-too-long",
  "outside-entitlement",
  "no-grant",
  "not-granted",
  "grant-ended",
  "grant-suspended",
  "address-refused",
  "target-unreachable",
  "target-key-changed",
  "target-key-unknown",
  "target-credential-refused",
  "target-too-old",
  "ticket-refused",
  "desktop-service-unavailable",
  "desktop-service-too-old",
  "storage-unavailable",
  "recorder-failed",
  "too-many-sessions",
  "draining",
  "exclusive-powers",
  "bootstrap",
  "needs-second-person",
  "enrolment-expired",
  "weak-password",
  "name-taken",
  "vendor-cycle",
  "not-under-contract",
  "outside-contract",
  "needs-signature",
  "step-up-needed",
  "password-expired",
  "last-of-power",
  "approves-later",
  "vendor-person",
  "passkey-refused",
  "terminal-approval-refused",
  "device-key-refused",
  "directory-unavailable",
  "directory-refused",
  "internal",
] as const;
/** Codes only this door knows: they are about the HTTP request itself. */
export const TRANSPORT_CODES = ["cross-site", "body-too-large", "media-type"] as const;
export const PROBLEM_CODES = [...ERROR_CODES, ...TRANSPORT_CODES] as const;
