/**
 * One write at a time. TypeORM shares one SQLite connection, so two transactions under way at once would interleave and
 * one's rollback would take the other's acknowledged rows with it.
 */
import { unavailable } from "./failures.js";

export interface WriteQueue {
  /** Runs `job` when those before it are done; rejects with `storage-unavailable` when its turn does not come in time. */
  run<T>(job: () => Promise<T>): Promise<T>;
  /** Resolves when everything taken so far is done. */
  idle(): Promise<void>;
}

export function createWriteQueue(waitMs: number): WriteQueue {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run<T>(job: () => Promise<T>): Promise<T> {
      const before = tail;
      const answer = new Promise<T>((resolve, reject) => {
        let late = false;
        const timer = setTimeout(() => {
          late = true;
          reject(unavailable("a write waited too long for its turn"));
        }, waitMs);
        tail = before.then(async () => {
          clearTimeout(timer);
          if (!late) await job().then(resolve, reject);
        });
      });
      return answer;
    },
    async idle() {
      await tail;
    },
  };
}

/** Settles as `work` does, or rejects with what `late` gives after `ms`. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, bound]);
  } finally {
    clearTimeout(timer);
  }
}
