/** What a person sees of a desktop: its layers laid onto one another, without the pointer. */
import { createCanvas } from "@napi-rs/canvas";
import type { Canvas, SKRSContext2D } from "@napi-rs/canvas";
import type { Display } from "./display.js";

/** The whole picture, at most `widthMost` pixels wide; undefined while the desktop has no size. */
export function pictureOf(display: Display, widthMost = Infinity): Canvas | undefined {
  const { width = 0, height = 0 } = display.layers.get(0) ?? {};
  if (width === 0 || height === 0) return undefined;
  const scale = Math.min(1, widthMost / width);
  const canvas = createCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = canvas.getContext("2d");
  context.scale(canvas.width / width, canvas.height / height);
  if (scale < 1) context.imageSmoothingQuality = "high";
  lay(display, context, 0);
  return canvas;
}

/** Layers that hang on another, the hindmost first. */
export function childrenOf({ hangings }: Display, parent: number): number[] {
  return [...hangings]
    .filter(([index, hanging]) => index > 0 && hanging.parent === parent)
    .sort(([, one], [, other]) => one.z - other.z || one.order - other.order)
    .map(([index]) => index);
}

function lay(display: Display, context: SKRSContext2D, index: number): void {
  const layer = display.layers.get(index);
  if (layer?.canvas === undefined || layer.width === 0 || layer.height === 0) return;
  const { x, y, alpha, matrix } = display.hangings.get(index) ?? { x: 0, y: 0, alpha: 255, matrix: [] };
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = matrix;
  context.save();
  // A browser turns a box around its middle.
  context.translate(x + layer.width / 2, y + layer.height / 2);
  context.transform(a, b, c, d, e, f);
  context.translate(-layer.width / 2, -layer.height / 2);
  context.globalAlpha *= alpha / 255;
  context.beginPath();
  context.rect(0, 0, layer.width, layer.height);
  context.clip();
  const { width, height } = layer;
  context.drawImage(layer.canvas, 0, 0, width, height, 0, 0, width, height);
  for (const child of childrenOf(display, index)) lay(display, context, child);
  context.restore();
}
