/**
 * A desktop's state as whole instructions for an empty display: sizes, pictures, places, buffers, the pointer, a `sync`, and
 * behind it what is under way: paths that are not drawn and images that have not ended. Pictures are made anew only where
 * something changed.
 */
import { createCanvas } from "@napi-rs/canvas";
import { encodeInstruction } from "../../../../recordings/codec/index.js";
import type { Display, Hanging } from "./display.js";
import type { Layer } from "./layer.js";

/** Base64 of so many bytes fits one instruction. */
const BLOB_BYTES = 6_048;
const SOURCE_OVER = 14;
const PLAIN_MATRIX = "1 0 0 1 0 0";

export class StateWriter {
  readonly #drawn = new WeakMap<Layer, { readonly version: number; readonly picture: Buffer }>();

  /** Undefined when instructions cannot say it: a clip, a transformation or a saved state stands. */
  write(display: Display): string | undefined {
    const layers = [...display.layers].sort(([one], [other]) => one - other);
    if (!layers.every(([, layer]) => layer.plain)) return undefined;
    const visible = layers.filter(([index]) => index >= 0);
    const buffers = layers.filter(([index]) => index < 0);
    return [
      ...visible.map(([index, { width, height }]) => encodeInstruction(["size", index, width, height])),
      ...layers.map(([index, layer]) => this.#contents(index, layer)),
      ...buffers.map(([index, { width, height }]) => encodeInstruction(["size", index, width, height])),
      ...hung(display).map(([index, hanging]) => hang(index, hanging)),
      this.#pointer(display, buffers[0]?.[0] ?? 0),
      encodeInstruction(["sync", display.timestamp]),
      ...layers.flatMap(([, { path }]) => path),
      ...[...display.streams.all()].flatMap(({ instructions }) => instructions),
    ].join("");
  }

  #contents(index: number, layer: Layer): string {
    const limit =
      layer.miterLimit === undefined ? "" : encodeInstruction(["set", index, "miter-limit", layer.miterLimit]);
    if (layer.canvas === undefined || layer.version === 0 || layer.width * layer.height === 0) return limit;
    return limit + image(index, this.#picture(layer));
  }

  #picture(layer: Layer): Buffer {
    const held = this.#drawn.get(layer);
    if (held?.version === layer.version) return held.picture;
    const picture = pictureOf(layer);
    this.#drawn.set(layer, { version: layer.version, picture });
    return picture;
  }

  /** The pointer's picture comes by way of a buffer that nobody uses. */
  #pointer({ pointer }: Display, lowest: number): string {
    if (pointer === undefined) return "";
    const { hotspotX, hotspotY, layer } = pointer;
    const { width, height } = layer;
    const buffer = lowest - 1;
    const picture = layer.canvas === undefined ? "" : image(buffer, this.#picture(layer));
    const cursor = encodeInstruction(["cursor", hotspotX, hotspotY, buffer, 0, 0, width, height]);
    return picture + cursor + encodeInstruction(["dispose", buffer]);
  }
}

/** Parents before what hangs on them, and in the order in which they were hung. */
function hung({ hangings }: Display): [number, Hanging][] {
  return [...hangings].sort(([, one], [, other]) => one.order - other.order);
}

function hang(index: number, { parent, x, y, z, alpha, matrix }: Hanging): string {
  const place = index === 0 ? "" : encodeInstruction(["move", index, parent, x, y, z]);
  const shade = alpha === 255 ? "" : encodeInstruction(["shade", index, alpha]);
  return place + shade + (matrix.join(" ") === PLAIN_MATRIX ? "" : encodeInstruction(["distort", index, ...matrix]));
}

function pictureOf(layer: Layer): Buffer {
  const { canvas, width, height } = layer;
  const exact = createCanvas(width, height);
  if (canvas !== undefined) exact.getContext("2d").drawImage(canvas, 0, 0, width, height, 0, 0, width, height);
  return exact.encodeSync("png");
}

function image(index: number, picture: Buffer): string {
  const pieces: string[] = [];
  for (let at = 0; at < picture.length; at += BLOB_BYTES)
    pieces.push(encodeInstruction(["blob", 0, picture.toString("base64", at, at + BLOB_BYTES)]));
  const begin = encodeInstruction(["img", 0, SOURCE_OVER, index, "image/png", 0, 0]);
  return begin + pieces.join("") + encodeInstruction(["end", 0]);
}
