/** What the gate is told: rights, limits, and whom it tells of transfers and refusals. */
import type { TransferRecord } from "../../../domain/index.js";
import type { RunningHash } from "./handles.js";
import type { SftpRights } from "./table.js";

export interface SftpLimits {
  /** Longest packet either way. OpenSSH's own bound is 256 KiB in all. */
  readonly packetBytes: number;
  /** Operator's packets that wait while a path is resolved (each counted with 64 bytes more). */
  readonly heldBytes: number;
  /** Requests the target has not answered. */
  readonly pending: number;
  readonly handles: number;
  readonly pathBytes: number;
  /** Bytes out of order that wait for their turn, in one transfer and in all. */
  readonly reorderBytes: number;
  readonly reorderTotalBytes: number;
}

export const SFTP_LIMITS: SftpLimits = {
  packetBytes: 256 * 1024 + 1024,
  heldBytes: 4 * 1024 * 1024,
  pending: 4096,
  handles: 512,
  pathBytes: 4096,
  reorderBytes: 8 * 1024 * 1024,
  reorderTotalBytes: 32 * 1024 * 1024,
};

export interface SftpGateOptions {
  readonly rights: SftpRights;
  /** A fresh SHA-256. */
  readonly hash: () => RunningHash;
  /** Each file once its handle was closed, or at the channel's end. */
  readonly onTransfer: (record: TransferRecord) => void;
  /** Each request that was answered here with "permission denied". Texts come from the operator. */
  readonly onRefused: (refusal: { readonly what: string; readonly path: string; readonly because: string }) => void;
  /** Judges a path as the target resolved it. Given, every request with a path is resolved and judged; else only OPEN is resolved. */
  readonly pathAllowed?: (realPath: string, access: "read" | "write") => boolean;
  readonly limits?: Partial<SftpLimits>;
}
