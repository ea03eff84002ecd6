/** Pictures of desktops compared: what a page's canvas holds, and how much two pictures differ. */
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { Page } from "playwright-core";

export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

export async function decode(png: Buffer): Promise<Pixels> {
  const image = await loadImage(png);
  const canvas = createCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return { width: image.width, height: image.height, data: context.getImageData(0, 0, image.width, image.height).data };
}

/** The desktop's own layer as a page draws it, unscaled and without the pointer: the largest canvas on it. */
export async function drawnOn(page: Page): Promise<Pixels> {
  const url = await page.evaluate(() => {
    const all = [...document.querySelectorAll("canvas")].sort((a, b) => b.width * b.height - a.width * a.height);
    return all[0]?.toDataURL("image/png") ?? "";
  });
  if (url === "") throw new Error("the page draws nothing");
  return decode(Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
}

/** Resolves once the page draws something of a desktop's size. */
export async function untilDrawn(page: Page, withinMs = 30_000): Promise<void> {
  await page.waitForFunction(
    () => [...document.querySelectorAll("canvas")].some(({ width, height }) => width >= 320 && height >= 240),
    undefined,
    { timeout: withinMs },
  );
}

/** The share of points that differ by more than `tolerance` in a colour; 1 when the sizes differ. */
export function difference(one: Pixels, other: Pixels, tolerance = 0): number {
  if (one.width !== other.width || one.height !== other.height) return 1;
  let differing = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    for (let colour = 0; colour < 3; colour += 1) {
      if (Math.abs((one.data[at + colour] ?? 0) - (other.data[at + colour] ?? 0)) <= tolerance) continue;
      differing += 1;
      break;
    }
  }
  return differing / (one.width * one.height);
}
