/** The operator's pointer in a replay or a watch: "x,y,mask", as a place and the buttons held. Pure. */
export interface PointerMark {
  readonly x: number;
  readonly y: number;
  /** Bits of Guacamole's `mouse`: left 1, middle 2, right 4, wheel 8 and 16. */
  readonly mask: number;
}

const BUTTONS = 0b111;

export function readPointer(text: string): PointerMark | undefined {
  const parts = /^(-?\d{1,6}),(-?\d{1,6}),(\d{1,3})$/.exec(text);
  return parts === null ? undefined : { x: Number(parts[1]), y: Number(parts[2]), mask: Number(parts[3]) };
}

/** Whether a button went down between two marks. */
export function isPress(before: PointerMark | undefined, after: PointerMark): boolean {
  return (after.mask & BUTTONS & ~(before?.mask ?? 0)) !== 0;
}
