/** What the door is given: the broker's parts it may call, pure rules from other rooms, limits, and where it listens. */
import type { Broker } from "../../broker/index.js";
import type { Clock } from "../../domain/index.js";

/** What a command given to `exec` is; the policy room's `classifyExec` gives it. */
export type ExecVerdict =
  | { readonly kind: "command" }
  | { readonly kind: "shell"; readonly why: string }
  | {
      readonly kind: "scp" | "rsync" | "sftp";
      readonly reads: boolean;
      readonly writes: boolean;
      readonly path: string;
    };

/** Tells what answers a password prompt apart from other typing; the recording room's splitter gives it. One a channel. */
export interface PasswordPrompt {
  /** What the target shows, as it comes. */
  output(bytes: Uint8Array): void;
  /** What the operator types, split in order; `secret` parts answer a prompt. */
  input(bytes: Uint8Array): readonly { readonly bytes: Uint8Array; readonly secret: boolean }[];
}

export interface SshDoorLimits {
  /** Open connections in all, and from one address (IPv6: one /64). */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Connections that have not signed in; past it the oldest of the address that holds most is dropped. */
  readonly unauthenticated: number;
  /** From accept to the first sign-in attempt, and to the end of signing in. */
  readonly handshakeMs: number;
  readonly loginGraceMs: number;
  /** Password-and-code rounds and key offers on one connection. */
  readonly signInRounds: number;
  readonly keyOffers: number;
  readonly channelsPerConnection: number;
  readonly rekeyBytes: number;
  readonly rekeyMs: number;
  readonly keepaliveMs: number;
  /** How long the menu or a question may stand untouched. */
  readonly menuIdleMs: number;
  readonly dialMs: number;
  /** Bytes of one channel on their way to the recorder, each direction. */
  readonly inFlightBytes: number;
}

export const DEFAULT_LIMITS: SshDoorLimits = {
  connections: 4_096,
  connectionsPerAddress: 64,
  unauthenticated: 256,
  handshakeMs: 15_000,
  loginGraceMs: 90_000,
  signInRounds: 3,
  keyOffers: 12,
  channelsPerConnection: 64,
  rekeyBytes: 1024 ** 3,
  rekeyMs: 3_600_000,
  keepaliveMs: 15_000,
  menuIdleMs: 600_000,
  dialMs: 10_000,
  inFlightBytes: 512 * 1024,
};

export interface SshDoorDeps {
  readonly broker: Pick<Broker, "identity" | "access" | "sessions"> & {
    readonly factors: Pick<Broker["factors"], "askTerminal" | "awaitTerminal" | "signInByDeviceKey">;
  };
  /** OpenSSH private key text, ed25519. */
  readonly hostKey: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Shown where a person must go on in the browser. */
  readonly publicUrl: string;
  readonly classifyExec: (command: string, options: { readonly pty: boolean }) => ExecVerdict;
  readonly createPasswordPrompt: () => PasswordPrompt;
  readonly clock: Clock;
  readonly log: (level: "info" | "warn" | "error", message: string, detail?: Readonly<Record<string, unknown>>) => void;
  readonly limits?: Partial<SshDoorLimits>;
}

/** The same with every limit filled in; what the files of this door take. */
export type DoorContext = Omit<SshDoorDeps, "limits"> & { readonly limits: SshDoorLimits };
