/** Tables of what happened: sessions, their connections and channels, recordings, transfers, openings of input, alerts, nodes. */
import type {
  Alert,
  Channel,
  Connection,
  InputOpening,
  NodeRow,
  Recording,
  Session,
  Transfer,
} from "../../domain/index.js";
import { table } from "../table.js";

export const sessions = table<Session>("access_session", {
  id: "text",
  unitId: "text",
  grantId: "text",
  personId: "text",
  accountId: "text",
  assetId: "text",
  nodeId: "text",
  protocol: "text",
  state: "text",
  because: "text?",
  snapshot: "json",
  recordingId: "text",
  sourceAddress: "text",
  startedAt: "integer",
  endedAt: "integer?",
  leaseUntil: "integer",
  passkeyId: "text?",
});

export const connections = table<Connection>("connection", {
  id: "text",
  sessionId: "text",
  sourceAddress: "text",
  client: "text",
  openedAt: "integer",
  closedAt: "integer?",
});

export const channels = table<Channel>("channel", {
  id: "text",
  sessionId: "text",
  connectionId: "text",
  number: "integer",
  kind: "text",
  detail: "text",
  outcome: "text",
  refusedBecause: "text?",
  bytesIn: "integer",
  bytesOut: "integer",
  exit: "text?",
  openedAt: "integer",
  closedAt: "integer?",
});

export const transfers = table<Transfer>("transfer", {
  id: "text",
  sessionId: "text",
  recordingId: "text",
  channelNumber: "integer",
  direction: "text",
  path: "text",
  size: "integer",
  sha256: "text",
  sequential: "boolean",
  atUs: "integer",
});

export const recordings = table<Recording>("recording", {
  id: "text",
  sessionId: "text",
  unitId: "text",
  nodeId: "text",
  state: "text",
  startedAt: "integer",
  endedAt: "integer?",
  durationUs: "integer",
  bytes: "integer",
  frames: "integer",
  headHash: "text?",
  closingHash: "text?",
  derivedAt: "integer?",
});

export const inputOpenings = table<InputOpening>("input_opening", {
  id: "text",
  recordingId: "text",
  requestedBy: "text",
  reason: "text",
  requestedAt: "integer",
  approvedBy: "text?",
  approvedAt: "integer?",
  expiresAt: "integer",
  usedAt: "integer?",
});

export const alerts = table<Alert>("alert", {
  id: "text",
  unitId: "text",
  kind: "text",
  state: "text",
  subject: "text",
  detail: "json",
  at: "integer",
  lastAt: "integer",
  count: "integer",
  acknowledgedBy: "text?",
  acknowledgedAt: "integer?",
  resolution: "text?",
});

export const nodes = table<NodeRow>("node", {
  id: "text",
  name: "text",
  startedAt: "integer",
  seenAt: "integer",
  version: "text",
});
