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
