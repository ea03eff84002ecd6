/** So many pieces of work at once, and so many more that wait; what comes beyond is turned away at once. */

export interface Slots {
  /** Undefined: there was no room. */
  run<T>(work: () => Promise<T>): Promise<T | undefined>;
}

export function createSlots(atOnce: number, waiting: number): Slots {
  const queue: (() => void)[] = [];
  let running = 0;
  return {
    async run(work) {
      if (running >= atOnce) {
        if (queue.length >= waiting) return undefined;
        // Whoever leaves hands his place on, so that the count does not change.
        await new Promise<void>((resolve) => queue.push(resolve));
      } else running += 1;
      try {
        return await work();
      } finally {
        const next = queue.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
