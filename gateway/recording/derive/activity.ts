/** How much a recording shows when, in a bounded number of slots whose width doubles as the recording grows. Pure. */
const SLOTS = 1024;
const FIRST_WIDTH_US = 50_000;

export class Activity {
  #slots = new Float64Array(SLOTS);
  #widthUs = FIRST_WIDTH_US;

  add(atUs: number, bytes: number): void {
    while (atUs >= this.#widthUs * SLOTS) this.#widen();
    const slot = Math.floor(atUs / this.#widthUs);
    this.#slots[slot] = (this.#slots[slot] ?? 0) + bytes;
  }

  /** Bytes in each of `count` equal parts of the duration. */
  slices(durationUs: number, count: number): number[] {
    const slices = new Array<number>(count).fill(0);
    this.#slots.forEach((bytes, slot) => {
      if (bytes === 0) return;
      const middleUs = Math.min((slot + 0.5) * this.#widthUs, durationUs);
      const at = Math.min(count - 1, Math.floor((middleUs / Math.max(1, durationUs)) * count));
      slices[at] = (slices[at] ?? 0) + bytes;
    });
    return slices;
  }

  #widen(): void {
    const wider = new Float64Array(SLOTS);
    this.#slots.forEach((bytes, slot) => {
      wider[slot >> 1] = (wider[slot >> 1] ?? 0) + bytes;
    });
    this.#slots = wider;
    this.#widthUs *= 2;
  }
}
