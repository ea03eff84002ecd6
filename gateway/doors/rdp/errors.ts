/**
 * The numeric Guacamole status of each code and each end, total: a new code does not compile until it has one. The page tells
 * people in words what the code says; the number is for Guacamole's own client, which reads nothing else.
 */
import { GatehouseError, type EndReason, type ErrorCode } from "../../domain/index.js";

/** Guacamole protocol reference, status codes; those this door speaks. */
export const STATUS = {
  success: 0,
  serverError: 512,
  serverBusy: 513,
  upstreamTimeout: 514,
  upstreamError: 515,
  resourceConflict: 517,
  upstreamNotFound: 519,
  upstreamUnavailable: 520,
  sessionConflict: 521,
  sessionTimeout: 522,
  sessionClosed: 523,
  badRequest: 768,
  unauthorized: 769,
  forbidden: 771,
  overrun: 781,
  tooMany: 797,
} as const;

const CODES: Record<ErrorCode, number> = {
  unauthenticated: STATUS.unauthorized,
  "sign-in-refused": STATUS.unauthorized,
  "too-many-tries": STATUS.tooMany,
  forbidden: STATUS.forbidden,
  "not-found": STATUS.forbidden,
  "invalid-input": STATUS.badRequest,
  conflict: STATUS.resourceConflict,
  stale: STATUS.resourceConflict,
  "own-request": STATUS.forbidden,
  "same-vendor": STATUS.forbidden,
  "already-decided": STATUS.resourceConflict,
  "window-too-long": STATUS.forbidden,
  "outside-entitlement": STATUS.forbidden,
  "no-grant": STATUS.forbidden,
  "not-granted": STATUS.forbidden,
  "grant-ended": STATUS.sessionClosed,
  "grant-suspended": STATUS.forbidden,
  "address-refused": STATUS.forbidden,
  "target-unreachable": STATUS.upstreamNotFound,
  "target-key-changed": STATUS.upstreamError,
  "target-key-unknown": STATUS.upstreamError,
  "target-credential-refused": STATUS.unauthorized,
  "target-too-old": STATUS.upstreamError,
  "ticket-refused": STATUS.forbidden,
  "desktop-service-unavailable": STATUS.serverError,
  "desktop-service-too-old": STATUS.serverError,
  "storage-unavailable": STATUS.serverError,
  "recorder-failed": STATUS.serverError,
  "too-many-sessions": STATUS.tooMany,
  draining: STATUS.serverBusy,
  "exclusive-powers": STATUS.forbidden,
  bootstrap: STATUS.forbidden,
  "needs-second-person": STATUS.forbidden,
  "enrolment-expired": STATUS.unauthorized,
  "weak-password": STATUS.badRequest,
  "name-taken": STATUS.resourceConflict,
  "vendor-cycle": STATUS.resourceConflict,
  "not-under-contract": STATUS.forbidden,
  "outside-contract": STATUS.forbidden,
  "needs-signature": STATUS.forbidden,
  "step-up-needed": STATUS.forbidden,
  "password-expired": STATUS.forbidden,
  "last-of-power": STATUS.resourceConflict,
  "approves-later": STATUS.forbidden,
  "vendor-person": STATUS.forbidden,
  "passkey-refused": STATUS.unauthorized,
  "terminal-approval-refused": STATUS.unauthorized,
  "device-key-refused": STATUS.forbidden,
  "directory-unavailable": STATUS.serverError,
  "directory-refused": STATUS.unauthorized,
  internal: STATUS.serverError,
};

const ENDS: Record<EndReason, number> = {
  left: STATUS.success,
  "target-closed": STATUS.sessionClosed,
  "target-unreachable": STATUS.upstreamNotFound,
  expired: STATUS.sessionClosed,
  revoked: STATUS.forbidden,
  "bond-ended": STATUS.forbidden,
  "sign-in-ended": STATUS.forbidden,
  "device-key-refused": STATUS.forbidden,
  stopped: STATUS.sessionClosed,
  idle: STATUS.sessionTimeout,
  "recorder-failed": STATUS.serverError,
  quota: STATUS.overrun,
  "too-old": STATUS.sessionTimeout,
  "node-drained": STATUS.serverBusy,
  "node-lost": STATUS.serverError,
};

/** What the browser is told last. `status` is guacd's own number where guacd said one. */
export interface LastWord {
  readonly code: ErrorCode | EndReason;
  readonly status: number;
}

export function wordOfCode(code: ErrorCode): LastWord {
  return { code, status: CODES[code] };
}

export function wordOfEnd(because: EndReason): LastWord {
  return { code: because, status: ENDS[because] };
}

/** What an error that ended something is told as: its own code, or that something failed inside. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof GatehouseError ? error.code : "internal";
}

/** guacd's `error`: what it means before the first picture, and after. Numbers nobody knows count as a failing service. */
export function readGuacdError(status: string, seen: boolean): LastWord {
  const number = /^\d{1,4}$/.test(status) ? Number(status) : STATUS.serverError;
  switch (number) {
    case STATUS.unauthorized:
    case STATUS.forbidden:
      return { code: seen ? "target-closed" : "target-credential-refused", status: number };
    case STATUS.upstreamTimeout:
    case STATUS.upstreamError:
    case STATUS.upstreamNotFound:
    case STATUS.upstreamUnavailable:
      return { code: seen ? "target-closed" : "target-unreachable", status: number };
    case STATUS.sessionConflict:
    case STATUS.sessionTimeout:
    case STATUS.sessionClosed:
      return { code: "target-closed", status: number };
    default:
      return { code: "desktop-service-unavailable", status: STATUS.serverError };
  }
}
