import { expect, test } from "vitest";
import type { ReplaySegment } from "../../api/types.js";
import { createPlayer, type Player } from "./player.js";
import type { Screen } from "./screen.js";

const S = 1_000_000;

interface Ask {
  readonly channel: number;
  readonly fromUs: number;
  readonly aborted: () => boolean;
  readonly answer: (more?: Partial<ReplaySegment>) => Promise<void>;
  readonly fail: (cause: Error) => Promise<void>;
}

/** A recording of `durationUs` with an output of one letter each at `times`, a wall clock moved by hand, and fetches answered by hand. */
function lab(
  durationUs: number,
  times: readonly number[],
  start: { channel: number; positionUs?: number } = { channel: 1 },
) {
  let nowMs = 0;
  const asks: Ask[] = [];
  const drawn: string[] = [];
  const failures: unknown[] = [];
  const batches: number[] = [];
  let busy = false;
  const screen: Screen = {
    reset: (cols, rows, state) => drawn.push(`reset ${String(cols)}x${String(rows)} ${state}`),
    draw: (events) => {
      batches.push(events.length);
      drawn.push(...events.map(([, , data]) => atob(String(data))));
    },
    busy: () => busy,
  };
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  };
  const source = (channel: number, fromUs: number, maxUs: number, signal: AbortSignal): Promise<ReplaySegment> =>
    new Promise((resolve, reject) => {
      const toUs = Math.min(durationUs, fromUs + maxUs);
      asks.push({
        channel,
        fromUs,
        aborted: () => signal.aborted,
        answer: async (more) => {
          const events = times
            .filter((at) => at >= fromUs && at < toUs)
            .map((at) => [at, "o", btoa(String(at / S))] as const);
          resolve({
            channel,
            fromUs,
            toUs,
            screen: { cols: 80, rows: 24, state: `@${String(fromUs / S)}` },
            events,
            ...more,
          });
          await settle();
        },
        fail: async (cause) => {
          reject(cause);
          await settle();
        },
      });
    });
  const player: Player = createPlayer(
    { source, screenOf: () => screen, durationUs, now: () => nowMs, onFailure: (cause) => failures.push(cause) },
    start,
  );
  const run = (ms: number): void => {
    nowMs += ms;
    player.tick();
  };
  const ask = (at: number): Ask => {
    const one = asks[at];
    if (one === undefined) throw new Error(`no fetch number ${String(at)}`);
    return one;
  };
  const work = (on: boolean): void => {
    busy = on;
  };
  return { player, asks, ask, drawn, batches, failures, run, work };
}

test("it opens at the moment asked for, with the screen as it was then", async () => {
  const { ask, drawn, player } = lab(100 * S, [], { channel: 3, positionUs: 42 * S });
  expect([ask(0).channel, ask(0).fromUs]).toEqual([3, 42 * S]);
  expect(player.state().waiting).toBe(true);
  await ask(0).answer();
  expect(drawn).toEqual(["reset 80x24 @42"]);
  expect(player.state()).toMatchObject({ positionUs: 42 * S, playing: false, waiting: false });
});

test("it draws each event when its time has come, and never twice", async () => {
  const { ask, drawn, player, run } = lab(20 * S, [1 * S, 2 * S]);
  await ask(0).answer();
  player.play();
  run(999);
  expect(drawn).toEqual(["reset 80x24 @0"]);
  run(1);
  run(1000);
  run(1000);
  expect(drawn.slice(1)).toEqual(["1", "2"]);
});

test("the clock does not run while the first picture is on its way", async () => {
  const { ask, player, run } = lab(100 * S, []);
  player.play();
  run(5000);
  await ask(0).answer();
  run(1000);
  expect(player.state().positionUs).toBe(1 * S);
});

test("it fetches ahead before it runs out, and joins the next stretch without a reset", async () => {
  const { ask, asks, drawn, player, run } = lab(100 * S, [5 * S, 35 * S]);
  await ask(0).answer();
  player.play();
  run(19_000);
  expect(asks).toHaveLength(1);
  run(2000);
  expect(ask(1).fromUs).toBe(30 * S);
  await ask(1).answer();
  run(15_000);
  expect(drawn).toEqual(["reset 80x24 @0", "5", "35"]);
});

test("at the end of what is at hand it waits, and goes on from there", async () => {
  const { ask, player, run } = lab(100 * S, []);
  await ask(0).answer();
  player.play();
  run(21_000);
  run(60_000);
  expect(player.state()).toMatchObject({ positionUs: 30 * S, waiting: true, playing: true });
  await ask(1).answer();
  run(1000);
  expect(player.state()).toMatchObject({ positionUs: 31 * S, waiting: false });
});

test("a seek forward inside the stretch draws what lies between and fetches nothing", async () => {
  const { ask, asks, drawn, player } = lab(100 * S, [5 * S, 9 * S]);
  await ask(0).answer();
  player.seek(8 * S);
  expect(drawn.slice(1)).toEqual(["5"]);
  expect(asks).toHaveLength(1);
});

test("a seek back, far, or to another channel begins a new stretch", async () => {
  const { ask, drawn, player } = lab(100 * S, []);
  await ask(0).answer();
  player.seek(20 * S);
  player.seek(3 * S);
  await ask(1).answer();
  player.seek(90 * S);
  await ask(2).answer();
  player.seek(91 * S, 2);
  expect(ask(3).channel).toBe(2);
  await ask(3).answer();
  expect(drawn).toEqual(["reset 80x24 @0", "reset 80x24 @3", "reset 80x24 @90", "reset 80x24 @91"]);
});

test("an answer to a place that was left is dropped", async () => {
  const { ask, drawn, player } = lab(100 * S, []);
  player.seek(50 * S);
  expect(ask(0).aborted()).toBe(true);
  await ask(1).answer();
  await ask(0).answer();
  expect(drawn).toEqual(["reset 80x24 @50"]);
});

test("a seek out of bounds lands on the bound", async () => {
  const { ask, player } = lab(100 * S, []);
  await ask(0).answer();
  player.seek(-5);
  expect(player.state().positionUs).toBe(0);
  player.seek(1e12);
  expect(player.state()).toMatchObject({ positionUs: 100 * S, atEnd: true });
});

test("it stops at the end, and playing then begins again", async () => {
  const { ask, player, run } = lab(10 * S, []);
  await ask(0).answer();
  player.play();
  run(60_000);
  expect(player.state()).toMatchObject({ positionUs: 10 * S, playing: false, atEnd: true });
  player.play();
  await ask(1).answer();
  run(1000);
  expect(player.state().positionUs).toBe(1 * S);
});

test("stillness is skipped only when asked, to half a second before the next event", async () => {
  const { ask, player, run } = lab(29 * S, [25 * S]);
  await ask(0).answer();
  player.play();
  run(100);
  expect(player.state().positionUs).toBe(100_000);
  player.setSkipIdle(true);
  run(100);
  expect(player.state().positionUs).toBe(24.5 * S);
});

test("skipping stillness never passes what was not fetched", async () => {
  const { ask, player, run } = lab(100 * S, [45 * S]);
  await ask(0).answer();
  player.setSkipIdle(true);
  player.play();
  run(10);
  expect(player.state().positionUs).toBe(30 * S);
  await ask(1).answer();
  run(10);
  expect(player.state().positionUs).toBe(44.5 * S);
});

test("speed applies from the moment it is set", async () => {
  const { ask, player, run } = lab(29 * S, []);
  await ask(0).answer();
  player.play();
  run(1000);
  player.setSpeed(5);
  run(1000);
  expect(player.state().positionUs).toBe(6 * S);
});

test("a pause draws what was due and holds", async () => {
  const { ask, drawn, player, run } = lab(29 * S, [1 * S]);
  await ask(0).answer();
  player.play();
  run(1500);
  player.pause();
  run(5000);
  expect(player.state()).toMatchObject({ positionUs: 1.5 * S, playing: false });
  expect(drawn.slice(1)).toEqual(["1"]);
});

test("a failed fetch pauses, is told, and is not asked for again until somebody plays or seeks", async () => {
  const { ask, asks, failures, player, run } = lab(100 * S, []);
  await ask(0).answer();
  player.play();
  run(21_000);
  const cause = new Error("away");
  await ask(1).fail(cause);
  expect(failures).toEqual([cause]);
  expect(player.state().playing).toBe(false);
  run(1000);
  run(1000);
  expect(asks).toHaveLength(2);
  player.play();
  run(10_000);
  run(10);
  expect(asks).toHaveLength(3);
});

test("an answer that brings nothing forward is not asked for without end", async () => {
  const { ask, asks, player, run } = lab(100 * S, []);
  await ask(0).answer({ toUs: 0, events: [] });
  player.play();
  run(1000);
  run(1000);
  expect(asks).toHaveLength(1);
});

test("many events that are due at once are given to the screen as one batch, in their order", async () => {
  const { ask, batches, drawn, player, run } = lab(29 * S, [1 * S, 1 * S, 2 * S, 5 * S]);
  await ask(0).answer();
  player.setSpeed(10);
  player.play();
  run(400);
  expect([drawn.slice(1), batches]).toEqual([["1", "1", "2"], [3]]);
});

test("the clock waits while the screen is at work, and nothing piles up on it", async () => {
  const { ask, drawn, player, run, work } = lab(100 * S, [1 * S, 5 * S]);
  await ask(0).answer();
  player.play();
  run(1000);
  work(true);
  for (let i = 0; i < 20; i += 1) run(1000);
  expect([player.state().positionUs, drawn]).toEqual([1 * S, ["reset 80x24 @0", "1"]]);
  work(false);
  run(4000);
  expect([player.state().positionUs, drawn.at(-1)]).toEqual([5 * S, "5"]);
});

test("a sought moment is waited for until the screen has drawn it", async () => {
  const { ask, player, run, work } = lab(100 * S, []);
  await ask(0).answer();
  player.seek(60 * S);
  work(true);
  await ask(1).answer();
  run(10);
  expect(player.state().waiting).toBe(true);
  work(false);
  run(10);
  expect(player.state().waiting).toBe(false);
  work(true);
  expect(player.state().waiting).toBe(false);
});

test("a newer seek takes over while the screen is at work on an older one", async () => {
  const { ask, drawn, player, work } = lab(100 * S, []);
  await ask(0).answer();
  player.seek(60 * S);
  work(true);
  await ask(1).answer();
  player.seek(20 * S);
  await ask(2).answer();
  expect(drawn).toEqual(["reset 80x24 @0", "reset 80x24 @60", "reset 80x24 @20"]);
});

test("a disposed player fetches and draws nothing more", async () => {
  const { ask, asks, drawn, failures, player, run } = lab(100 * S, []);
  player.dispose();
  expect(ask(0).aborted()).toBe(true);
  await ask(0).answer();
  run(1000);
  expect([drawn, failures, asks.length]).toEqual([[], [], 1]);
});
