/** Sessions, their channels and transfers. */
import { z } from "zod";
import {
  ACTIONS,
  CERTIFICATES,
  CHANNEL_KINDS,
  CHANNEL_OUTCOMES,
  END_REASONS,
  OBLIGATIONS,
  PROTOCOLS,
  RECORDING_STATES,
  SESSION_STATES,
  TRANSFER_DIRECTIONS,
} from "./constants.js";
import { line, lineOrEmpty, listing, optional, outId, outTime, pageQuery, queryTime } from "./fields.js";

export const recording = z.object({
  id: outId,
  sessionId: outId,
  unitId: outId,
  nodeId: outId,
  state: z.enum(RECORDING_STATES),
  startedAt: outTime,
  endedAt: outTime.nullable(),
  durationUs: z.number(),
  bytes: z.number(),
  frames: z.number(),
  headHash: z.string().nullable(),
  closingHash: z.string().nullable(),
  derivedAt: outTime.nullable(),
});
export type RecordingView = z.infer<typeof recording>;

export const sessionSnapshot = z.object({
  login: z.string(),
  displayName: z.string(),
  vendorChain: z.array(z.string()).readonly(),
  contract: z.string().nullable(),
  accountLogin: z.string(),
  assetName: z.string(),
  assetHost: z.string(),
  assetPort: z.number(),
  reason: z.string(),
  workOrder: z.string(),
  approvers: z.array(z.string()).readonly(),
  grantFrom: outTime,
  grantTo: outTime,
  actions: z.array(z.enum(ACTIONS)).readonly(),
  legacyAlgorithms: z.boolean(),
  /** What the approver was shown; absent in rows older than desktops. */
  certificate: optional(z.enum(CERTIFICATES).nullable()),
  obligations: optional(z.array(z.enum(OBLIGATIONS)).readonly()),
});

export const sessionView = z.object({
  id: outId,
  unitId: outId,
  grantId: outId,
  personId: outId,
  accountId: outId,
  assetId: outId,
  nodeId: outId,
  protocol: z.enum(PROTOCOLS),
  state: z.enum(SESSION_STATES),
  because: z.enum(END_REASONS).nullable(),
  snapshot: sessionSnapshot,
  recordingId: outId,
  sourceAddress: z.string(),
  startedAt: outTime,
  endedAt: outTime.nullable(),
  leaseUntil: outTime,
  live: z.boolean(),
  endsAt: outTime.nullable(),
  recording: recording.nullable(),
  watchers: z.number(),
});
export type SessionView = z.infer<typeof sessionView>;

export const channel = z.object({
  id: outId,
  sessionId: outId,
  connectionId: outId,
  number: z.number(),
  kind: z.enum(CHANNEL_KINDS),
  detail: z.string(),
  outcome: z.enum(CHANNEL_OUTCOMES),
  refusedBecause: z.string().nullable(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  exit: z.string().nullable(),
  openedAt: outTime,
  closedAt: outTime.nullable(),
});
export type ChannelView = z.infer<typeof channel>;

export const transfer = z.object({
  id: z.string(),
  sessionId: outId,
  recordingId: outId,
  channelNumber: z.number(),
  direction: z.enum(TRANSFER_DIRECTIONS),
  path: z.string(),
  size: z.number(),
  sha256: z.string(),
  sequential: z.boolean(),
  atUs: z.number(),
});
export type TransferView = z.infer<typeof transfer>;

/** What narrows a list of sessions or a search. */
export const sessionFilter = {
  person: optional(line(200)),
  asset: optional(line(200)),
  from: optional(queryTime),
  to: optional(queryTime),
  command: optional(lineOrEmpty(500)),
};
export const sessionsQuery = z.strictObject({ ...pageQuery, ...sessionFilter });
export type SessionsQuery = z.input<typeof sessionsQuery>;
export const sessionListing = listing(sessionView);
export type SessionListing = z.infer<typeof sessionListing>;
export const sessionDetail = z.object({
  session: sessionView,
  channels: z.array(channel).readonly(),
  transfers: z.array(transfer).readonly(),
});
export type SessionDetail = z.infer<typeof sessionDetail>;
