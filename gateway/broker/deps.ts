/**
 * What the use cases stand on: ports and rooms, handed in once by the composition root. Each use case takes only the
 * parts it needs (`Pick<BrokerDeps, "database" | "clock">`).
 */
import type {
  BlobStore,
  Calendar,
  CheckpointLog,
  Clock,
  Database,
  Ids,
  LdapPort,
  NodeId,
  OidcPort,
  RecordingId,
} from "../domain/index.js";
import type { Bundles, Policy } from "../policy/index.js";
import type { FinishedRecording, Library, Recorder } from "../recording/index.js";
import type { Vault } from "../vault/index.js";
import type { Notice } from "./broker.js";

export interface BrokerConfig {
  /** How people reach the page; its origin is what the enrolment link and the one-time code's issuer name. */
  readonly publicUrl: string;
  /** How people reach the SSH door. */
  readonly sshPublic: { readonly host: string; readonly port: number };
  /** A demo installation: skips nothing of the checks, only the bootstrap bar on assets. */
  readonly demo: boolean;
  /** `host:port` exceptions to the address rules (sandbox, lab); never settable on a page. */
  readonly allowTargets: readonly string[];
  /** The gate's own services (doors, page, database, guacd, object store), which no asset may point at. */
  readonly ownServices: readonly { readonly address: string; readonly port: number }[];
  /** A session without input or output for so long ends as `idle`. */
  readonly idleMs: number;
  /** How often what has fallen due is looked for: reviews, dormant accounts, retention, a changed policy folder, old links. */
  readonly sweepMs: number;
  /** A connection lives so long at most. */
  readonly maxSessionMs: number;
  /** Bytes of a channel without a terminal that are kept; past it the digest goes on. */
  readonly keepBytes: number;
  /** Live sessions one person may hold, and the node in all. */
  readonly maxSessionsPerPerson: number;
  readonly maxSessions: number;
  /** A pending request lapses after so long. */
  readonly requestTtlMs: number;
}

/** Reaches a target without a session: to read its key, or to try a credential. Addresses were checked by the caller. */
export interface TargetProbe {
  /** The host key as OpenSSH one line; rejects with `target-unreachable`. */
  scanHostKey(target: { readonly address: string; readonly port: number; readonly legacy: boolean }): Promise<string>;
  testCredential(target: {
    readonly address: string;
    readonly port: number;
    readonly username: string;
    readonly hostKey: string;
    readonly legacy: boolean;
    readonly credential:
      | { readonly kind: "password"; readonly password: string }
      | { readonly kind: "key"; readonly privateKey: string; readonly passphrase?: string };
  }): Promise<"ok" | "refused" | "unreachable" | "too-old" | "key-changed">;
}

/** Reaches a desktop without a session. Addresses were checked by the caller. */
export interface DesktopProbe {
  /** The certificate that the host shows, as `x509-sha256 <64 hex digits>`; rejects with `target-unreachable`, or `target-too-old` when it shows none. */
  scanCertificate(target: { readonly address: string; readonly port: number }): Promise<string>;
}

export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  detail?: Readonly<Record<string, unknown>>,
) => void;

/** What comes from outside, and what it may give here. */
export interface Directories {
  readonly oidc: OidcPort | null;
  readonly ldap: LdapPort | null;
  /** Names of groups whose members are operators; nothing else can be mapped. */
  readonly operatorGroups: readonly string[];
  /** Whether a first sign-in makes the person. */
  readonly justInTime: boolean;
  /** How often each linked person is asked after, 5 minutes at most. */
  readonly checkMs: number;
  /** How long a directory may be unreachable until those it vouches for are let go. */
  readonly graceMs: number;
}

export interface BrokerDeps {
  readonly database: Database;
  readonly checkpoints: CheckpointLog;
  readonly vault: Vault;
  readonly policy: Policy;
  /** The policy folder beside the policy in force. */
  readonly bundles: Bundles;
  readonly recorder: Recorder;
  readonly library: Library;
  /** `Recover` of the recording room with its own dependencies bound: seals what a dead process of this node left open. */
  readonly recover: (
    openIds: readonly RecordingId[],
  ) => Promise<readonly (FinishedRecording & { readonly recordingId: RecordingId })[]>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly nodeId: NodeId;
  readonly config: BrokerConfig;
  /** Every address a host name has now; rejects when it has none. Literal addresses never come here. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly probe: TargetProbe;
  readonly desktopProbe: DesktopProbe;
  readonly calendar: Calendar;
  readonly directories: Directories;
  /** Where duties documents lie, beside the recordings: names under `documents/`. */
  readonly documents: BlobStore;
  /** Tells pages that something changed; never throws. */
  readonly notify: (notice: Notice) => void;
  readonly log: Log;
}
