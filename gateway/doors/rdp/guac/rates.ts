/** A bucket that fills by the second: how much may come on average, and how much at once. Time is handed in. Pure. */
export class Rate {
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  /** Full at the start: one second's worth may come at once. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#atMs = nowMs;
  }

  /** Takes so much; false when there is not so much left. */
  take(amount: number, nowMs: number): boolean {
    const grown = ((nowMs - this.#atMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#perSecond, this.#left + Math.max(0, grown)) - amount;
    this.#atMs = nowMs;
    return this.#left >= 0;
  }
}
