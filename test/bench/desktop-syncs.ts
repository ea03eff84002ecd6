/** Picks the timestamps of `sync` out of a Guacamole stream, at the least cost: a frame ends with one. It checks nothing. */

const MARK = Buffer.from("4.sync,");
/** Mark, length, timestamp, terminator. */
const WHOLE = /^4\.sync,\d+\.(\d+)[,;]/;
const LONGEST = 40;

export class SyncScanner {
  #rest: Buffer = Buffer.alloc(0);

  /** The timestamps that end in this chunk, in order. */
  feed(chunk: Buffer): number[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const found: number[] = [];
    for (let from = 0; ;) {
      const at = bytes.indexOf(MARK, from);
      if (at < 0) {
        this.#rest = bytes.subarray(Math.max(from, bytes.length - MARK.length + 1));
        return found;
      }
      const stamp = WHOLE.exec(bytes.toString("latin1", at, at + LONGEST))?.[1];
      if (stamp === undefined) {
        this.#rest = bytes.subarray(at);
        return found;
      }
      found.push(Number(stamp));
      from = at + MARK.length;
    }
  }
}

/** What all processes of one machine agree on, in milliseconds. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** When a frame's `sync` passed. */
export type Stamp = readonly [timestamp: number, atMs: number];

/** Milliseconds that each frame took from the first place to the second. What bears one name twice is left out. */
export function passages(first: readonly Stamp[], second: readonly Stamp[]): number[] {
  const single = (stamps: readonly Stamp[]): Map<number, number> => {
    const at = new Map<number, number>();
    const twice = new Set<number>();
    for (const [stamp, atMs] of stamps) {
      if (at.has(stamp)) twice.add(stamp);
      at.set(stamp, atMs);
    }
    for (const stamp of twice) at.delete(stamp);
    return at;
  };
  const left = single(first);
  return [...single(second)].flatMap(([stamp, atMs]) => {
    const leftMs = left.get(stamp);
    return leftMs === undefined ? [] : [atMs - leftMs];
  });
}
