/** Steps done one after the other, with an account of what waits; after the first failure nothing more is done. */
export class StepQueue {
  readonly #onFailure: (error: unknown) => void;
  readonly #onMoved: () => void;
  #tail: Promise<void> = Promise.resolve();
  #bytes = 0;
  #steps = 0;
  #stopped = false;

  /** `onMoved`: after each step, so that who was held may go on. `onFailure`: once. */
  constructor(onFailure: (error: unknown) => void, onMoved: () => void) {
    this.#onFailure = onFailure;
    this.#onMoved = onMoved;
  }

  get bytes(): number {
    return this.#bytes;
  }
  get steps(): number {
    return this.#steps;
  }

  add(bytes: number, step: () => Promise<void> | void): void {
    if (this.#stopped) return;
    this.#bytes += bytes;
    this.#steps += 1;
    this.#tail = this.#tail.then(async () => {
      try {
        if (!this.#stopped) await step();
      } catch (error) {
        if (!this.#stopped) {
          this.#stopped = true;
          this.#onFailure(error);
        }
      }
      this.#bytes -= bytes;
      this.#steps -= 1;
      this.#onMoved();
    });
  }

  /** Resolves when everything that waits now is done. */
  settled(): Promise<void> {
    return this.#tail;
  }

  stop(): void {
    this.#stopped = true;
  }
}
