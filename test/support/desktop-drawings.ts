/** Streams of drawing instructions that between them use everything the protocol has for drawing, each with something to see. */
import { createCanvas } from "@napi-rs/canvas";
import { encodeInstruction } from "../../recordings/codec/index.js";

type Element = string | number;

export interface Drawing {
  readonly stream: string;
  /** How far a colour may be off where two renderers smooth an edge or mix half-transparent colours. */
  readonly tolerance: number;
}

export const everyInstruction = [
  ...[
    "size",
    "img",
    "blob",
    "end",
    "png",
    "jpeg",
    "copy",
    "transfer",
    "rect",
    "start",
    "line",
    "arc",
    "curve",
    "close",
  ],
  ...["cfill", "cstroke", "lfill", "clip", "push", "pop", "reset", "identity", "transform", "set", "cursor", "move"],
  ...["shade", "distort", "dispose", "sync"],
];

const MASKS = [0x1, 0x2, 0x4, 0x6, 0x8, 0x9, 0xa, 0xb, 0xc, 0xe, 0xf, 0x0];
const OVER = 14;

function stream(...instructions: Element[][]): string {
  return [...instructions, ["sync", 1]].map(encodeInstruction).join("");
}

function picture(format: "png" | "jpeg" | "webp", width = 48, height = 32, alpha = 1): Buffer {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  for (let x = 0; x < width; x += 8)
    for (let y = 0; y < height; y += 8) {
      context.fillStyle = `rgba(${String((x * 5) % 256)}, ${String((y * 7) % 256)}, 120, ${String(alpha)})`;
      context.fillRect(x, y, 8, 8);
    }
  return format === "png" ? canvas.encodeSync("png") : canvas.encodeSync(format, 90);
}

function image(format: "png" | "jpeg" | "webp", layer: number, x: number, y: number, mask = OVER): Element[][] {
  const base64 = picture(format).toString("base64");
  const cut = 4 * Math.floor(base64.length / 8);
  return [
    ["img", 1, mask, layer, `image/${format}`, x, y],
    ["blob", 1, base64.slice(0, cut)],
    ["blob", 1, base64.slice(cut)],
    ["end", 1],
  ];
}

function box(
  layer: number,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: Element[],
  mask = OVER,
): Element[][] {
  return [
    ["rect", layer, x, y, width, height],
    ["cfill", mask, layer, ...colour],
  ];
}

const RED = [200, 20, 20, 255];
const GREEN = [20, 180, 40, 255];
const BLUE = [10, 40, 220, 255];
const start: Element[][] = [["size", 0, 200, 150], ...box(0, 0, 0, 200, 150, [30, 60, 90, 255])];

/** Each mask in a buffer of its own, shown side by side. */
function masks(): Element[][] {
  return MASKS.flatMap((mask, at) => {
    const buffer = -1 - at;
    const [x, y] = [(at % 4) * 50, Math.floor(at / 4) * 50];
    return [
      ["size", buffer, 40, 40],
      ...box(buffer, 0, 0, 30, 30, RED),
      ...box(-100 - at, 0, 0, 20, 40, BLUE),
      ["copy", -100 - at, 0, 0, 20, 40, mask, buffer, 10, 0],
      ["copy", buffer, 0, 0, 40, 40, OVER, 0, x, y],
      ["dispose", -100 - at],
    ];
  });
}

function transfers(): Element[][] {
  return Array.from({ length: 16 }, (_, mix): Element[] => [
    "transfer",
    -1,
    0,
    0,
    40,
    30,
    mix,
    0,
    (mix % 4) * 50,
    Math.floor(mix / 4) * 37,
  ]);
}

const layers: Element[][] = [
  ...start,
  ["size", 1, 80, 60],
  ...box(1, 0, 0, 80, 60, RED),
  ["size", 2, 40, 90],
  ...box(2, 0, 0, 40, 90, GREEN),
  ["size", 3, 30, 30],
  ...box(3, 0, 0, 30, 30, BLUE),
  ["move", 1, 0, 20, 30, 5],
  ["move", 2, 0, 60, 20, 1],
  ["move", 3, 1, 60, 10, 0],
  ["shade", 2, 128],
  ["size", 4, 10, 10],
  ...box(4, 0, 0, 10, 10, BLUE),
  ["move", 4, 0, 0, 0, 9],
  ["dispose", 4],
  ...image("png", -1, 0, 0),
  ["cursor", 2, 3, -1, 0, 0, 16, 16],
];

export const drawings: Readonly<Record<string, Drawing>> = {
  "pictures of every kind, whole and in pieces": {
    stream: stream(
      ...start,
      ...image("png", 0, 10, 10),
      ...image("webp", 0, 70, 10),
      ...image("jpeg", 0, 130, 10),
      ["png", OVER, 0, 10, 70, picture("png", 48, 32, 0.5).toString("base64")],
      ["jpeg", OVER, 0, 70, 70, picture("jpeg").toString("base64")],
      ["img", 5, OVER, 0, "image/png", 0, 0],
      ["blob", 9, "AAAA"],
    ),
    tolerance: 2,
  },
  "copies: scrolling, over itself, from a buffer that grows": {
    stream: stream(
      ...start,
      ...image("png", 0, 10, 10),
      ["copy", 0, 0, 10, 200, 120, OVER, 0, 0, 30],
      ["copy", 0, 5, 5, 100, 100, OVER, 0, 20, 15],
      ...image("png", -1, 60, 50),
      ["copy", -1, 0, 0, 500, 500, OVER, 0, 90, 60],
      ["copy", -7, 0, 0, 10, 10, OVER, 0, 0, 0],
    ),
    tolerance: 0,
  },
  "every mask": { stream: stream(...start, ...masks()), tolerance: 1 },
  "every function of transfer": {
    stream: stream(...start, ...image("png", 0, 60, 40), ...image("png", -1, 0, 0), ...transfers()),
    tolerance: 0,
  },
  "resizing: smaller, larger, within and beyond a step": {
    stream: stream(
      ...start,
      ...image("png", 0, 140, 110),
      ["size", 0, 170, 140],
      ["size", 0, 260, 180],
      ...box(0, 200, 100, 40, 40, RED),
    ),
    tolerance: 0,
  },
  "paths: lines, arcs, curves, strokes, patterns": {
    stream: stream(
      ...start,
      ["start", 0, 20, 20],
      ["line", 0, 80, 30],
      ["line", 0, 40, 90],
      ["close", 0],
      ["cfill", OVER, 0, ...RED],
      ["start", 0, 100, 20],
      ["curve", 0, 120, 80, 160, 0, 190, 60],
      ["set", 0, "miter-limit", 4],
      ["cstroke", OVER, 0, 1, 2, 6, ...GREEN],
      ["arc", 0, 140, 100, 30, 0, 4.5, 0],
      ["cfill", OVER, 0, ...BLUE],
      ...image("png", -1, 0, 0),
      ["rect", 0, 10, 100, 90, 45],
      ["lfill", OVER, 0, -1],
    ),
    // Edges are smoothed by two versions of the same renderer.
    tolerance: 40,
  },
  "clips, saved states and transformations": {
    stream: stream(
      ...start,
      ["push", 0],
      ["rect", 0, 20, 20, 60, 60],
      ["clip", 0],
      ...box(0, 0, 0, 50, 150, RED),
      ["pop", 0],
      ["pop", 0],
      ["transform", 0, 1, 0, 0, 1, 100, 40],
      ...box(0, 0, 0, 20, 20, GREEN),
      ["identity", 0],
      ...box(0, 0, 0, 10, 10, BLUE),
      ["push", 0],
      ["transform", 0, 2, 0, 0, 2, 0, 0],
      ["reset", 0],
      ...box(0, 180, 130, 15, 15, RED),
    ),
    tolerance: 0,
  },
  "layers above one another": { stream: stream(...layers), tolerance: 1 },
  "a layer that is turned": { stream: stream(...layers, ["distort", 2, 0, 1, -1, 0, 0, 0]), tolerance: 1 },
};
