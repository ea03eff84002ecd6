/**
 * The desktop emulator against the one that operators look through: Guacamole's own display in Chromium is given the same
 * instructions, and both pictures have to be the same point for point. So has what a keyframe brings a fresh display to.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { createCanvas, loadImage, type Canvas } from "@napi-rs/canvas";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Browser, Page } from "playwright-core";
import { InstructionParser, encodeInstruction, encodeUtf8 } from "../../recordings/codec/index.js";
import { Display } from "../../gateway/recording/derive/desktop/display.js";
import { PixelBudget } from "../../gateway/recording/derive/desktop/limits.js";
import { pictureOf } from "../../gateway/recording/derive/desktop/picture.js";
import { StateWriter } from "../../gateway/recording/derive/desktop/state.js";
import { openBrowser } from "../support/browser.js";
import { drawings, everyInstruction } from "../support/desktop-drawings.js";

const captured = gunzipSync(
  readFileSync(new URL("../../gateway/recording/derive/desktop/fixtures/xrdp-terminal.guac.gz", import.meta.url)),
).toString();
const library = fileURLToPath(
  new URL("../../node_modules/guacamole-common-js/dist/cjs/guacamole-common.js", import.meta.url),
);

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser();
  page = await browser.newPage();
  await page.evaluate("window.module = {};");
  await page.addScriptTag({ path: library });
});
afterAll(() => browser?.close());

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Buffer;
}

/** What Guacamole's display shows in Chromium after these instructions, as a person sees the page. */
async function shownInChromium(stream: string): Promise<Picture> {
  const instructions = new InstructionParser()
    .feed(encodeUtf8(stream))
    .map(({ opcode, args }) => [opcode, [...args]] as const);
  const size = await page.evaluate(async (all) => {
    interface Tunnel {
      oninstruction: (opcode: string, args: string[]) => void;
    }
    interface Shown {
      getDisplay(): {
        flush(done: () => void): void;
        showCursor(shown: boolean): void;
        getElement(): HTMLElement;
        getWidth(): number;
        getHeight(): number;
      };
    }
    const { Guacamole } = window as unknown as {
      Guacamole: { Client: new (tunnel: Tunnel) => Shown; Tunnel: new () => Tunnel };
    };
    const tunnel = new Guacamole.Tunnel();
    const display = new Guacamole.Client(tunnel).getDisplay();
    document.body.replaceChildren(display.getElement());
    document.body.style.margin = "0";
    for (const [opcode, args] of all) tunnel.oninstruction(opcode, args as string[]);
    await new Promise<void>((done) => display.flush(done));
    display.showCursor(false);
    return { width: display.getWidth(), height: display.getHeight() };
  }, instructions);
  const image = await loadImage(await page.screenshot({ clip: { x: 0, y: 0, ...size }, omitBackground: true }));
  const canvas = createCanvas(size.width, size.height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  return pictureIn(canvas);
}

function pictureIn(canvas: Canvas): Picture {
  const { width, height } = canvas;
  return { width, height, pixels: Buffer.from(canvas.getContext("2d").getImageData(0, 0, width, height).data) };
}

async function replayed(display: Display, stream: string): Promise<Display> {
  for (const instruction of new InstructionParser().feed(encodeUtf8(stream))) await display.obey(instruction);
  return display;
}

function shownHere(display: Display): Picture {
  const canvas = pictureOf(display);
  if (canvas === undefined) throw new Error("nothing is shown");
  return pictureIn(canvas);
}

/** Points in which two pictures differ by more than `tolerance` in a colour. */
function differing(one: Buffer, other: Buffer, tolerance = 0): number {
  let points = 0;
  for (let at = 0; at < one.length; at += 4) {
    const differs = [0, 1, 2, 3].some((c) => Math.abs((one[at + c] ?? 0) - (other[at + c] ?? 0)) > tolerance);
    if (differs) points++;
  }
  return points;
}

async function compare(stream: string, tolerance = 0): Promise<number> {
  const theirs = await shownInChromium(stream);
  const ours = shownHere(await replayed(new Display(new PixelBudget()), stream));
  expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height]);
  return differing(ours.pixels, theirs.pixels, tolerance);
}

describe("the desktop emulator", () => {
  it("shows a real desktop as Chromium does, point for point", async () => {
    expect(captured.length).toBeGreaterThan(50_000);
    expect(await compare(captured)).toBe(0);
  });

  it.each(Object.entries(drawings))("draws as Chromium does: %s", async (_, { stream, tolerance }) => {
    const colours = new Set(
      shownHere(await replayed(new Display(new PixelBudget()), stream))
        .pixels.toString("hex")
        .match(/.{8}/g),
    );
    expect(colours.size).toBeGreaterThan(1);
    expect(await compare(stream, tolerance)).toBe(0);
  });

  it("has every drawing instruction in these streams", () => {
    const all = Object.values(drawings)
      .map(({ stream }) => stream)
      .join("");
    const seen = new Set(new InstructionParser().feed(encodeUtf8(all)).map(({ opcode }) => opcode));
    expect([...seen].sort()).toEqual([...everyInstruction].sort());
  });

  it("brings a fresh display in Chromium to the same picture by a keyframe, and on from there", async () => {
    const instructions = new InstructionParser()
      .feed(encodeUtf8(captured))
      .map(({ bytes }) => Buffer.from(bytes).toString());
    const syncs = instructions.flatMap((text, at) => (text.startsWith("4.sync") ? [at] : []));
    const cut = (syncs[Math.floor(syncs.length / 2)] ?? 0) + 1;
    const display = await replayed(new Display(new PixelBudget()), instructions.slice(0, cut).join(""));
    const state = new StateWriter().write(display) ?? "";
    const whole = await shownInChromium(captured);
    const middle = await shownInChromium(instructions.slice(0, cut).join(""));
    expect(differing((await shownInChromium(state)).pixels, middle.pixels)).toBe(0);
    const rest = instructions.slice(cut).join("");
    expect(rest.length).toBeGreaterThan(10_000);
    expect(differing((await shownInChromium(state + rest)).pixels, whole.pixels)).toBe(0);
    expect(differing(middle.pixels, whole.pixels)).toBeGreaterThan(1_000);
  });

  it("says in a keyframe every layer, buffer and pointer, and what is under way", async () => {
    const { stream } = drawings["layers above one another"] ?? { stream: "" };
    const parts = [
      stream,
      encodeInstruction(["rect", 0, 5, 5, 40, 40]),
      encodeInstruction(["img", 3, 14, 0, "image/png", 60, 60]),
    ];
    const display = await replayed(new Display(new PixelBudget()), parts.join(""));
    const state = new StateWriter().write(display) ?? "";
    const picture = shownHere(display).pixels;
    expect(differing((await shownInChromium(state)).pixels, picture, 1)).toBe(0);
    const rest = [
      encodeInstruction(["cfill", 14, 0, 200, 0, 0, 255]),
      encodeInstruction(["copy", -1, 0, 0, 40, 40, 14, 0, 100, 10]),
      encodeInstruction(["blob", 3, (await squarePng()).toString("base64")]),
      encodeInstruction(["end", 3]),
      encodeInstruction(["sync", 9]),
    ].join("");
    const [late, early] = [await shownInChromium(state + rest), await shownInChromium(parts.join("") + rest)];
    expect(differing(late.pixels, early.pixels, 1)).toBe(0);
    expect(differing(late.pixels, picture, 1)).toBeGreaterThan(2_000);
  });
});

async function squarePng(): Promise<Buffer> {
  const display = await replayed(
    new Display(new PixelBudget()),
    [
      encodeInstruction(["size", 0, 20, 20]),
      encodeInstruction(["rect", 0, 0, 0, 20, 20]),
      encodeInstruction(["cfill", 14, 0, 0, 90, 30, 255]),
    ].join(""),
  );
  return pictureOf(display)?.encodeSync("png") ?? Buffer.alloc(0);
}
