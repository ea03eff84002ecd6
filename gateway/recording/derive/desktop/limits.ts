/**
 * What a target's drawing may cost. A target is hostile until proven otherwise: whoever passes a bound loses the emulation of
 * that one desktop, never the recording's other channels and never the worker.
 */

/** Pixels on a side of a layer or an image. */
export const SIDE_MOST = 8_192;
/** Of all layers of a recording together. */
export const PIXELS_MOST = 64 * 1024 * 1024;
/** Of one decoded image. */
export const IMAGE_PIXELS_MOST = 16 * 1024 * 1024;
/** Encoded bytes of one image, and of all that are under way. */
export const IMAGE_BYTES_MOST = 16 * 1024 * 1024;
export const STREAM_BYTES_MOST = 32 * 1024 * 1024;
export const STREAMS_MOST = 64;
export const LAYERS_MOST = 512;
/** Steps of one path, and saved states of one layer. */
export const PATH_MOST = 10_000;
export const STACK_MOST = 64;
/** A coordinate or an angle beyond this means nothing on any layer. */
const NUMBER_MOST = 1_000_000;

/** The desktop cannot be followed any further. */
export class DrawingFault extends Error {
  override readonly name = "DrawingFault";
}

/** Pixels of a recording's layers, counted as they come and go. */
export class PixelBudget {
  #used = 0;

  /** Throws DrawingFault when it is spent; nothing is taken then. */
  take(pixels: number): void {
    if (this.#used + pixels > PIXELS_MOST) throw new DrawingFault("layers hold too many pixels");
    this.#used += pixels;
  }
  give(pixels: number): void {
    this.#used -= pixels;
  }
}

/** An argument as the protocol's whole number. Throws DrawingFault when it is none. */
export function whole(argument: string | undefined): number {
  return checked(Number.parseInt(argument ?? "", 10));
}

/** As `whole`, with a fraction. */
export function fraction(argument: string | undefined): number {
  return checked(Number.parseFloat(argument ?? ""));
}

function checked(value: number): number {
  if (!(Math.abs(value) <= NUMBER_MOST)) throw new DrawingFault("a number makes no sense");
  return value;
}
