/**
 * How much one signed-in person may ask for, wherever he comes from: nobody's page waits because of what another does with
 * his. Changes are counted beside, since each is a write that all others wait for.
 */
import type { Clock } from "../domain/index.js";
import { createBuckets } from "./buckets.js";

export const PERSON_LIMITS = {
  /** Requests under way, downloads among them. */
  atOnce: 16,
  all: { burst: 300, perSecond: 10 },
  changes: { burst: 150, perSecond: 2 },
};
const COME_AGAIN_MS = 1000;

export type Passage =
  | { readonly ok: true; /** To be called once, when the answer is out or given up. */ readonly leave: () => void }
  | { readonly ok: false; readonly retryAfterMs: number };

export interface Turnstile {
  enter(personId: string, changes: boolean): Passage;
}

export function createTurnstile(clock: Pick<Clock, "monotonicUs">): Turnstile {
  const all = createBuckets(PERSON_LIMITS.all, clock);
  const changing = createBuckets(PERSON_LIMITS.changes, clock);
  const inside = new Map<string, number>();
  const leave = (personId: string): void => {
    const left = (inside.get(personId) ?? 1) - 1;
    if (left === 0) inside.delete(personId);
    else inside.set(personId, left);
  };
  return {
    enter(personId, changes) {
      const count = inside.get(personId) ?? 0;
      if (count >= PERSON_LIMITS.atOnce) return { ok: false, retryAfterMs: COME_AGAIN_MS };
      const retryAfterMs = Math.max(all.take(personId), changes ? changing.take(personId) : 0);
      if (retryAfterMs > 0) return { ok: false, retryAfterMs };
      inside.set(personId, count + 1);
      return { ok: true, leave: () => leave(personId) };
    },
  };
}
