/**
 * How much one peer has not taken yet: what the engine still holds plus what lies in the connection. A peer that falls
 * behind the bound is cut; the session it watches never waits for it. First pictures of desktops are large and come at once,
 * so they have a bound of their own and do not count as falling behind.
 */
import type { Duplex } from "node:stream";

/** Somewhat more than one burst of a fast terminal or a busy desktop; a slower watcher asks again and gets the newest picture. */
export const BACKLOG_MAX_BYTES = 8 * 1024 * 1024;
/** First pictures under way to one peer: several desktops of usual size, or one very large. */
export const PICTURES_MAX_BYTES = 24 * 1024 * 1024;

export interface Backlog {
  /** Says that so many bytes are being handed over; answers whether the peer still keeps up. */
  add(bytes: number): boolean;
  /** The same of first pictures; false, and nothing is counted, when with those under way they are too many. */
  addPictures(bytes: number): boolean;
  readonly bytes: number;
}

/** @param engine emits `flush` when it passes all it holds to the connection. */
export function createBacklog(
  engine: { on(event: "flush", listener: () => void): unknown },
  connection: Duplex,
): Backlog {
  let held = 0;
  let pictures = 0;
  engine.on("flush", () => {
    held = 0;
  });
  /** What went first is taken first, so no more of the pictures can be left than of everything. */
  const picturesLeft = (): number => {
    pictures = Math.min(pictures, held + connection.writableLength);
    return pictures;
  };
  return {
    add(bytes) {
      const left = picturesLeft();
      held += bytes;
      return this.bytes <= BACKLOG_MAX_BYTES + left;
    },
    addPictures(bytes) {
      if (picturesLeft() + bytes > PICTURES_MAX_BYTES) return false;
      pictures += bytes;
      held += bytes;
      return true;
    },
    get bytes() {
      return held + connection.writableLength;
    },
  };
}
