/** Whether a recording writes too much, in all or within a window of time. Pure: time comes in with the bytes. */
import type { Quotas } from "./contract.js";

export class RateQuota {
  readonly #quotas: Quotas;
  #fromUs = 0;
  #bytes = 0;

  constructor(quotas: Quotas) {
    this.#quotas = quotas;
  }

  /** Counts `bytes` at `atUs`; `total`: the container's length with them. Answers what was passed, if anything. */
  add(atUs: number, bytes: number, total: number): "too fast" | "too much" | undefined {
    const { sessionBytes, bytesPerSecond, rateWindowMs } = this.#quotas;
    if (atUs - this.#fromUs >= rateWindowMs * 1000) {
      this.#fromUs = atUs;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    if (this.#bytes > (bytesPerSecond * rateWindowMs) / 1000) return "too fast";
    return total > sessionBytes ? "too much" : undefined;
  }
}
