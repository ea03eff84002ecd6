/**
 * The broker's face: every use case that the doors, the page and the command line may call. Each is one file beside this
 * one; `createBroker` binds them to their dependencies. Doors take only the parts they need (`Pick<Broker, "sessions">`).
 *
 * Expected outcomes are `Outcome` values. Every use case that changes or shows something authorises its actor itself:
 * no caller is trusted to have asked first.
 */
import type {
  AccessRequest,
  Account,
  AccountId,
  Action,
  Actor,
  Alert,
  AlertId,
  Approval,
  Asset,
  AssetId,
  AuditRow,
  Channel,
  ChannelKind,
  ChannelTap,
  Checkpoint,
  EndReason,
  Entitlement,
  EntitlementId,
  ErrorCode,
  ForwardTarget,
  Grant,
  GrantId,
  InputOpening,
  InputOpeningId,
  Limits,
  Locale,
  Outcome,
  Person,
  PersonId,
  PersonKey,
  PersonKeyId,
  Power,
  Recording,
  RecordingId,
  RequestId,
  RequestItem,
  Role,
  SearchEntry,
  Session,
  SessionId,
  Tap,
  TapEvent,
  Transfer,
  TransferRecord,
  Unit,
} from "../domain/index.js";

/** ───── who you are ───── */

export type SignInVia = "web" | "ssh-password" | "ssh-key";

export interface SignIn {
  readonly login: string;
  /** Absent for `ssh-key`: the door has verified a signature by a key with this fingerprint. */
  readonly password?: string;
  readonly keyFingerprint?: string;
  /** Six digits, or a recovery code (web only). */
  readonly code: string;
  readonly sourceAddress: string;
  readonly via: SignInVia;
}

export interface WebSignIn {
  readonly actor: Actor;
  /** The opaque cookie value; never stored, only its SHA-256. */
  readonly cookie: string;
  readonly expiresAt: number;
}

export interface EnrolmentOffer {
  readonly login: string;
  readonly displayName: string;
  /** `otpauth://totp/…` and its base32 secret: shown once, to the person enrolling. */
  readonly otpauth: string;
  readonly secret: string;
}

/** A person's own or administrated view; never holds a hash or sealed secret. */
export interface PersonView {
  readonly id: PersonId;
  readonly login: string;
  readonly displayName: string;
  readonly locale: Locale;
  readonly state: Person["state"];
  readonly power: Power | null;
  readonly roles: readonly Role[];
  readonly vendorChain: readonly string[];
  readonly contractEndsAt: number | null;
  readonly enrolled: boolean;
  readonly createdAt: number;
}

export interface IdentityUseCases {
  /** Checks everything, in the same time whatever was wrong; counts, slows, logs. A code is used up by its first success. */
  signIn(input: SignIn): Promise<Outcome<Actor>>;
  /** `signIn` via web plus a cookie. `previous`: a cookie to end (rotation). */
  signInWeb(input: SignIn & { readonly userAgent: string; readonly previous?: string }): Promise<Outcome<WebSignIn>>;
  /**
   * The actor behind a cookie, from rows, at this moment; `unauthenticated` when ended, expired or of an older epoch.
   * `quietly`: asked by the gate itself about what still runs under the cookie; does not count as use.
   */
  resume(cookie: string, sourceAddress: string, more?: { readonly quietly?: boolean }): Promise<Outcome<Actor>>;
  signOut(cookie: string): Promise<void>;
  /** The same person as he is now (after a power, role or state change); `unauthenticated` if he may not act any more. */
  refresh(actor: Actor): Promise<Outcome<Actor>>;
  /** Whether any of the installation's first steps is open; `bootstrap` while a power has fewer than two people. */
  installation(): Promise<{ readonly hasPeople: boolean; readonly bootstrap: boolean; readonly demo: boolean }>;
  /** Makes the one-time link's token (15 minutes) while no person was ever made; undefined afterwards. Replaces an earlier one. */
  makeBootstrapToken(): Promise<string | undefined>;
  /** Creates the first security administrator from that token, and answers his enrolment token. */
  bootstrap(input: {
    readonly token: string;
    readonly login: string;
    readonly displayName: string;
    readonly locale: Locale;
    readonly sourceAddress: string;
  }): Promise<Outcome<{ readonly enrolmentToken: string }>>;
  beginEnrolment(input: { readonly token: string; readonly sourceAddress: string }): Promise<Outcome<EnrolmentOffer>>;
  /** Sets password and factor after one good code; answers ten recovery codes, shown once. */
  completeEnrolment(input: {
    readonly token: string;
    readonly secret: string;
    readonly password: string;
    readonly code: string;
    readonly sourceAddress: string;
  }): Promise<Outcome<{ readonly recoveryCodes: readonly string[] }>>;
  changePassword(
    actor: Actor,
    input: { readonly current: string; readonly next: string; readonly code: string },
  ): Promise<Outcome<void>>;
  me(actor: Actor): Promise<
    PersonView & {
      readonly keys: readonly PersonKey[];
      readonly signIns: readonly { readonly at: number; readonly source: string | null; readonly ok: boolean }[];
    }
  >;
  setLocale(actor: Actor, locale: Locale): Promise<Outcome<void>>;
  addKey(
    actor: Actor,
    input: { readonly name: string; readonly publicKey: string; readonly code: string },
  ): Promise<Outcome<PersonKey>>;
  retireKey(actor: Actor, id: PersonKeyId): Promise<Outcome<void>>;
}

export interface PeopleUseCases {
  list(actor: Actor, page: Page): Promise<Outcome<Listing<PersonView>>>;
  create(
    actor: Actor,
    input: {
      readonly login: string;
      readonly displayName: string;
      readonly locale: Locale;
      readonly power: Power | null;
      readonly roles: readonly Role[];
    },
  ): Promise<Outcome<{ readonly person: PersonView; readonly enrolmentToken: string }>>;
  /** State, power, roles. Exclusivity is checked here and by the schema; each change raises the epoch. Nobody changes himself. */
  change(
    actor: Actor,
    id: PersonId,
    input: {
      readonly state?: Person["state"];
      readonly displayName?: string;
      readonly power?: Power | null;
      readonly roles?: readonly Role[];
    },
  ): Promise<Outcome<PersonView>>;
  /** Resets password and factor: ends all sessions, answers a new enrolment token. */
  resetFactors(actor: Actor, id: PersonId): Promise<Outcome<{ readonly enrolmentToken: string }>>;
  units(actor: Actor): Promise<Outcome<readonly Unit[]>>;
}

/** ───── lists ───── */

export interface Page {
  /** Opaque; from the previous listing. */
  readonly cursor?: string;
  /** 1 … 200; 50 unless told. */
  readonly limit?: number;
}
export interface Listing<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** ───── assets ───── */

export interface AssetView extends Omit<Asset, "pendingChange"> {
  readonly hostKeyFingerprint: string | null;
  readonly pendingChange: {
    readonly host: string;
    readonly port: number;
    readonly hostKeyFingerprint: string | null;
    readonly proposedBy: string;
    readonly proposedAt: number;
  } | null;
}
export interface AccountView extends Omit<Account, "credentialSealed"> {
  readonly assetName: string;
  readonly hasCredential: boolean;
  /** False when the asset's pin changed since the credential was set. */
  readonly credentialBound: boolean;
}
export interface EntitlementView extends Entitlement {
  readonly personLogin: string;
  readonly personName: string;
  readonly accountLogin: string;
  readonly assetName: string;
}

export interface AssetUseCases {
  list(actor: Actor, page: Page & { readonly q?: string }): Promise<Outcome<Listing<AssetView>>>;
  get(
    actor: Actor,
    id: AssetId,
  ): Promise<Outcome<{ readonly asset: AssetView; readonly accounts: readonly AccountView[] }>>;
  create(
    actor: Actor,
    input: {
      readonly name: string;
      readonly protocol: Asset["protocol"];
      readonly host: string;
      readonly port: number;
      readonly description: string;
      readonly legacyAlgorithms: boolean;
    },
  ): Promise<Outcome<AssetView>>;
  /** Connects (address checked) and reads the host's key; shows, does not accept. */
  scanHostKey(
    actor: Actor,
    id: AssetId,
  ): Promise<Outcome<{ readonly publicKey: string; readonly fingerprint: string; readonly matches: boolean }>>;
  /** First confirmation pins it; a different key later is a proposed change that a second administrator confirms. */
  confirmHostKey(actor: Actor, id: AssetId, publicKey: string): Promise<Outcome<AssetView>>;
  /** Name, description and flags at once; host or port as a proposed change (suspends grants, unbinds credentials when confirmed). */
  change(
    actor: Actor,
    id: AssetId,
    input: {
      readonly description?: string;
      readonly legacyAlgorithms?: boolean;
      readonly host?: string;
      readonly port?: number;
    },
  ): Promise<Outcome<AssetView>>;
  confirmChange(actor: Actor, id: AssetId, accept: boolean): Promise<Outcome<AssetView>>;
  retire(actor: Actor, id: AssetId): Promise<Outcome<void>>;
  listAccounts(actor: Actor, page: Page): Promise<Outcome<Listing<AccountView>>>;
  createAccount(
    actor: Actor,
    input: { readonly assetId: AssetId; readonly login: string },
  ): Promise<Outcome<AccountView>>;
  /** Seals and tests it against the host under its pinned key; a credential that does not open is not kept unless `untested`. */
  setCredential(
    actor: Actor,
    id: AccountId,
    input: {
      readonly kind: "password" | "key";
      readonly secret: string;
      readonly passphrase?: string;
      readonly untested?: boolean;
    },
  ): Promise<Outcome<AccountView>>;
  retireAccount(actor: Actor, id: AccountId): Promise<Outcome<void>>;
  /** Entitlements are written by the security administrator. */
  listEntitlements(
    actor: Actor,
    page: Page & { readonly personId?: PersonId },
  ): Promise<Outcome<Listing<EntitlementView>>>;
  createEntitlement(
    actor: Actor,
    input: {
      readonly personId: PersonId;
      readonly accountId: AccountId;
      readonly actions: readonly Action[];
      readonly to: number | null;
    },
  ): Promise<Outcome<EntitlementView>>;
  endEntitlement(actor: Actor, id: EntitlementId): Promise<Outcome<void>>;
}

/** ───── access ───── */

/** One account a person may see: with a live grant, or to ask for. */
export interface Reachable {
  readonly accountId: AccountId;
  readonly accountLogin: string;
  readonly assetId: AssetId;
  readonly assetName: string;
  readonly assetDescription: string;
  readonly protocol: Asset["protocol"];
  /** The most that may be asked for. */
  readonly actions: readonly Action[];
  readonly grant: {
    readonly id: GrantId;
    readonly from: number;
    readonly to: number;
    readonly actions: readonly Action[];
    readonly forwardTo: readonly ForwardTarget[];
  } | null;
  readonly pendingRequestId: RequestId | null;
}

export interface RequestView extends AccessRequest {
  readonly requesterLogin: string;
  readonly requesterName: string;
  readonly vendorChain: readonly string[];
  readonly contractEndsAt: number | null;
  readonly items: readonly (RequestItem & {
    readonly accountLogin: string;
    readonly assetName: string;
    readonly assetHost: string;
    readonly assetPort: number;
    readonly hostKeyFingerprint: string | null;
    readonly legacyAlgorithms: boolean;
  })[];
  readonly approvals: readonly (Approval & { readonly approverLogin: string; readonly approverName: string })[];
  /** Who can agree, as groups, never as persons: e.g. "approvers of Example Bureau". */
  readonly approverGroups: readonly string[];
  readonly grants: readonly Grant[];
  /** Whether the reader may decide it, and if not why. */
  readonly decidable: { readonly ok: true } | { readonly ok: false; readonly code: string };
}

export interface GrantView extends Grant {
  readonly personLogin: string;
  readonly personName: string;
  readonly accountLogin: string;
  readonly assetName: string;
}

export interface AccessUseCases {
  reachable(actor: Actor): Promise<readonly Reachable[]>;
  /** Unknown and forbidden answer the same `outside-entitlement`, in the same time. */
  request(
    actor: Actor,
    input: {
      readonly items: readonly {
        readonly accountId: AccountId;
        readonly actions: readonly Action[];
        readonly limits?: Limits;
      }[];
      readonly reason: string;
      readonly workOrder: string;
      readonly windowFrom?: number;
      readonly durationMs: number;
    },
  ): Promise<Outcome<RequestView>>;
  withdraw(actor: Actor, id: RequestId): Promise<Outcome<void>>;
  /** `digest` must be the one that was shown. Never the requester, never twice, nothing after a decision. */
  decide(
    actor: Actor,
    id: RequestId,
    input: { readonly verdict: "approved" | "denied"; readonly reason: string; readonly digest: string },
  ): Promise<Outcome<RequestView>>;
  get(actor: Actor, id: RequestId): Promise<Outcome<RequestView>>;
  /** `mine`: asked by the actor · `queue`: pending that the actor may decide · `decided`: that the actor decided · `all`: approvers, security and audit. */
  list(
    actor: Actor,
    page: Page & { readonly view: "mine" | "queue" | "decided" | "all" },
  ): Promise<Outcome<Listing<RequestView>>>;
  listGrants(actor: Actor, page: Page & { readonly live?: boolean }): Promise<Outcome<Listing<GrantView>>>;
  revoke(actor: Actor, id: GrantId, reason: string): Promise<Outcome<void>>;
  /** Resolves at the next change of the request's state, or when `signal` aborts (then with the state as it is). */
  waitForDecision(actor: Actor, id: RequestId, signal: AbortSignal): Promise<AccessRequest["state"]>;
}

/** ───── sessions ───── */

/**
 * The proof (promise 1). A dial needs one; only `open-session` mints it, from a live grant, a live person and a working
 * recorder. Its constructor is private to the broker: see `admission.ts`.
 */
export type { Admission } from "./admission.js";
import type { Admission } from "./admission.js";

export interface OpenSession {
  readonly actor: Actor;
  readonly accountLogin: string | null;
  readonly assetName: string;
  readonly protocol: Asset["protocol"];
  readonly client: string;
  /** Called once when the session must end now: the door destroys both sockets, without waiting. */
  readonly onEnd: (because: EndReason) => void;
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
  /** The wall-clock moment it ends at the latest (grant, 12 hours). */
  readonly endsAt: number;
  /** Whether the grant holds this action now; asks nobody, opens nothing. Every refusal must then go through `refuseChannel`. */
  allows(action: Action): boolean;
  /** Checks grant, person and action again, at this moment, then registers and records the channel. Logs its own refusals. */
  openChannel(ask: ChannelAsk): Promise<Outcome<LiveChannel>>;
  /** Counts and logs a channel that was not opened. */
  refuseChannel(ask: { readonly kind: string; readonly detail: string; readonly because: string }): Promise<void>;
  /** Logs a transfer in the recording and as a row and audit event. */
  transfer(channel: LiveChannel, record: TransferRecord): Promise<void>;
  /** Logs what was vetoed inside a channel (an sftp write without the right, a forward elsewhere). */
  refuseInChannel(
    channel: LiveChannel,
    detail: { readonly what: string; readonly path?: string; readonly because: string },
  ): Promise<void>;
  /** Operator input or target output just happened: resets the idle clock. */
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
  readonly hostKey: string;
  readonly legacyAlgorithms: boolean;
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

/** What a watcher draws first: every open terminal's state now. */
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

/** ───── recordings ───── */

export interface ReplayIndex {
  readonly session: SessionView;
  readonly durationUs: number;
  readonly complete: boolean;
  readonly channels: readonly {
    readonly channel: number;
    readonly kind: ChannelKind;
    readonly detail: string;
    readonly pty: boolean;
    readonly fromUs: number;
    readonly toUs: number;
    readonly cols: number;
    readonly rows: number;
  }[];
  /** `text` is a command line, a file name, a note. */
  readonly markers: readonly {
    readonly atUs: number;
    readonly channel: number;
    readonly kind: "command" | "transfer" | "alert" | "note" | "forward";
    readonly text: string;
  }[];
  /** Activity per equal slice of the duration, 0 … 1. */
  readonly activity: readonly number[];
  /** Event times of keyframes, per channel. */
  readonly keyframes: readonly { readonly channel: number; readonly atUs: number }[];
}

/** A stretch of a terminal's replay: state at `fromUs`, then events in `[fromUs, toUs)`. */
export interface ReplaySegment {
  readonly channel: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly screen: { readonly cols: number; readonly rows: number; readonly ansi: string };
  /** `o` output (base64 bytes), `r` resize "COLSxROWS", `g` the gate's own text. */
  readonly events: readonly (readonly [atUs: number, code: "o" | "r" | "g", data: string])[];
}

export interface SearchHit {
  readonly entry: Omit<SearchEntry, "sealed">;
  readonly text: string;
  readonly session: SessionView;
}

export interface RecordingUseCases {
  index(actor: Actor, id: RecordingId): Promise<Outcome<ReplayIndex>>;
  segment(
    actor: Actor,
    id: RecordingId,
    range: { readonly channel: number; readonly fromUs: number; readonly maxUs: number },
  ): Promise<Outcome<ReplaySegment>>;
  /** Typed commands and transferred files. */
  search(
    actor: Actor,
    input: { readonly q: string; readonly kind?: SearchEntry["kind"] } & SessionFilter & { readonly limit?: number },
  ): Promise<Outcome<readonly SearchHit[]>>;
  verify(actor: Actor, id: RecordingId): Promise<Outcome<{ readonly verdict: string; readonly detail: string }>>;
  /** The sealed container as it lies in the store. */
  exportContainer(actor: Actor, id: RecordingId): Promise<Outcome<AsyncIterable<Uint8Array>>>;
  exportAsciicast(actor: Actor, id: RecordingId, channel: number): Promise<Outcome<AsyncIterable<Uint8Array>>>;
  /** Printable text of a terminal, as a person would have read it. */
  exportText(actor: Actor, id: RecordingId, channel: number): Promise<Outcome<AsyncIterable<Uint8Array>>>;
  requestInput(actor: Actor, id: RecordingId, reason: string): Promise<Outcome<InputOpening>>;
  approveInput(actor: Actor, id: InputOpeningId): Promise<Outcome<InputOpening>>;
  /** Only the requester, after another person agreed, until it expires; each read is an event. */
  readInput(
    actor: Actor,
    id: InputOpeningId,
  ): Promise<Outcome<readonly { readonly channel: number; readonly atUs: number; readonly text: string }[]>>;
  listInputOpenings(actor: Actor, page: Page): Promise<Outcome<Listing<InputOpening>>>;
}

/** ───── audit, alerts ───── */

export interface AuditUseCases {
  list(
    actor: Actor,
    page: Page & { readonly verb?: string; readonly objectId?: string; readonly from?: number; readonly to?: number },
  ): Promise<Outcome<Listing<AuditRow & { readonly actorLogin: string | null }>>>;
  checkpoints(actor: Actor): Promise<Outcome<readonly Checkpoint[]>>;
  /** JSON lines: the newest checkpoint, then each leaf with its number; verifiable offline. */
  export(
    actor: Actor,
    range: { readonly from?: number; readonly to?: number },
  ): Promise<Outcome<AsyncIterable<string>>>;
  alerts(actor: Actor, page: Page & { readonly open?: boolean }): Promise<Outcome<Listing<Alert>>>;
  acknowledgeAlert(actor: Actor, id: AlertId): Promise<Outcome<Alert>>;
  resolveAlert(actor: Actor, id: AlertId, resolution: string): Promise<Outcome<Alert>>;
}

/** Something changed that a page may want to fetch again. Carries ids, never content. */
export interface Notice {
  readonly topic: "requests" | "grants" | "sessions" | "alerts" | "people";
  readonly id: string;
  /** Who may be told: persons by id, or everyone holding one of these roles or powers. */
  readonly audience: {
    readonly personIds: readonly PersonId[];
    readonly roles: readonly Role[];
    readonly powers: readonly Power[];
  };
}

export interface Broker {
  readonly identity: IdentityUseCases;
  readonly people: PeopleUseCases;
  readonly assets: AssetUseCases;
  readonly access: AccessUseCases;
  readonly sessions: SessionUseCases;
  readonly recordings: RecordingUseCases;
  readonly audit: AuditUseCases;
  onNotice(listener: (notice: Notice) => void): () => void;
}
