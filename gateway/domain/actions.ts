/**
 * What a grant can allow. Actions are separate: holding one never implies another. Agent forwarding, X11 and remote
 * forwarding have no action, so nothing can grant them.
 */
export const ACTIONS = [
  "ssh.shell",
  "ssh.exec",
  "sftp.read",
  "sftp.write",
  "ssh.forward",
  "rdp.connect",
  "rdp.copy",
  "rdp.paste",
  "rdp.upload",
  "rdp.download",
] as const;
export type Action = (typeof ACTIONS)[number];

/** One `host:port` the target may dial on the operator's behalf under `ssh.forward`. */
export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
}

/** What narrows the actions of an item or a grant. */
export interface Limits {
  /** Required, and not empty, when the actions hold `ssh.forward`. */
  readonly forwardTo: readonly ForwardTarget[];
}

/**
 * What the grant asks of those around it. `watcher`: the session opens only while someone watches (a later issue).
 * `watermark`: the operator's name and the time stand over a desktop, live and in replays.
 */
export type Obligation = "watcher" | "no-download" | "watermark";
