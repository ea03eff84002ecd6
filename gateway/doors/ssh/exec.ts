/** What a channel's start asks for: which kind it is recorded as, which rights it needs, what is launched. Pure. */
import type { Action, ChannelKind } from "../../domain/index.js";
import type { ExecVerdict } from "./door-deps.js";

export type Start =
  | { readonly type: "shell" }
  | { readonly type: "exec"; readonly command: string }
  | { readonly type: "subsystem"; readonly name: string };

export interface ChannelPlan {
  readonly kind: ChannelKind;
  /** All of `every`, and at least one of `some` when it is not empty. */
  readonly every: readonly Action[];
  readonly some: readonly Action[];
  readonly detail: string;
  readonly guard: "prompt" | "sftp" | "scp" | "none";
  /** Of a transfer by exec. */
  readonly path?: string;
  /** Why more than `ssh.exec` is needed, as the classifier named it. */
  readonly why?: string;
}

/** Undefined: a subsystem that is not known here. */
export function planChannel(
  start: Start,
  pty: boolean,
  classify: (command: string, options: { readonly pty: boolean }) => ExecVerdict,
): ChannelPlan | undefined {
  switch (start.type) {
    case "shell":
      return { kind: "shell", every: ["ssh.shell"], some: [], detail: "shell", guard: "prompt" };
    case "subsystem":
      return start.name === "sftp" ? sftpPlan("sftp") : undefined;
    case "exec":
      return planExec(start.command, pty, classify(start.command, { pty }));
  }
}

function sftpPlan(detail: string): ChannelPlan {
  return { kind: "sftp", every: [], some: ["sftp.read", "sftp.write"], detail, guard: "sftp" };
}

function planExec(command: string, pty: boolean, verdict: ExecVerdict): ChannelPlan {
  // With a terminal a command can be talked with: it needs what a shell needs.
  if (verdict.kind === "shell" || pty) {
    const why = verdict.kind === "shell" ? verdict.why : "pty";
    return { kind: "exec", every: ["ssh.shell"], some: [], detail: command, guard: "prompt", why };
  }
  if (verdict.kind === "command")
    return { kind: "exec", every: ["ssh.exec"], some: [], detail: command, guard: "prompt" };
  if (verdict.kind === "sftp") return sftpPlan(command);
  const every: Action[] = [
    ...(verdict.reads ? (["sftp.read"] as const) : []),
    ...(verdict.writes ? (["sftp.write"] as const) : []),
  ];
  // A transfer that says neither is not understood.
  if (every.length === 0)
    return { kind: "exec", every: ["ssh.shell"], some: [], detail: command, guard: "prompt", why: "unreadable" };
  return {
    kind: verdict.kind,
    every,
    some: [],
    detail: command,
    path: verdict.path,
    guard: verdict.kind === "scp" ? "scp" : "none",
  };
}

const ENV_NAME = /^(?:LANG|LANGUAGE|LC_[A-Z]{1,20}|COLORTERM|TZ)$/;
const ENV_VALUE = /^[\x20-\x7e]{0,256}$/;

/** Whether an environment variable may be handed on. */
export function envAllowed(name: string, value: string): boolean {
  return ENV_NAME.test(name) && ENV_VALUE.test(value);
}

/** Enough for what people pipe a secret into; a longer command is not worth the time. */
const LOOKED_AT = 2_000;
const SECRET_ON_STDIN =
  /\bsudo\s(?:[^|;&]*\s)?(?:-(?=[A-Za-z]*S)[A-Za-z]+|--stdin)(?:\s|$)|\bpasswd\s[^|;&]*--stdin\b|--password-stdin\b/;

/** Whether the command says that the first line of its input is a secret: a pipe sends it before any prompt could show. */
export function readsSecretFirst(command: string): boolean {
  return SECRET_ON_STDIN.test(command.slice(0, LOOKED_AT));
}
