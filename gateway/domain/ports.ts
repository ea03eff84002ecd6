/**
 * The ports other rooms implement: clock, ids, database, blobs, the session's tap. The domain itself does no I/O.
 */
import type { AccessRequest, Approval, Grant, RequestItem } from "./access.js";
import type { Account, Asset, Entitlement } from "./assets.js";
import type { AuditEntry, AuditRow, Checkpoint } from "./audit.js";
import type { Ticket } from "./desktop.js";
import type { Alert, Channel, Connection, InputOpening, NodeRow, Recording, Session, Transfer } from "./sessions.js";
import type { ExternalIdentity, ScimGroup, ScimToken } from "./directory.js";
import type { Challenge, DeviceKey, Passkey, PasswordHistoryEntry, TerminalApproval } from "./factors.js";
import type { Person, PersonKey, PowerHolding, RecoveryCode, RoleHolding, WebSession } from "./people.js";
import type { BreakGlassSeal, LegalHold, Proposal } from "./proposals.js";
import type { Contract, ReviewItem, Signature, Unit, Vendor } from "./registry.js";

export interface Clock {
  /** Epoch milliseconds, UTC. */
  now(): number;
  /** Microseconds of a clock that never goes back; no relation to the wall. */
  monotonicUs(): number;
}

/** Local dates of the installation's time zone. Implementation beside `main.ts`. */
export interface Calendar {
  /** IANA name, e.g. `Asia/Shanghai`. */
  readonly zone: string;
  /** The first moment of a local date `YYYY-MM-DD`, and the first moment after it; undefined for what is no date. */
  day(date: string): { readonly startsAt: number; readonly endsAt: number } | undefined;
  /** The local date at a moment. */
  dateOf(at: number): string;
  /** The next moment at which local clocks show `HH:MM`, strictly after `after`. */
  nextTime(clockTime: string, after: number): number;
}

export interface Ids {
  /** A new UUIDv7. */
  next(): string;
}

type Comparable = string | number;
/** What one column must satisfy. A bare value means equal; null means IS NULL. */
export type Condition<V> =
  | V
  | { readonly in: readonly V[] }
  | { readonly not: V }
  | (V extends Comparable | null ? { readonly lt?: V; readonly lte?: V; readonly gt?: V; readonly gte?: V } : never)
  | (V extends string | null ? { readonly contains: string } : never);

export type Where<Row> = { readonly [K in keyof Row]?: Condition<Row[K]> };

export interface FindOptions<Row> {
  readonly orderBy?: keyof Row & string;
  readonly descending?: boolean;
  /** At most 1,000; 100 unless told. */
  readonly limit?: number;
  readonly offset?: number;
}

/** One table. Rows are immutable values; `update` is compare-and-set, the base of every state transition. */
export interface Store<Row extends { readonly id: string }> {
  get(id: Row["id"]): Promise<Row | undefined>;
  find(where: Where<Row>, options?: FindOptions<Row>): Promise<Row[]>;
  count(where: Where<Row>): Promise<number>;
  /** Rejects with code `conflict` when the id or another unique column is taken. */
  insert(row: Row): Promise<void>;
  /** The same for many, in few statements. */
  insertAll(rows: readonly Row[]): Promise<void>;
  /** Applies `patch` to the row if it also satisfies `expect`; says whether it did. Atomic in one statement. */
  update(id: Row["id"], patch: Partial<Row>, expect?: Where<Row>): Promise<boolean>;
}

export interface Setting {
  readonly id: string;
  readonly value: string;
}

/** A blind-indexed, sealed line of search text: a typed command, a file, or a line of the screen. */
export interface SearchEntry {
  readonly id: string;
  readonly recordingId: string;
  readonly kind: "command" | "file" | "screen";
  readonly atUs: number;
  readonly at: number;
  /** Sealed by the vault under the recording. */
  readonly sealed: string;
}

export interface SearchStore {
  /** `tokens`: 8-byte blind tokens in hex for each entry. */
  add(entries: readonly (SearchEntry & { readonly tokens: readonly string[] })[]): Promise<void>;
  /** Entries that carry every one of `tokens`, newest first, of the recordings named (all if undefined). */
  find(query: {
    readonly tokens: readonly string[];
    readonly kind?: SearchEntry["kind"];
    readonly recordingIds?: readonly string[];
    /** Only recordings of these units. */
    readonly unitIds?: readonly string[];
    readonly before?: number;
    readonly limit: number;
  }): Promise<SearchEntry[]>;
  ofRecording(recordingId: string, kinds: readonly SearchEntry["kind"][]): Promise<SearchEntry[]>;
  removeRecording(recordingId: string): Promise<void>;
}

/** Append-only: nothing changes or removes a row. */
export interface AuditLog {
  /** In a transaction: written in it, canonicalised, id and time added. Visible to the sequencer after commit. */
  append(entry: AuditEntry): Promise<void>;
  /** The same for many, in this order and in few statements. */
  appendAll(entries: readonly AuditEntry[]): Promise<void>;
  find(where: Where<AuditRow>, options?: FindOptions<AuditRow>): Promise<AuditRow[]>;
}

export interface Stores {
  readonly settings: Store<Setting>;
  readonly units: Store<Unit>;
  readonly people: Store<Person>;
  readonly recoveryCodes: Store<RecoveryCode>;
  readonly personKeys: Store<PersonKey>;
  readonly powers: Store<PowerHolding> & { remove(id: PowerHolding["id"]): Promise<boolean> };
  readonly roles: Store<RoleHolding> & { remove(id: RoleHolding["id"]): Promise<boolean> };
  readonly webSessions: Store<WebSession>;
  readonly vendors: Store<Vendor>;
  readonly contracts: Store<Contract>;
  readonly signatures: Store<Signature>;
  readonly reviewItems: Store<ReviewItem>;
  readonly proposals: Store<Proposal>;
  readonly breakGlassSeals: Store<BreakGlassSeal>;
  readonly legalHolds: Store<LegalHold>;
  readonly passkeys: Store<Passkey>;
  readonly challenges: Store<Challenge> & { removeOlder(expiredBefore: number): Promise<number> };
  readonly terminalApprovals: Store<TerminalApproval> & { removeOlder(expiredBefore: number): Promise<number> };
  readonly deviceKeys: Store<DeviceKey>;
  readonly passwordHistory: Store<PasswordHistoryEntry>;
  readonly externalIdentities: Store<ExternalIdentity>;
  readonly scimTokens: Store<ScimToken>;
  readonly scimGroups: Store<ScimGroup> & { remove(id: string): Promise<boolean> };
  readonly tickets: Store<Ticket> & { removeOlder(expiredBefore: number): Promise<number> };
  readonly assets: Store<Asset>;
  readonly accounts: Store<Account>;
  readonly entitlements: Store<Entitlement>;
  readonly requests: Store<AccessRequest>;
  readonly requestItems: Store<RequestItem>;
  readonly approvals: Store<Approval>;
  readonly grants: Store<Grant>;
  readonly sessions: Store<Session>;
  readonly connections: Store<Connection>;
  readonly channels: Store<Channel>;
  readonly recordings: Store<Recording>;
  readonly transfers: Store<Transfer>;
  readonly inputOpenings: Store<InputOpening>;
  readonly alerts: Store<Alert>;
  readonly nodes: Store<NodeRow>;
  readonly search: SearchStore;
  readonly audit: AuditLog;
}

export interface Database {
  /** Reads outside any transaction. Its writing methods reject: all writes go through `write`. */
  readonly read: Stores;
  /**
   * One transaction. On SQLite all writes go through one queue. Commits when `work` resolves, rolls back when it rejects.
   * Do no I/O but the stores inside. Rejects with `storage-unavailable` when the database does not answer within its bound.
   */
  write<T>(work: (tx: Stores) => Promise<T>): Promise<T>;
  /** Resolves when the database answers a trivial query. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface CheckpointLog {
  latest(): Promise<Checkpoint | undefined>;
  list(limit: number): Promise<Checkpoint[]>;
  /** Gives leaf numbers to committed events and, when the tree grew, signs a checkpoint. Called by one sequencer each second. */
  advance(): Promise<Checkpoint | undefined>;
  /** RFC 6962 inclusion proof of a leaf in the tree of `size` leaves, as base64 hashes. */
  inclusion(seq: number, size: number): Promise<string[]>;
  consistency(from: number, to: number): Promise<string[]>;
}

export interface BlobWriter {
  readonly size: number;
  /** Resolves when the bytes were handed to the operating system. One at a time. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when what was appended before is on stable storage. */
  sync(): Promise<void>;
  /** Complete and closed; nothing is appended afterwards. On a remote store: uploaded. */
  finish(): Promise<void>;
  /** Closes the handle without completing (crash-like, or to reopen). */
  abandon(): Promise<void>;
}

export interface BlobReader {
  readonly size: number;
  /** Exactly the bytes in `[offset, offset + length)`, fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Where containers and their derived files live. Names: `[a-z0-9/._-]+`, no `..`. */
export interface BlobStore {
  /** Rejects with `conflict` when the name exists: nothing is ever overwritten. */
  create(name: string): Promise<BlobWriter>;
  /** Continues an unfinished blob after a restart, cut to `size`. */
  reopen(name: string, size: number): Promise<BlobWriter>;
  open(name: string): Promise<BlobReader | undefined>;
  list(prefix: string): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
  /** Free bytes where new bytes land, and whether a write works now. */
  health(): Promise<{ readonly freeBytes: number; readonly writable: boolean }>;
}
