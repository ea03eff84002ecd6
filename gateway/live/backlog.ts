/**
 * How much one peer has not taken yet: what the engine still holds plus what lies in the connection. A peer that falls
 * behind the bound is cut; the session it watches never waits for it.
 */
import type { Duplex } from "node:stream";

/** Somewhat more than one burst of a fast terminal; a slower watcher asks again and gets the newest screen. */
export const BACKLOG_MAX_BYTES = 8 * 1024 * 1024;

export interface Backlog {
  /** Says that so many bytes are being handed over; answers whether the peer still keeps up. */
  add(bytes: number): boolean;
  readonly bytes: number;
}

/** @param engine emits `flush` when it passes all it holds to the connection. */
export function createBacklog(
  engine: { on(event: "flush", listener: () => void): unknown },
  connection: Duplex,
): Backlog {
  let held = 0;
  engine.on("flush", () => {
    held = 0;
  });
  return {
    add(bytes) {
      held += bytes;
      return this.bytes <= BACKLOG_MAX_BYTES;
    },
    get bytes() {
      return held + connection.writableLength;
    },
  };
}
