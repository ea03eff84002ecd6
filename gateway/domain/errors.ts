/**
 * Why something was refused or failed, as stable codes. No HTTP status and no SSH reason here: each door holds one total
 * `Record<ErrorCode, …>`, so that a new code does not compile until every door has an answer.
 */
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
  /** The ticket is unknown, used, too old, or another page session's: all the same to who shows it. */
  "ticket-refused",
  /** guacd is down, hangs, or is not guacd. */
  "desktop-service-unavailable",
  /** guacd does not know an argument that a restriction of this session needs. */
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
  /** Looks like a name that is there already (Unicode confusables), or is the same. */
  "name-taken",
  "vendor-cycle",
  /** Contract, sponsor, vendor or unit of the person does not stand. */
  "not-under-contract",
  "outside-contract",
  /** The declarations must be signed first. */
  "needs-signature",
  /** A second factor is needed again. */
  "step-up-needed",
  "password-expired",
  /** The one that would be left without: no account may be the last of a power and go. */
  "last-of-power",
  /** Approvals count only a day after a reset of one's factors. */
  "approves-later",
  /** What a vendor's person may never hold. */
  "vendor-person",
  "passkey-refused",
  "terminal-approval-refused",
  /** This asset takes no device key: sign in with a second factor. */
  "device-key-refused",
  "directory-unavailable",
  "directory-refused",
  "internal",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An I/O failure or a bug. Expected outcomes are unions, not exceptions. The message is lower-case, one sentence, and holds no secret. */
export class GatehouseError extends Error {
  override readonly name = "GatehouseError";
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The outcome of a use case: done with a value, or refused with a code and (for forms) the field at fault. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly field?: string; readonly retryAfterMs?: number };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}
export function refused(
  code: ErrorCode,
  more: { readonly field?: string; readonly retryAfterMs?: number } = {},
): { readonly ok: false; readonly code: ErrorCode; readonly field?: string; readonly retryAfterMs?: number } {
  return { ok: false, code, ...more };
}
