/** Tables of people: who they are, what opens them, what they hold, what lets their browsers in. */
import type {
  Person,
  PersonKey,
  PowerHolding,
  RecoveryCode,
  RoleHolding,
  Ticket,
  WebSession,
} from "../../domain/index.js";
import { table } from "../table.js";

export const people = table<Person>("person", {
  id: "text",
  unitId: "text",
  login: "text",
  displayName: "text",
  locale: "text",
  state: "text",
  vendorId: "text?",
  contractId: "text?",
  sponsorId: "text?",
  identityKey: "text?",
  identitySealed: "text?",
  identityTail: "text?",
  email: "text?",
  passwordAt: "text",
  approvesFrom: "integer?",
  reviewedAt: "integer",
  lastSignInAt: "integer?",
  passwordHash: "text?",
  passwordChangedAt: "integer?",
  totpSealed: "text?",
  totpLastStep: "integer",
  totpEnrolledAt: "integer?",
  enrolmentHash: "text?",
  enrolmentExpiresAt: "integer?",
  failures: "integer",
  lastFailureAt: "integer?",
  createdAt: "integer",
  createdBy: "text?",
  credentialEpoch: "integer",
});

export const recoveryCodes = table<RecoveryCode>("recovery_code", { id: "text", personId: "text", usedAt: "integer?" });

export const personKeys = table<PersonKey>("person_key", {
  id: "text",
  personId: "text",
  name: "text",
  publicKey: "text",
  fingerprint: "text",
  createdAt: "integer",
  retiredAt: "integer?",
});

export const powers = table<PowerHolding>("power_holding", {
  id: "text",
  power: "text",
  unitId: "text",
  grantedBy: "text?",
  confirmedBy: "text?",
  createdAt: "integer",
});

export const roles = table<RoleHolding>("role_holding", {
  id: "text",
  personId: "text",
  role: "text",
  unitId: "text",
  grantedBy: "text?",
  confirmedBy: "text?",
  createdAt: "integer",
});

export const webSessions = table<WebSession>("web_session", {
  id: "text",
  personId: "text",
  credentialEpoch: "integer",
  createdAt: "integer",
  lastSeenAt: "integer",
  expiresAt: "integer",
  endedAt: "integer?",
  sourceAddress: "text",
  userAgent: "text",
  steppedUpAt: "integer",
  via: "text",
  passkeyId: "text?",
});

export const tickets = table<Ticket>("ticket", {
  id: "text",
  webSessionId: "text",
  personId: "text",
  accountId: "text",
  sessionId: "text?",
  choices: "json",
  createdAt: "integer",
  expiresAt: "integer",
  usedAt: "integer?",
});
