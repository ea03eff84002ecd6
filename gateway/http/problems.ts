/**
 * How a refusal looks over HTTP: one total table from code to status and title, and RFC 9457 documents made from it.
 * 401 means exactly "signed out"; a wrong password or code is 403, so that a page need not guess. Nothing of what came
 * in is repeated, and no stack leaves.
 */
import type { ErrorCode } from "../domain/index.js";
import type { Problem, ProblemCode } from "./contract/index.js";

interface Face {
  readonly status: number;
  readonly title: string;
}

const DOMAIN_FACES: Record<ErrorCode, Face> = {
  unauthenticated: { status: 401, title: "sign in first" },
  "sign-in-refused": { status: 403, title: "login, password or code is wrong" },
  "too-many-tries": { status: 429, title: "too many tries, wait a little" },
  forbidden: { status: 403, title: "this is not yours to do" },
  "not-found": { status: 404, title: "there is no such thing" },
  "invalid-input": { status: 400, title: "the input is not valid" },
  conflict: { status: 409, title: "it collides with something that exists" },
  stale: { status: 409, title: "it changed meanwhile, look again" },
  "own-request": { status: 403, title: "nobody decides on their own request" },
  "same-vendor": { status: 403, title: "the deciding person belongs to the requester's vendor" },
  "already-decided": { status: 409, title: "it was decided already" },
  "window-too-long": { status: 422, title: "the window is longer than the rules allow" },
  "outside-entitlement": { status: 403, title: "it cannot be asked for" },
  "no-grant": { status: 403, title: "there is no grant for it" },
  "not-granted": { status: 403, title: "the grant does not hold this" },
  "grant-ended": { status: 409, title: "the grant has ended" },
  "grant-suspended": { status: 409, title: "the grant is suspended" },
  "address-refused": { status: 422, title: "this address may not be reached through the gate" },
  "target-unreachable": { status: 502, title: "the target does not answer" },
  "target-key-changed": { status: 409, title: "the target shows another host key" },
  "target-key-unknown": { status: 409, title: "the target's host key was never confirmed" },
  "target-credential-refused": { status: 422, title: "the target refuses this credential" },
  "target-too-old": { status: 422, title: "the target speaks only algorithms that are not let in for it" },
  "ticket-refused": { status: 403, title: "the ticket lets nobody in, ask for another" },
  "desktop-service-unavailable": { status: 503, title: "the desktop service does not answer" },
  "desktop-service-too-old": {
    status: 503,
    title: "the desktop service cannot keep a restriction that is asked of it",
  },
  "storage-unavailable": { status: 503, title: "storage does not answer" },
  "recorder-failed": { status: 503, title: "recording does not work" },
  "too-many-sessions": { status: 429, title: "too many sessions" },
  draining: { status: 503, title: "the gate is closing" },
  "exclusive-powers": { status: 409, title: "these powers and roles exclude each other" },
  bootstrap: { status: 409, title: "the installation still misses people" },
  "needs-second-person": { status: 403, title: "a second person must do this" },
  "enrolment-expired": { status: 410, title: "the link has expired or was used, or its second part is another" },
  "weak-password": { status: 422, title: "the password is too weak" },
  "name-taken": { status: 409, title: "a name that is the same or looks the same is there already" },
  "vendor-cycle": { status: 409, title: "a vendor cannot be its own sub-contractor" },
  "not-under-contract": { status: 403, title: "contract, sponsor, vendor or unit does not stand" },
  "outside-contract": { status: 403, title: "the contract does not cover it" },
  "needs-signature": { status: 403, title: "the declarations must be signed first" },
  "step-up-needed": { status: 403, title: "show a second factor again" },
  "password-expired": { status: 403, title: "the password is too old, change it first" },
  "last-of-power": { status: 409, title: "nobody of that power would be left" },
  "approves-later": { status: 403, title: "approvals count only a day after one's factors were reset" },
  "vendor-person": { status: 409, title: "a vendor's person can be an operator and nothing else" },
  "passkey-refused": { status: 403, title: "the passkey was not accepted" },
  "terminal-approval-refused": { status: 403, title: "the approval was refused, or is over" },
  "device-key-refused": { status: 403, title: "this asset asks for a second factor at each sign-in" },
  "directory-unavailable": { status: 503, title: "the directory does not answer" },
  "directory-refused": { status: 403, title: "the directory's answer was not accepted" },
  internal: { status: 500, title: "something failed inside" },
};
const FACES: Record<ProblemCode, Face> = {
  ...DOMAIN_FACES,
  "cross-site": { status: 403, title: "the request did not come from the gate's own page" },
  "body-too-large": { status: 413, title: "the body is too large" },
  "media-type": { status: 415, title: "send application/json" },
};

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** The HTTP status of a code. */
export function statusOf(code: ProblemCode): number {
  return FACES[code].status;
}

/** The document for one refusal. `requestId` is a UUID that the log carries too. */
export function problemOf(
  code: ProblemCode,
  requestId: string,
  more: { readonly field?: string; readonly retryAfterMs?: number } = {},
): Problem {
  const { status, title } = FACES[code];
  return {
    type: `urn:gatehouse:problem:${code}`,
    title,
    status,
    code,
    ...(more.field === undefined ? {} : { field: more.field }),
    ...(more.retryAfterMs === undefined ? {} : { retryAfterMs: more.retryAfterMs }),
    instance: `urn:uuid:${requestId}`,
  };
}
