/** Who waits for which events to be accepted, settled strictly in order. Pure. */
import type { TapEvent } from "../domain/index.js";
import type { Reach } from "./container-file.js";

export interface Waiter {
  readonly reach: Reach;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly event: TapEvent | undefined;
}

export class Acceptance {
  #waiters: Waiter[] = [];
  #reached: Reach = { main: 0, input: 0 };
  #bytes = 0;

  /** Up to where the streams are accepted. */
  get reached(): Reach {
    return this.#reached;
  }
  /** Bytes whose senders wait. */
  get bytes(): number {
    return this.#bytes;
  }

  add(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.#bytes += waiter.bytes;
  }

  /** Everything up to `reach` is accepted. Resolves and answers those who waited for it. */
  settle(reach: Reach): readonly Waiter[] {
    const { main, input } = this.#reached;
    this.#reached = { main: Math.max(main, reach.main), input: Math.max(input, reach.input) };
    const first = this.#waiters.findIndex(
      ({ reach: wanted }) => wanted.main > this.#reached.main || wanted.input > this.#reached.input,
    );
    const settled = this.#waiters.splice(0, first < 0 ? this.#waiters.length : first);
    for (const waiter of settled) {
      this.#bytes -= waiter.bytes;
      waiter.resolve();
    }
    return settled;
  }

  /** Nothing is accepted any more. */
  rejectAll(error: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}
