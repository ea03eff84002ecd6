/**
 * Waiting for a browser's word on a terminal. The row is what counts, so that any node may take the approval; it is looked at twice
 * a second, and at once when this node decided it.
 */
import type { Stores, TerminalApproval, TerminalApprovalId } from "../../domain/index.js";
import { isAhead } from "../clock-skew.js";
import type { BrokerDeps } from "../deps.js";

const LOOK_EVERY_MS = 500;

export interface TerminalWaits {
  /** Somebody waits for this one: resolves when it was decided here, the signal aborted, or half a second went by. */
  nextLook(id: TerminalApprovalId, signal: AbortSignal): Promise<void>;
  decided(id: TerminalApprovalId): void;
}

export function createTerminalWaits(): TerminalWaits {
  const waiting = new Map<TerminalApprovalId, Set<() => void>>();
  return {
    nextLook: (id, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wakes = waiting.get(id) ?? new Set();
        waiting.set(id, wakes);
        const wake = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          wakes.delete(wake);
          if (wakes.size === 0) waiting.delete(id);
          resolve();
        };
        const timer = setTimeout(wake, LOOK_EVERY_MS);
        signal.addEventListener("abort", wake, { once: true });
        wakes.add(wake);
      }),
    decided(id) {
      for (const wake of waiting.get(id) ?? []) wake();
    },
  };
}

type Deps = Pick<BrokerDeps, "database" | "clock"> & { readonly waits: TerminalWaits };

/** The row as soon as it is not pending any more, has lapsed, or the signal aborted; undefined when there is none. */
export async function decidedTerminal(
  deps: Deps,
  id: TerminalApprovalId,
  signal: AbortSignal,
): Promise<TerminalApproval | undefined> {
  for (;;) {
    // Registered before the row is read: a decision between the two wakes it.
    const look = deps.waits.nextLook(id, signal);
    const row = await deps.database.read.terminalApprovals.get(id);
    if (row === undefined || row.state !== "pending" || isOver(row, deps.clock.now()) || signal.aborted) return row;
    await look;
  }
}

export function isOver(row: TerminalApproval, now: number): boolean {
  return now >= row.expiresAt || isAhead(row.createdAt, now);
}

/** Takes a pending one back, so that no late approval comes of it; an approved one that nobody used, too. */
export async function withdrawTerminal(tx: Stores, id: TerminalApprovalId, now: number): Promise<boolean> {
  const patch = { state: "refused", decidedAt: now } as const;
  return tx.terminalApprovals.update(id, patch, { state: { in: ["pending", "approved"] } });
}
