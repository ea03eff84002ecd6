/** What policy answers. Pure over a loaded bundle; deny is the default and a rule that errors never permits. */
import type { Action, ChannelKind, DeclarationKind, Locale, Obligation, Power, Role } from "../domain/index.js";

export interface PolicyPerson {
  readonly id: string;
  readonly unitId: string;
  readonly vendorChain: readonly string[];
  readonly roles: readonly Role[];
  readonly power: Power | null;
}

export type PolicyQuery =
  /** May this person ask for (or be given) these actions on this account? */
  | {
      readonly act: "request";
      readonly person: PolicyPerson;
      readonly account: { readonly id: string; readonly unitId: string; readonly assetId: string };
      readonly action: Action;
      readonly entitled: boolean;
      readonly durationMs: number;
    }
  /** May this person decide that request? */
  | {
      readonly act: "approve";
      readonly person: PolicyPerson;
      readonly requester: PolicyPerson;
      readonly already: boolean;
    }
  /** May this action start now under this grant? */
  | {
      readonly act: "use";
      readonly person: PolicyPerson;
      readonly account: { readonly id: string; readonly unitId: string; readonly assetId: string };
      readonly action: Action;
      readonly granted: boolean;
      readonly grantLive: boolean;
    }
  /** May this person watch, stop, replay or export that session? */
  | {
      readonly act: "watch" | "stop" | "replay" | "export" | "search" | "open-input";
      readonly person: PolicyPerson;
      readonly owner: PolicyPerson;
    };

export interface PolicyDecision {
  readonly allowed: boolean;
  /** Ids of the rules that determined it; `default-deny` when none permitted; `error` when one failed. */
  readonly decidedBy: readonly string[];
}

/** How many must say yes and how long a grant may last, from approvals.yaml. */
export interface ApprovalRule {
  readonly id: string;
  readonly approvals: number;
  readonly longestMs: number;
  /** What its grants ask of those around them. */
  readonly obligations: readonly Obligation[];
}

/** What a command given to `exec` is, from its own words (tree-sitter-bash; exact, no shell is run). */
export type ExecVerdict =
  /** A readable command: `ssh.exec` covers it. */
  | { readonly kind: "command" }
  /** Interpreter on stdin, editor, multiplexer, bare shell, or not readable: needs `ssh.shell`. `why` is a stable code. */
  | { readonly kind: "shell"; readonly why: string }
  /** `scp -t/-f`, `rsync --server`, `sftp-server`, exactly and alone. */
  | {
      readonly kind: "scp" | "rsync" | "sftp";
      readonly reads: boolean;
      readonly writes: boolean;
      readonly path: string;
    };

/** How people sign in and for how long, from sign-in.yaml. Durations in milliseconds. */
export interface SignInPolicy {
  readonly password: PasswordPolicy;
  /** Page sessions: unused, and in all. */
  readonly idleMs: number;
  readonly longestMs: number;
  /** How long a second factor counts for approving, revealing, exporting. */
  readonly stepUpMs: number;
  readonly terminal: { readonly otherAddress: boolean };
  readonly deviceKeys: {
    readonly allowed: boolean;
    readonly longestMs: number;
    /** Local `HH:MM` at which the working day ends; a key made later lives until then tomorrow only if that is within `longestMs`. */
    readonly until: string;
    readonly otherAddress: boolean;
    /** What a key's own end is to the sessions that it opened: they go on as long as their grants do, or end with it. */
    readonly atEnd: "go-on" | "end";
  };
  readonly review: { readonly everyDays: number; readonly remindDays: number; readonly answerDays: number };
}

export interface PasswordPolicy {
  readonly preset: "modern" | "dengbao";
  readonly leastCharacters: number;
  /** Of capital letters, small letters, digits and others, how many kinds at least; 0: not asked. */
  readonly leastKinds: number;
  /** Null: no forced change. */
  readonly longestDays: number | null;
  /** So many former passwords are refused. */
  readonly history: number;
  /** Unused so long, the account is disabled; null: never. */
  readonly dormantDays: number | null;
}

export interface Declaration {
  readonly kind: DeclarationKind;
  readonly texts: Readonly<Record<Locale, { readonly text: string; readonly digest: string }>>;
}

export interface Policy {
  /** `installation`: the language the installation was made in; the preset of passwords may hang on it. */
  signIn(installation: Locale): SignInPolicy;
  readonly declarations: readonly Declaration[];
  /** Hex SHA-256 over the bundle's files; in `policy.loaded`. */
  readonly digest: string;
  decide(query: PolicyQuery): PolicyDecision;
  approvalRule(query: {
    readonly actions: readonly Action[];
    readonly unitId: string;
    readonly vendor: boolean;
  }): ApprovalRule;
  classifyExec(command: string, options: { readonly pty: boolean }): ExecVerdict;
}

export type { ChannelKind };
