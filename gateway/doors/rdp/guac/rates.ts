/** How much may come: a bucket that fills by the second, and a count by the minute. Time is handed in. Pure. */
/** So much a second on average, and as much at once. */
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

const MINUTE_MS = 60_000;

/** So many in a minute, which begins with the first of them; the first one too many is told apart, so that it alone is noted. */
export class PerMinute {
  readonly #most: number;
  #count = 0;
  #endsMs = -Infinity;

  constructor(most: number) {
    this.#most = most;
  }

  take(nowMs: number): "fits" | "first-too-many" | "too-many" {
    if (nowMs >= this.#endsMs) {
      this.#endsMs = nowMs + MINUTE_MS;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count <= this.#most) return "fits";
    return this.#count === this.#most + 1 ? "first-too-many" : "too-many";
  }
}
