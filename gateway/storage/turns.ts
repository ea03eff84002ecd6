/**
 * Fairness for a driver that answers at once: its promises never let the event loop go on, so that one long listing would
 * hold up every session. So many statements run in one turn of the loop; the next ones wait for the turn after it.
 */

/** Answers a function to await before each statement. */
export function createTurns(statementsATurn: number): () => Promise<void> | undefined {
  let left = statementsATurn;
  let next: Promise<void> | undefined;
  const turn = (): Promise<void> =>
    (next ??= new Promise((resolve) => {
      setImmediate(() => {
        next = undefined;
        left = statementsATurn;
        resolve();
      });
    }));
  const wait = async (): Promise<void> => {
    while (left === 0) await turn();
    left -= 1;
  };
  return () => {
    // Also counts the few statements of a quiet turn, so that the count begins again with the next.
    void turn();
    if (left === 0) return wait();
    left -= 1;
    return undefined;
  };
}
