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
    next: "Correct it and try again.",
  },
  conflict: {
    what: "It conflicts with something that exists.",
    next: "The name may be taken: choose another, or reload and try again.",
  },
  stale: { what: "It has changed since you looked at it.", next: "Reload, read what it says now, then act." },
  "own-request": { what: "Nobody decides what is their own or about them.", next: "Leave it to somebody else." },
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
    what: "The installation is still being set up: each power needs two people, or one and a confirmer of the top unit.",
    next: "The security administrator adds them first.",
  },
  "needs-second-person": {
    what: "This needs another person's confirmation.",
    next: "Ask another person with the same power, or a confirmer.",
  },
  "enrolment-expired": {
    what: "The enrolment link has expired or was used, or its second part is another.",
    next: "Compare the second part if the link asks for one; else ask the security administrator for a new link.",
  },
  "weak-password": {
    what: "The password is too weak.",
    next: "Keep to the rules shown on the page: without the login, not a common password, none of your last ones.",
  },
  "name-taken": {
    what: "This name, or one that looks like it, is there already.",
    next: "Choose a name that cannot be mistaken for another.",
  },
  "vendor-cycle": { what: "A vendor cannot be its own sub-contractor.", next: "Check which vendor works for which." },
  "not-under-contract": {
    what: "The contract, sponsor, vendor or unit of this person does not stand.",
    next: "Check the contract's dates and the sponsor, or ask the sponsor.",
  },
  "outside-contract": {
    what: "The contract does not cover this.",
    next: "Ask for less, or have the contract's scope changed.",
  },
  "needs-signature": {
    what: "The confidentiality and recording declarations are not signed yet.",
    next: "Read and sign them on the page “Declarations”.",
  },
  "step-up-needed": { what: "This asks for a second factor again.", next: "Enter a one-time code or use a passkey." },
  "password-expired": { what: "Your password is too old.", next: "Change it first; then everything is open again." },
  "last-of-power": { what: "Nobody of this power would be left.", next: "Give the power to another person first." },
  "approves-later": {
    what: "Your factors were reset, or came by the proposer, less than a day ago.",
    next: "Leave this decision to another approver.",
  },
  "vendor-person": {
    what: "A vendor's person can be an operator and nothing else.",
    next: "Choose a person of the unit.",
  },
  "passkey-refused": {
    what: "The passkey was not accepted.",
    next: "Try again, or sign in with password and one-time code.",
  },
  "terminal-approval-refused": {
    what: "This approval is over, or the number was wrong.",
    next: "Look at the terminal: start again there and use the new link.",
  },
  "device-key-refused": {
    what: "This asset takes no device key.",
    next: "Sign in to it with password or SSH key, and a one-time code.",
  },
  "directory-unavailable": {
    what: "The directory does not answer.",
    next: "Try again in a minute; local accounts still work.",
  },
  "directory-refused": {
    what: "The directory's answer was not accepted.",
    next: "Start again. If it stays so, tell the security administrator.",
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
