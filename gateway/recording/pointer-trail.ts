/**
 * Thins out where the operator's pointer was: at most twenty places a second, but every change of a button, and always the place
 * where it came to rest. Pure; it tells what to write, and holds one place back.
 */

/** In pixels of the desktop; `mask`: the buttons that are down, as Guacamole numbers them. */
export interface PointerPlace {
  readonly x: number;
  readonly y: number;
  readonly mask: number;
}

export const APART_US = 50_000;

export class PointerTrail {
  #written: PointerPlace | undefined;
  #writtenUs = -Infinity;
  #held: PointerPlace | undefined;

  /** True while a place waits for `take`. */
  get holds(): boolean {
    return this.#held !== undefined;
  }

  /** The place when it is to be written now; undefined when it is held back, or was written just before. */
  offer(nowUs: number, place: PointerPlace): PointerPlace | undefined {
    this.#held = undefined;
    if (this.#written !== undefined && same(this.#written, place)) return undefined;
    this.#held = place;
    const due = this.#written?.mask !== place.mask || nowUs - this.#writtenUs >= APART_US;
    return due ? this.take(nowUs) : undefined;
  }

  /** The place that was held back, to be written now. */
  take(nowUs: number): PointerPlace | undefined {
    const place = this.#held;
    if (place === undefined) return undefined;
    this.#held = undefined;
    this.#written = place;
    this.#writtenUs = nowUs;
    return place;
  }
}

function same(one: PointerPlace, other: PointerPlace): boolean {
  return one.x === other.x && one.y === other.y && one.mask === other.mask;
}
