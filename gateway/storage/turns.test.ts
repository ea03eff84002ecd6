import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createTurns } from "./turns.js";

describe("turns", () => {
  it("let the event loop go on between so many statements, and lose none", async () => {
    const turn = createTurns(4);
    let done = 0;
    const reader = async (): Promise<void> => {
      for (let statement = 0; statement < 50; statement += 1) {
        await turn();
        done += 1;
      }
    };
    const all = Promise.all([reader(), reader(), reader()]);
    const seen: number[] = [];
    while (done < 150) {
      const before = done;
      await nextTurn();
      seen.push(done - before);
    }
    await all;
    expect(done).toBe(150);
    expect(Math.max(...seen)).toBeLessThanOrEqual(8);
    expect(seen.length).toBeGreaterThanOrEqual(18);
  });

  it("cost a quiet loop nothing", async () => {
    const turn = createTurns(4);
    for (let quiet = 0; quiet < 10; quiet += 1) {
      for (let statement = 0; statement < 4; statement += 1) expect(turn()).toBeUndefined();
      await nextTurn();
    }
  });
});
