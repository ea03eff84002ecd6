/**
 * One layer or buffer of a desktop: pixels, the path that is being built, and where it hangs. It draws as a browser's canvas
 * does, since that is what operators see: the surface comes in steps of 64 pixels, what lies beyond a layer's size is kept.
 */
import { createCanvas } from "@napi-rs/canvas";
import type { Canvas, Image, SKRSContext2D } from "@napi-rs/canvas";
import { transferPixels } from "./blending.js";
import { DrawingFault, PATH_MOST, SIDE_MOST, STACK_MOST } from "./limits.js";
import type { PixelBudget } from "./limits.js";

const STEP = 64;
const CAPS = ["butt", "round", "square"] as const;
const JOINS = ["bevel", "miter", "round"] as const;

export type Colour = readonly [red: number, green: number, blue: number, alpha: number];
export interface Stroke {
  readonly cap: number;
  readonly join: number;
  readonly thickness: number;
}
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class Layer {
  width = 0;
  height = 0;
  /** Raised whenever pixels or size change. */
  version = 0;
  /** Instructions of the path that is being built, as they came: it is part of the state until it is drawn. */
  path: string[] = [];
  miterLimit: number | undefined;
  readonly #budget: PixelBudget;
  /** Buffers grow with what is drawn on them. */
  readonly #grows: boolean;
  #canvas: Canvas | undefined;
  #context: SKRSContext2D | undefined;
  #stack = 0;
  #pathDone = true;
  #bent = false;
  #settled = 0;
  #blendLater: SKRSContext2D["globalCompositeOperation"] = "source-over";

  constructor(budget: PixelBudget, width: number, height: number, grows: boolean) {
    this.#budget = budget;
    this.#grows = grows;
    this.resize(width, height);
  }

  /** Pixels of the surface; undefined while it has none. */
  get canvas(): Canvas | undefined {
    return this.#canvas;
  }
  /** Whether instructions can say its whole state: no clip, transformation or saved state stands. */
  get plain(): boolean {
    return this.#stack === 0 && !this.#bent;
  }
  get surface(): number {
    return this.#canvas === undefined ? 0 : this.#canvas.width * this.#canvas.height;
  }

  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    if (width < 0 || height < 0 || width > SIDE_MOST || height > SIDE_MOST)
      throw new DrawingFault("a layer is too large");
    const [across, down] = [stepped(width), stepped(height)];
    if (across === (this.#canvas?.width ?? 0) && down === (this.#canvas?.height ?? 0)) this.reset();
    else this.#replace(across, down, Math.min(this.width, width), Math.min(this.height, height));
    this.width = width;
    this.height = height;
    this.version++;
  }

  /** Changes how the next drawing meets what is there. */
  blend(operation: SKRSContext2D["globalCompositeOperation"]): void {
    if (this.#context !== undefined) this.#context.globalCompositeOperation = operation;
    else this.#blendLater = operation;
  }

  draw(image: Image, x: number, y: number): void {
    this.#fit(x, y, image.width, image.height);
    this.#context?.drawImage(image, x, y);
    this.version++;
  }

  copy(source: Layer, area: Area, x: number, y: number): void {
    const part = within(source, area);
    if (part === undefined) return;
    this.#fit(x, y, part.width, part.height);
    const canvas = source.canvas;
    if (canvas === undefined) return;
    this.#context?.drawImage(canvas, part.x, part.y, part.width, part.height, x, y, part.width, part.height);
    this.version++;
  }

  /** Mixes pixels by one of the protocol's functions, without blend and clip. */
  transfer(source: Layer, area: Area, mix: number, x: number, y: number): void {
    const part = within(source, area);
    if (part === undefined) return;
    this.#fit(x, y, part.width, part.height);
    const [left, top] = [Math.max(0, -x, -part.x), Math.max(0, -y, -part.y)];
    const width = Math.min(part.width, (this.#canvas?.width ?? 0) - x) - left;
    const height = Math.min(part.height, (this.#canvas?.height ?? 0) - y) - top;
    const from = source.#context;
    const onto = this.#context;
    if (width <= 0 || height <= 0 || from === undefined || onto === undefined) return;
    const pixels = onto.getImageData(x + left, y + top, width, height);
    if (!transferPixels(mix, from.getImageData(part.x + left, part.y + top, width, height).data, pixels.data)) return;
    onto.putImageData(pixels, x + left, y + top);
    this.version++;
  }

  /** Adds a step to the path; `box` is what a buffer grows to hold. */
  step(instruction: string, box: Area, add: (context: SKRSContext2D) => void): void {
    if (this.path.length >= PATH_MOST) throw new DrawingFault("a path has too many steps");
    if (this.#pathDone) {
      this.path = [];
      this.#context?.beginPath();
      this.#pathDone = false;
    }
    this.#fit(box.x, box.y, box.width, box.height);
    this.path.push(instruction);
    if (this.#context !== undefined) add(this.#context);
  }

  close(instruction: string): void {
    this.path.push(instruction);
    this.#context?.closePath();
    this.#pathDone = true;
  }
  clip(): void {
    this.#context?.clip();
    this.#bent = true;
    this.#drawnPath();
  }
  fill(paint: Colour | Layer): void {
    if (this.#context === undefined) return this.#drawnPath();
    this.#context.fillStyle = this.#style(this.#context, paint);
    this.#context.fill();
    this.#drawnPath();
  }
  stroke({ cap, join, thickness }: Stroke, paint: Colour | Layer): void {
    if (this.#context === undefined) return this.#drawnPath();
    this.#context.lineCap = CAPS[cap] ?? "butt";
    this.#context.lineJoin = JOINS[join] ?? "bevel";
    this.#context.lineWidth = Math.min(thickness, SIDE_MOST);
    if (this.miterLimit !== undefined) this.#context.miterLimit = this.miterLimit;
    this.#context.strokeStyle = this.#style(this.#context, paint);
    this.#context.stroke();
    this.#drawnPath();
  }

  push(): void {
    if (this.#stack >= STACK_MOST) throw new DrawingFault("a layer's state is saved too often");
    this.#context?.save();
    this.#stack++;
  }
  pop(): void {
    if (this.#stack === 0) return;
    this.#context?.restore();
    this.#stack--;
  }
  reset(): void {
    while (this.#stack > 0) this.pop();
    this.#context?.restore();
    this.#context?.save();
    this.#context?.beginPath();
    this.path = [];
    this.#pathDone = false;
    this.#bent = false;
  }
  bend(bend: (context: SKRSContext2D) => void): void {
    if (this.#context !== undefined) bend(this.#context);
    this.#bent = true;
  }

  /** Gives its pixels back. The layer is not to be used again. */
  dispose(): void {
    this.#budget.give(this.surface);
    if (this.#canvas !== undefined) this.#canvas.width = 0;
    this.#canvas = undefined;
    this.#context = undefined;
  }

  /** The drawing library defers its work and holds what it needs for it; this makes it do it. */
  settle(): void {
    if (this.#settled === this.version) return;
    this.#settled = this.version;
    this.#canvas?.data();
  }

  #drawnPath(): void {
    this.#pathDone = true;
    this.path = [];
    this.version++;
  }

  #style(context: SKRSContext2D, paint: Colour | Layer): SKRSContext2D["fillStyle"] {
    if (!(paint instanceof Layer)) {
      const [red, green, blue, alpha] = paint;
      return `rgba(${String(red)},${String(green)},${String(blue)},${String(alpha / 255)})`;
    }
    return paint.canvas === undefined ? "transparent" : context.createPattern(paint.canvas, "repeat");
  }

  #fit(x: number, y: number, width: number, height: number): void {
    if (this.#grows) this.resize(Math.max(this.width, x + width), Math.max(this.height, y + height));
  }

  #replace(across: number, down: number, keepAcross: number, keepDown: number): void {
    const old = this.#canvas;
    const blend = this.#context?.globalCompositeOperation ?? this.#blendLater;
    this.#budget.take(across * down);
    this.#budget.give(this.surface);
    this.#canvas = undefined;
    this.#context = undefined;
    this.#stack = 0;
    this.#bent = false;
    this.#blendLater = blend;
    if (across > 0 && down > 0) {
      this.#canvas = createCanvas(across, down);
      this.#context = this.#canvas.getContext("2d");
      if (old !== undefined && keepAcross > 0 && keepDown > 0)
        this.#context.drawImage(old, 0, 0, keepAcross, keepDown, 0, 0, keepAcross, keepDown);
      this.#canvas.data();
      this.#context.globalCompositeOperation = blend;
      this.#context.save();
    }
    if (old !== undefined) old.width = 0;
  }
}

function stepped(side: number): number {
  return Math.ceil(side / STEP) * STEP;
}

/** The part of an area that its layer's surface can have. */
function within({ canvas }: Layer, { x, y, width, height }: Area): Area | undefined {
  const across = Math.min(width, (canvas?.width ?? 0) - x);
  const down = Math.min(height, (canvas?.height ?? 0) - y);
  return across > 0 && down > 0 ? { x, y, width: across, height: down } : undefined;
}
