/** Tables of what lets people in beside password and code, and of how directories know them. */
import type {
  Challenge,
  DeviceKey,
  ExternalIdentity,
  Passkey,
  PasswordHistoryEntry,
  ScimGroup,
  ScimToken,
  TerminalApproval,
} from "../../domain/index.js";
import { table } from "../table.js";

export const passkeys = table<Passkey>("passkey", {
  id: "text",
  personId: "text",
  name: "text",
  publicKey: "text",
  counter: "integer",
  transports: "json",
  backedUp: "boolean",
  createdAt: "integer",
  lastUsedAt: "integer?",
  retiredAt: "integer?",
});

export const challenges = table<Challenge>("challenge", {
  id: "text",
  purpose: "text",
  personId: "text?",
  webSessionId: "text?",
  value: "text",
  createdAt: "integer",
  expiresAt: "integer",
  usedAt: "integer?",
});

export const terminalApprovals = table<TerminalApproval>("terminal_approval", {
  id: "text",
  codeHash: "text",
  number: "text",
  login: "text",
  personId: "text?",
  sourceAddress: "text",
  purpose: "text",
  subject: "text",
  publicKey: "text?",
  pollHash: "text?",
  tries: "integer",
  state: "text",
  createdAt: "integer",
  expiresAt: "integer",
  decidedBy: "text?",
  decidedAt: "integer?",
  passkeyId: "text?",
});

export const deviceKeys = table<DeviceKey>("device_key", {
  id: "text",
  personId: "text",
  name: "text",
  publicKey: "text",
  fingerprint: "text",
  sourceAddress: "text",
  credentialEpoch: "integer",
  passkeyId: "text",
  createdAt: "integer",
  expiresAt: "integer",
  lastUsedAt: "integer?",
  retiredAt: "integer?",
});

export const passwordHistory = table<PasswordHistoryEntry>("password_history", {
  id: "text",
  personId: "text",
  hash: "text",
  at: "integer",
});

export const externalIdentities = table<ExternalIdentity>("external_identity", {
  id: "text",
  personId: "text",
  kind: "text",
  source: "text",
  subject: "text",
  email: "text?",
  sealed: "text?",
  checkedAt: "integer",
  failingSince: "integer?",
  createdAt: "integer",
  retiredAt: "integer?",
});

export const scimTokens = table<ScimToken>("scim_token", {
  id: "text",
  name: "text",
  unitId: "text",
  hash: "text",
  createdBy: "text",
  confirmedBy: "text",
  createdAt: "integer",
  lastUsedAt: "integer?",
  retiredAt: "integer?",
});

export const scimGroups = table<ScimGroup>("scim_group", {
  id: "text",
  tokenId: "text",
  externalId: "text?",
  displayName: "text",
  memberIds: "json",
  createdAt: "integer",
});
