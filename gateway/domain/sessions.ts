/** Sessions, their connections and channels, recordings, transfers, alerts: what happened, as rows. */
import type { Action, Obligation } from "./actions.js";
import type {
  AccountId,
  AlertId,
  AssetId,
  ChannelId,
  ConnectionId,
  GrantId,
  InputOpeningId,
  NodeId,
  PasskeyId,
  PersonId,
  RecordingId,
  SessionId,
  UnitId,
} from "./ids.js";
import type { Protocol } from "./assets.js";

export type SessionState = "opening" | "live" | "frozen" | "ended";
/** Those that have not ended. Asked for by name: of a table that only grows, what is not `ended` is found by no index. */
export const RUNNING_STATES = ["opening", "live", "frozen"] as const satisfies readonly SessionState[];
export type EndReason =
  | "left"
  | "target-closed"
  | "target-unreachable"
  | "expired"
  | "revoked"
  | "bond-ended"
  | "sign-in-ended"
  | "device-key-refused"
  | "stopped"
  | "idle"
  | "recorder-failed"
  | "quota"
  | "too-old"
  | "node-drained"
  | "node-lost";

/** Person, vendor chain, contract and approvers as they were; kept verbatim with the session and in the recording's header. */
export interface SessionSnapshot {
  readonly login: string;
  readonly displayName: string;
  readonly vendorChain: readonly string[];
  readonly contract: string | null;
  readonly accountLogin: string;
  readonly assetName: string;
  readonly assetHost: string;
  readonly assetPort: number;
  readonly reason: string;
  readonly workOrder: string;
  readonly approvers: readonly string[];
  readonly grantFrom: number;
  readonly grantTo: number;
  readonly actions: readonly Action[];
  readonly legacyAlgorithms: boolean;
  /** What the approver was shown about a desktop's certificate; null for SSH. Absent in rows older than desktops. */
  readonly certificate?: "pinned" | "unchecked" | null;
  readonly obligations?: readonly Obligation[];
}

export interface Session {
  readonly id: SessionId;
  readonly unitId: UnitId;
  readonly grantId: GrantId;
  readonly personId: PersonId;
  readonly accountId: AccountId;
  readonly assetId: AssetId;
  readonly nodeId: NodeId;
  readonly protocol: Protocol;
  readonly state: SessionState;
  readonly because: EndReason | null;
  readonly snapshot: SessionSnapshot;
  readonly recordingId: RecordingId;
  readonly sourceAddress: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly leaseUntil: number;
  /** The passkey behind an SSH sign-in, by the browser or by a device key that it approved; null for anything else. */
  readonly passkeyId: PasskeyId | null;
}

export interface Connection {
  readonly id: ConnectionId;
  readonly sessionId: SessionId;
  readonly sourceAddress: string;
  readonly client: string;
  readonly openedAt: number;
  readonly closedAt: number | null;
}

export type ChannelKind = "shell" | "exec" | "sftp" | "scp" | "rsync" | "forward" | "desktop" | "file";
/** How an accepted channel ended up; promise 2 counts them apart and the daily figure of anything else is 0. */
export type ChannelOutcome = "open" | "recorded" | "digested" | "refused";

export interface Channel {
  readonly id: ChannelId;
  readonly sessionId: SessionId;
  readonly connectionId: ConnectionId;
  /** The number in the container, unique in its recording and never reused. */
  readonly number: number;
  readonly kind: ChannelKind;
  readonly detail: string;
  readonly outcome: ChannelOutcome;
  readonly refusedBecause: string | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly exit: string | null;
  readonly openedAt: number;
  readonly closedAt: number | null;
}

export interface Transfer {
  readonly id: string;
  readonly sessionId: SessionId;
  readonly recordingId: RecordingId;
  readonly channelNumber: number;
  readonly direction: "upload" | "download";
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** False when parts came out of order or were missing: the digest is then of what passed, in the order it passed. */
  readonly sequential: boolean;
  /** Microseconds on the recording's clock. */
  readonly atUs: number;
}

export type RecordingState = "open" | "complete" | "recovered" | "removed";

export interface Recording {
  readonly id: RecordingId;
  readonly sessionId: SessionId;
  readonly unitId: UnitId;
  readonly nodeId: NodeId;
  readonly state: RecordingState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly durationUs: number;
  readonly bytes: number;
  readonly frames: number;
  /** Hex of the chain's newest hash that was logged, and of the closing record; see FORMAT.md. */
  readonly headHash: string | null;
  readonly closingHash: string | null;
  /** Keyframes, commands and search text exist since then; null: not derived yet. */
  readonly derivedAt: number | null;
}

/** One act of reading kept input: asked by one person, agreed by another, used within a bound. */
export interface InputOpening {
  readonly id: InputOpeningId;
  readonly recordingId: RecordingId;
  readonly requestedBy: PersonId;
  readonly reason: string;
  readonly requestedAt: number;
  readonly approvedBy: PersonId | null;
  readonly approvedAt: number | null;
  readonly expiresAt: number;
  readonly usedAt: number | null;
}

export type AlertState = "open" | "acknowledged" | "resolved" | "closed";
export type AlertKind =
  | "host-key-changed"
  | "recorder-failed"
  | "storage-full"
  | "recording-recovered"
  | "recording-altered"
  | "login-attack"
  | "quota-exceeded"
  | "asset-repointed"
  | "policy-error"
  | "bootstrap"
  | "break-glass"
  | "contract-ending"
  | "review-due"
  | "directory-unreachable"
  | "last-of-power"
  | "passkey-cloned"
  | "envelopes-missing"
  | "policy-changed";

export interface Alert {
  readonly id: AlertId;
  readonly unitId: UnitId;
  readonly kind: AlertKind;
  readonly state: AlertState;
  /** `noun:id` of what it is about; one open alert per kind and subject. */
  readonly subject: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
  readonly at: number;
  readonly lastAt: number;
  readonly count: number;
  readonly acknowledgedBy: PersonId | null;
  readonly acknowledgedAt: number | null;
  readonly resolution: string | null;
}

export interface NodeRow {
  readonly id: NodeId;
  readonly name: string;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly version: string;
}
