/**
 * The freezing of one session (the database is away): while it lasts nothing of the operator's goes on, and what was taken in
 * waits here, so that it arrives in order when the session thaws. A session that ends lets everyone go.
 */
export class Frost {
  #thaw: (() => void) | undefined;
  #thawed: Promise<void> = Promise.resolve();
  #over = false;

  get on(): boolean {
    return this.#thaw !== undefined;
  }

  set(frozen: boolean): void {
    if (frozen === this.on || (frozen && this.#over)) return;
    if (frozen) this.#thawed = new Promise((resolve) => (this.#thaw = resolve));
    else {
      this.#thaw?.();
      this.#thaw = undefined;
    }
  }

  /** Resolves at once unless it is frozen. */
  thawed(): Promise<void> {
    return this.#thawed;
  }

  /** Whoever waits need not any more; nothing freezes again. */
  end(): void {
    this.#over = true;
    this.set(false);
  }
}
