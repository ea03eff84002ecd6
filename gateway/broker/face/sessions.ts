/** Sessions: opening, dialling, watching, ending; and a session as its door holds it. Expected outcomes are `Outcome` values. */
import type {
  Action,
  Actor,
  Asset,
  Channel,
  ChannelKind,
  ChannelTap,
  ClipboardRecord,
  DesktopSettings,
  EndReason,
  ErrorCode,
  ForwardTarget,
  Grant,
  Outcome,
  Recording,
  Session,
  SessionId,
  Tap,
  TapEvent,
  Transfer,
  TransferRecord,
} from "../../domain/index.js";
import type { Admission } from "../admission.js";
import type { Reachable } from "./access.js";
import type { Page, Listing } from "./lists.js";

/**
 * The proof (promise 1). A dial needs one; only `open-session` mints it, from a live grant, a live person and a working
 * recorder. Its constructor is private to the broker: see `admission.ts`.
 */

export interface OpenSession {
  readonly actor: Actor;
  readonly accountLogin: string | null;
  readonly assetName: string;
  readonly protocol: Asset["protocol"];
  readonly client: string;
  /**
   * Called once when the session must end now: the door destroys both sockets, without waiting. What it answers resolves when it
   * has written down what was under way; the recording stays open for that, at most `LAST_WORDS_MS`.
   */
  readonly onEnd: (because: EndReason) => Promise<void> | void;
  /** Called when a session freezes or thaws (database away). */
  readonly onFreeze?: (frozen: boolean) => void;
  /** The node is going down and will end the session at `endsAt` (wall clock): the door tells terminals. */
  readonly onDrain?: (endsAt: number) => void;
}

export type OpenedSession =
  | { readonly kind: "open"; readonly session: LiveSession }
  /** Entitled but without a grant now: the door may show the request screen. */
  | { readonly kind: "ask"; readonly reachable: Reachable }
  /** `not-found` covers unknown, forbidden and ambiguous alike. */
  | { readonly kind: "refused"; readonly code: ErrorCode };

export interface ChannelAsk {
  readonly kind: ChannelKind;
  readonly action: Action;
  readonly detail: string;
  readonly pty?: { readonly term: string; readonly cols: number; readonly rows: number };
  readonly desktop?: { readonly width: number; readonly height: number; readonly dpi: number };
  readonly forwardTo?: ForwardTarget;
}

/** A session as its door holds it. */
export interface LiveSession {
  readonly id: SessionId;
  readonly admission: Admission;
  readonly grant: Grant;
  readonly snapshot: Session["snapshot"];
  readonly tap: Tap;
  readonly ended: boolean;
  /** The wall-clock moment it ends at the latest (grant, 12 hours, for a desktop its page session's end). */
  readonly endsAt: number;
  /** Whether the grant holds this action now; asks nobody, opens nothing. Every refusal must then go through `refuseChannel`. */
  allows(action: Action): boolean;
  /** Checks grant, person and action again, at this moment, then registers and records the channel. Logs its own refusals. */
  openChannel(ask: ChannelAsk): Promise<Outcome<LiveChannel>>;
  /** Counts and logs a channel that was not opened. */
  refuseChannel(ask: { readonly kind: string; readonly detail: string; readonly because: string }): Promise<void>;
  /** Logs a transfer in the recording and as a row and audit event. */
  transfer(channel: LiveChannel, record: TransferRecord): Promise<void>;
  /** Logs a text that passed between the clipboards: the text in the recording alone, its size and digest also as an event. Before it passes. */
  clipboard(channel: LiveChannel, record: ClipboardRecord): Promise<void>;
  /** The operator's own connection is gone; the session goes on without one. Written in the recording and as an event. */
  detached(): Promise<void>;
  /** He is back from the same page session: grant, person and rows are asked again; a connection row, a note and an event. */
  rejoin(actor: Actor, client: string): Promise<Outcome<void>>;
  /** A desktop channel's picture now, for the operator who comes back; see `Library.liveScreens`. */
  picture(channel: LiveChannel): Promise<{ readonly atUs: number; readonly state: string }>;
  /** Logs what was vetoed inside a channel (an sftp write without the right, a forward elsewhere). */
  refuseInChannel(
    channel: LiveChannel,
    detail: { readonly what: string; readonly path?: string; readonly because: string },
  ): Promise<void>;
  /** Operator input or target output just happened: resets the idle clock. On a desktop: keys, mouse and touch alone. */
  touch(): void;
  /** The door's own ending (left, target-closed, idle …). Idempotent; resolves when the recording is closed. */
  end(because: EndReason): Promise<void>;
}

export interface LiveChannel {
  readonly tap: ChannelTap;
  readonly kind: ChannelKind;
  close(exit: string | null): Promise<void>;
}

/** What a dial needs, lent for the length of one callback; see vault. */
export interface DialPlan {
  readonly assetName: string;
  /** The literal address that was checked; connect to this, never to the name again. */
  readonly address: string;
  readonly port: number;
  readonly username: string;
  /** The pinned host key; for a desktop its certificate or `CERTIFICATE_UNCHECKED`. */
  readonly hostKey: string;
  readonly legacyAlgorithms: boolean;
  readonly desktop: DesktopSettings | null;
  readonly credential:
    | { readonly kind: "password"; readonly password: string }
    | { readonly kind: "key"; readonly privateKey: string; readonly passphrase?: string };
}

export interface SessionView extends Session {
  readonly live: boolean;
  readonly endsAt: number | null;
  readonly recording: Recording | null;
  readonly watchers: number;
}

export interface SessionUseCases {
  open(input: OpenSession): Promise<OpenedSession>;
  /**
   * Resolves the target's address once, checks it, opens the credential and calls `use` with the plan. Checks the
   * admission again after every await; refuses when the session has ended meanwhile.
   */
  dial<T>(admission: Admission, use: (plan: DialPlan) => Promise<T>): Promise<Outcome<T>>;
  /** Reported by the door when the target showed another key: alert, audit, end. */
  hostKeyChanged(admission: Admission, shown: string): Promise<void>;
  /** Before the last await of a dial and before the first byte: whether the session may go on at this moment. */
  stillAdmitted(admission: Admission): boolean;
  /** Running sessions: all for approvers, security and audit; one's own for an operator. */
  listLive(actor: Actor): Promise<Outcome<readonly SessionView[]>>;
  list(actor: Actor, page: Page & SessionFilter): Promise<Outcome<Listing<SessionView>>>;
  get(
    actor: Actor,
    id: SessionId,
  ): Promise<
    Outcome<{
      readonly session: SessionView;
      readonly channels: readonly Channel[];
      readonly transfers: readonly Transfer[];
    }>
  >;
  stop(actor: Actor, id: SessionId, reason: string): Promise<Outcome<void>>;
  /** Begins a live watch; authorised now and again each second; ends with the session or the watcher's right. Recorded in both places. */
  watch(
    actor: Actor,
    id: SessionId,
    listener: (event: TapEvent | { readonly type: "ended"; readonly because: EndReason }) => void,
  ): Promise<Outcome<{ readonly stop: () => void; readonly catchUp: WatchStart }>>;
  /** Warns live sessions, waits at most `graceMs`, ends them as `node-drained`. New ones are refused from the call on. */
  drain(graceMs: number): Promise<void>;
}

/** What a watcher draws first: the state of every open terminal and desktop now (`screen`, as `Keyframe.state`; pixels for a desktop). */
export interface WatchStart {
  readonly session: SessionView;
  readonly channels: readonly {
    readonly channel: number;
    readonly kind: ChannelKind;
    readonly detail: string;
    readonly cols: number;
    readonly rows: number;
    readonly pty: boolean;
    readonly screen: string;
  }[];
}

export interface SessionFilter {
  readonly person?: string;
  readonly asset?: string;
  readonly from?: number;
  readonly to?: number;
  /** Words typed or shown in commands. */
  readonly command?: string;
}
