/**
 * Whether a recording writes too much, in all or within a window of time, or holds more than anybody could read again however
 * well it compresses. Pure: time comes in with the bytes.
 */
import type { Quotas } from "./contract.js";

/** What compresses costs little disk but as much time as ever to replay, export and derive. */
const PLAIN_TIMES = 8;

export class RateQuota {
  readonly #quotas: Quotas;
  #fromUs = 0;
  #bytes = 0;
  #plain = 0;

  constructor(quotas: Quotas) {
    this.#quotas = quotas;
  }

  /** Counts `bytes` at `atUs`, made of `plain` bytes; `total`: the container's length with them. Answers what was passed, if anything. */
  add(atUs: number, bytes: number, plain: number, total: number): "too fast" | "too much" | undefined {
    const { sessionBytes, bytesPerSecond, rateWindowMs } = this.#quotas;
    if (atUs - this.#fromUs >= rateWindowMs * 1000) {
      this.#fromUs = atUs;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    this.#plain += plain;
    if (this.#bytes > (bytesPerSecond * rateWindowMs) / 1000) return "too fast";
    return total > sessionBytes || this.#plain > PLAIN_TIMES * sessionBytes ? "too much" : undefined;
  }
}
