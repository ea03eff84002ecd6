/** Token buckets by key: so many at once, then so many a second. In memory, this node's own, bounded. */
import type { Clock } from "../domain/index.js";

const MOST_KEYS = 20_000;

export interface Buckets {
  /** Takes one token; 0, or the milliseconds until there is one again (then none was taken). */
  take(key: string): number;
}

export function createBuckets(
  rate: { readonly burst: number; readonly perSecond: number },
  clock: Pick<Clock, "monotonicUs">,
): Buckets {
  const buckets = new Map<string, { readonly tokens: number; readonly atUs: number }>();
  return {
    take(key) {
      const nowUs = clock.monotonicUs();
      const kept = buckets.get(key) ?? { tokens: rate.burst, atUs: nowUs };
      const tokens = Math.min(rate.burst, kept.tokens + ((nowUs - kept.atUs) / 1_000_000) * rate.perSecond);
      buckets.delete(key);
      const enough = tokens >= 1;
      buckets.set(key, { tokens: enough ? tokens - 1 : tokens, atUs: nowUs });
      const [oldest] = buckets.size > MOST_KEYS ? buckets.keys() : [];
      if (oldest !== undefined) buckets.delete(oldest);
      return enough ? 0 : Math.max(1, Math.ceil(((1 - tokens) / rate.perSecond) * 1000));
    },
  };
}
