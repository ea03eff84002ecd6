/** Which keys and buttons the operator holds down, so that they can be released when he is gone. Pure. */
/** No pair of hands holds more. */
const KEYS_MOST = 256;

export class Held {
  readonly #keys = new Set<number>();
  #x = 0;
  #y = 0;
  #mask = 0;

  /** False for a press that could not be taken back later, and so may not pass. */
  key(keysym: number, pressed: boolean): boolean {
    if (!pressed) this.#keys.delete(keysym);
    else if (this.#keys.size < KEYS_MOST) this.#keys.add(keysym);
    return !pressed || this.#keys.has(keysym);
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
