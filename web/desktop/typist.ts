/**
 * What is typed, in order: keys at once, and text that goes through the desktop's clipboard with a rest behind it. A program
 * fetches the clipboard in its own time after the paste's keys; a key or another text that came sooner would overtake it.
 */
export interface TypistParts {
  readonly onKey: (pressed: boolean, keysym: number) => void;
  /** Puts a text on the desktop's clipboard and presses what pastes it. */
  readonly onPaste: (text: string) => void;
}

/** Nobody says when a program has fetched the clipboard; on a busy xrdp 150 ms were too short. */
export const PASTE_REST_MS = 350;
/** Keys held back are a breath of typing; more is a keyboard gone wild. */
const HELD_MOST = 200;

export class Typist {
  readonly #parts: TypistParts;
  #held: (readonly [pressed: boolean, keysym: number] | string)[] = [];
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: TypistParts) {
    this.#parts = parts;
  }

  key(pressed: boolean, keysym: number): void {
    if (this.#rest === undefined) this.#parts.onKey(pressed, keysym);
    // A key that goes up is never left out: it would stay down on the desktop.
    else if (!pressed || this.#held.length < HELD_MOST) this.#held.push([pressed, keysym]);
  }

  paste(text: string): void {
    const last = this.#held.at(-1);
    if (this.#rest === undefined) this.#pasteNow(text);
    else if (typeof last === "string") this.#held[this.#held.length - 1] = last + text;
    else this.#held.push(text);
  }

  /** Forgets what is held back: the desktop it was typed for is away or gone. */
  drop(): void {
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.#held = [];
  }

  #pasteNow(text: string): void {
    this.#parts.onPaste(text);
    this.#rest = setTimeout(() => this.#goOn(), PASTE_REST_MS);
  }

  #goOn(): void {
    this.#rest = undefined;
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      if (typeof next === "string") return this.#pasteNow(next);
      this.#parts.onKey(...next);
    }
  }
}
