/** Which keys and buttons the operator holds down, so that they can be released when he is gone. Pure. */
/** A keyboard has no more; what comes beyond is not held. */
const KEYS_MOST = 64;

export class Held {
  readonly #keys = new Set<number>();
  #x = 0;
  #y = 0;
  #mask = 0;

  key(keysym: number, pressed: boolean): void {
    if (!pressed) this.#keys.delete(keysym);
    else if (this.#keys.size < KEYS_MOST) this.#keys.add(keysym);
  }

  pointer(x: number, y: number, mask: number): void {
    this.#x = x;
    this.#y = y;
    this.#mask = mask;
  }

  /** Everything that is down, which counts as released from now on. */
  release(): {
    readonly keys: readonly number[];
    readonly pointer: { readonly x: number; readonly y: number } | undefined;
  } {
    const keys = [...this.#keys];
    const pointer = this.#mask === 0 ? undefined : { x: this.#x, y: this.#y };
    this.#keys.clear();
    this.#mask = 0;
    return { keys, pointer };
  }
}
