/** What a node does over and over: sequence the audit log each second, log the heads of open recordings each ten, take old tickets away each minute. */
import type { Log } from "./deps.js";

export interface Round {
  readonly everyMs: number;
  readonly what: string;
  readonly run: () => Promise<unknown>;
}

/** Runs each round, never two of the same at once; a failure is logged and the next one is tried. Answers how to stop. */
export function startRounds(rounds: readonly Round[], log: Log): () => Promise<void> {
  const running = new Map<Round, Promise<void>>();
  const timers = rounds.map((round) =>
    setInterval(() => {
      if (!running.has(round))
        running.set(
          round,
          runOnce(round, log).finally(() => running.delete(round)),
        );
    }, round.everyMs),
  );
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(running.values());
  };
}

async function runOnce(round: Round, log: Log): Promise<void> {
  try {
    await round.run();
  } catch (error) {
    log("error", `${round.what} failed`, { error: String(error) });
  }
}
