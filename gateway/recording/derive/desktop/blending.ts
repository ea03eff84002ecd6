/** How pixels meet, by the protocol's numbers: channel masks of `copy`, `cfill` and `img`, and functions of `transfer`. Pure. */
import type { SKRSContext2D } from "@napi-rs/canvas";

type Blend = SKRSContext2D["globalCompositeOperation"];

/** Bits of a mask: source alone 8 · source where the layer is 4 · layer alone 2 · layer where the source is 1. Others have no meaning. */
const BLENDS: Readonly<Record<number, Blend>> = {
  0x1: "destination-in",
  0x2: "destination-out",
  0x4: "source-in",
  0x6: "source-atop",
  0x8: "source-out",
  0x9: "destination-atop",
  0xa: "xor",
  0xb: "destination-over",
  0xc: "copy",
  0xe: "source-over",
  0xf: "lighter",
};

/** Undefined for a mask that has no meaning: the layer then goes on as before. */
export function blendOf(mask: number): Blend | undefined {
  return BLENDS[mask];
}

type Mix = (source: number, target: number) => number;

const SOURCE = 0x3;
const INVERTED_SOURCE = 0xc;

/** Each function's number is its truth table: what comes of source and target bits 00, 01, 10 and 11, from the highest bit on. */
const MIXES: Readonly<Record<number, Mix>> = {
  0x0: () => 0,
  0x1: (source, target) => source & target,
  0x2: (source, target) => source & ~target,
  [SOURCE]: (source) => source,
  0x4: (source, target) => ~source & target,
  0x6: (source, target) => source ^ target,
  0x7: (source, target) => source | target,
  0x8: (source, target) => ~(source | target),
  0x9: (source, target) => ~(source ^ target),
  0xa: (_, target) => ~target,
  0xb: (source, target) => source | ~target,
  [INVERTED_SOURCE]: (source) => ~source,
  0xd: (source, target) => ~source | target,
  0xe: (source, target) => ~(source & target),
  0xf: () => 0xff,
};

/** Mixes RGBA pixels of `source` into `target`, which is as long. False when the function has no meaning. */
export function transferPixels(number: number, source: Uint8ClampedArray, target: Uint8ClampedArray): boolean {
  const mix = MIXES[number];
  if (mix === undefined) return false;
  const withAlpha = number === SOURCE || number === INVERTED_SOURCE;
  for (let at = 0; at < target.length; at += 4) {
    for (let colour = at; colour < at + 3; colour++)
      target[colour] = mix(source[colour] ?? 0, target[colour] ?? 0) & 0xff;
    if (withAlpha) target[at + 3] = source[at + 3] ?? 0;
  }
  return true;
}
