/**
 * Which `sync` the browser was shown and has not answered. guacd drops a user who answers a timestamp that was never sent, so
 * only those that were are let through, each once. Pure.
 */
const OPEN_MOST = 4_096;

export class SyncLedger {
  readonly #open = new Set<number>();
  #newest = -1;

  /** The newest timestamp that was drawn; -1: none yet. */
  get newest(): number {
    return this.#newest;
  }

  shown(timestamp: number): void {
    this.drawn(timestamp);
    this.#open.add(timestamp);
    if (this.#open.size <= OPEN_MOST) return;
    for (const oldest of this.#open) {
      this.#open.delete(oldest);
      return;
    }
  }

  /** Drawn, and answered by the gate. */
  drawn(timestamp: number): void {
    this.#newest = Math.max(this.#newest, timestamp);
  }

  /** `never`: it was not sent to anybody yet. `stale`: answered before, by him or by the gate. */
  answer(timestamp: number): "open" | "stale" | "never" {
    if (timestamp > this.#newest) return "never";
    if (!this.#open.has(timestamp)) return "stale";
    for (const one of this.#open) if (one <= timestamp) this.#open.delete(one);
    return "open";
  }

  /** Nobody is there any more: the newest that waits for an answer, which the gate gives. */
  takeOver(): number | undefined {
    const waiting = this.#open.size === 0 ? undefined : Math.max(...this.#open);
    this.#open.clear();
    return waiting;
  }
}
