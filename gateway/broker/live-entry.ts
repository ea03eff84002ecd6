/** One session as this node holds it, from before its first await until its recording is closed. */
import type {
  Channel,
  ChannelOutcome,
  ChannelTap,
  ConnectionId,
  DeviceKeyId,
  EndReason,
  Grant,
  PasskeyId,
  PersonId,
  PersonStanding,
  RecordingId,
  Session,
  SessionId,
  UnitId,
  WebSessionId,
} from "../domain/index.js";
import type { OpenTap } from "../recording/index.js";
import type { Admission } from "./admission.js";

export interface OpenChannel {
  readonly row: Channel;
  readonly tap: ChannelTap;
  readonly pty: { readonly cols: number; readonly rows: number } | null;
  readonly desktop: { readonly width: number; readonly height: number } | null;
  /** Set by the first who closes it. */
  closing: Promise<ChannelOutcome> | null;
}

export interface LiveWatcher {
  /** Asks again whether the watcher may; ends the watch when not. */
  readonly recheck: () => Promise<void>;
  readonly end: (because: EndReason) => void;
}

/** What let the person in on SSH, as last read. */
export interface WayIn {
  /** Why it lets him in here no more; null while it does. */
  readonly because: Extract<EndReason, "sign-in-ended" | "device-key-refused"> | null;
  /** Wall clock: when it ends the session of itself; `Infinity` where it does not. */
  readonly endsAt: number;
}

export interface LiveEntry {
  readonly id: SessionId;
  readonly unitId: UnitId;
  readonly personId: PersonId;
  readonly sourceAddress: string;
  readonly admission: Admission;
  readonly recordingId: RecordingId;
  /** The newest: an operator who comes back to his desktop has another. */
  connectionId: ConnectionId;
  /** The page session that opened a desktop, and ends it; null for anything else. */
  readonly webSessionId: WebSessionId | null;
  /** The device key that let him in, and ends what it opened; null for anything else. */
  readonly deviceKeyId: DeviceKeyId | null;
  /** The passkey that approved his terminal or that device key, and ends what it let in; null for anything else. */
  readonly passkeyId: PasskeyId | null;
  /** The person's credential epoch when the session opened. */
  readonly epoch: number;
  readonly startedAt: number;
  /** Wall clock: grant, twelve hours, the page session's own end. */
  readonly endsAt: number;
  /** The same moments on the clock that never goes back. */
  readonly endsAtUs: number;
  readonly tooOldAtUs: number;
  readonly pageEndsAtUs: number;
  readonly onEnd: (because: EndReason) => Promise<void> | void;
  readonly onFreeze: ((frozen: boolean) => void) | undefined;
  readonly onDrain: ((endsAt: number) => void) | undefined;
  /** As last read. */
  grant: Grant;
  person: PersonStanding | undefined;
  /** Whether that page session stands; true where there is none. */
  pageStands: boolean;
  wayIn: WayIn;
  /** Its end on the clock that never goes back, from when it was first read. */
  wayInEndsAtUs: number;
  snapshot: Session["snapshot"] | null;
  open: OpenTap | null;
  frozen: boolean;
  activeAtUs: number;
  ended: EndReason | null;
  closed: Promise<void> | null;
  /** Whether rows were written that the closing must complete. */
  stored: boolean;
  readonly channels: Set<OpenChannel>;
  readonly watchers: Set<LiveWatcher>;
  /** Channels and acts that were refused so far. */
  refusals: number;
}
