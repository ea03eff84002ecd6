/** What is said when something fails: what happened, and what to do next. Every code must have both. */
import type { ProblemCode } from "../../api/http.js";

export const errors: Record<ProblemCode, { what: string; next: string }> = {
  unauthenticated: { what: "You are signed out.", next: "Sign in again." },
  "sign-in-refused": {
    what: "Sign-in did not succeed.",
    next: "Check login, password and one-time code. Each code works once: wait for the next one.",
  },
  "too-many-tries": { what: "Too many tries.", next: "Wait a little, then try again." },
  forbidden: { what: "You may not do this.", next: "If you need to, ask the security administrator." },
  "not-found": { what: "It was not found, or you may not see it.", next: "Check the address, or go back to the list." },
  "invalid-input": {
    what: "Something filled in is not accepted.",
    next: "Correct the field that is marked and try again.",
  },
  conflict: {
    what: "It conflicts with something that exists.",
    next: "The name may be taken: choose another, or reload and try again.",
  },
  stale: { what: "It has changed since you looked at it.", next: "Reload, read what it says now, then act." },
  "own-request": { what: "Nobody approves their own request.", next: "Leave it to another approver." },
  "same-vendor": { what: "You cannot approve a request from your own vendor.", next: "Leave it to another approver." },
  "already-decided": { what: "This request has been decided.", next: "Reload to see the outcome." },
  "window-too-long": {
    what: "The time asked for is longer than allowed.",
    next: "Ask for less time, or in several requests.",
  },
  "outside-entitlement": {
    what: "This is outside what you may ask for.",
    next: "Check account and actions, or ask the security administrator.",
  },
  "no-grant": { what: "There is no grant that holds now.", next: "Ask for access first." },
  "not-granted": {
    what: "The grant does not include this action.",
    next: "If you need it, ask again and tick that action.",
  },
  "grant-ended": { what: "The grant has ended.", next: "If you still need access, ask again." },
  "grant-suspended": {
    what: "The grant is suspended: the asset's address or host key changed.",
    next: "Wait until system administrators confirmed the change, then ask again.",
  },
  "address-refused": {
    what: "This address may not be connected to.",
    next: "Loopback, link-local and metadata addresses cannot be assets. Check the address.",
  },
  "target-unreachable": {
    what: "The target does not answer.",
    next: "Check host and port, and that the host is up and reachable.",
  },
  "target-key-changed": {
    what: "The target showed another host key.",
    next: "Do not go on. A system administrator must find out why; two persons confirm it.",
  },
  "target-key-unknown": {
    what: "The target's host key is not confirmed yet.",
    next: "A system administrator scans and confirms its fingerprint first.",
  },
  "target-credential-refused": {
    what: "The target does not accept this credential.",
    next: "It was not kept. Check account and credential and set it again.",
  },
  "target-too-old": {
    what: "The target speaks only old, weak algorithms.",
    next: "A system administrator may let them in for this asset; the grants on it then wait for a second person.",
  },
  "ticket-refused": {
    what: "The ticket for this desktop is not valid any more.",
    next: "Each is good once and for 30 seconds: open the desktop again from “My access”.",
  },
  "desktop-service-unavailable": {
    what: "The desktop service does not answer.",
    next: "Try again shortly; if it stays, tell the system administrator.",
  },
  "desktop-service-too-old": {
    what: "The desktop service is too old for a restriction of this session.",
    next: "A system administrator updates it, or says on the asset that this is accepted.",
  },
  "storage-unavailable": {
    what: "Storage is not available now.",
    next: "Try again shortly; if it stays, tell the system administrator.",
  },
  "recorder-failed": {
    what: "Recording cannot go on.",
    next: "Without a recording there is no access. Ask the system administrator to check the disk.",
  },
  "too-many-sessions": { what: "Too many sessions are running.", next: "End one, or try again later." },
  draining: { what: "The gate is shutting down for maintenance.", next: "Try again in a few minutes." },
  "exclusive-powers": {
    what: "System, security and audit are separate: nobody holds two, and an auditor holds no other role.",
    next: "Keep one, or choose another person.",
  },
  bootstrap: {
    what: "The installation is still being set up: each power needs two people.",
    next: "The security administrator adds them first.",
  },
  "needs-second-person": {
    what: "This needs another person's confirmation.",
    next: "Ask another person with the same power.",
  },
  "enrolment-expired": {
    what: "The enrolment link has expired or was used.",
    next: "Ask the security administrator for a new one.",
  },
  "weak-password": {
    what: "The password is too weak.",
    next: "Use at least 12 characters, without the login, and not a common password.",
  },
  internal: {
    what: "Something went wrong inside.",
    next: "Try again; if it stays, tell the system administrator the code.",
  },
  "cross-site": {
    what: "The request came from another site and was refused.",
    next: "Open the gate's own address and try there.",
  },
  "body-too-large": { what: "What was sent is too large.", next: "Shorten it and try again." },
  "media-type": { what: "What was sent has the wrong form.", next: "Reload the page and try again." },
  offline: {
    what: "The gate cannot be reached.",
    next: "Check the network and try again; what you see may be out of date.",
  },
  unexpected: {
    what: "The answer was not understood.",
    next: "Reload and try again; if it stays, tell the system administrator.",
  },
};
