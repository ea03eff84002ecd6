/**
 * A desktop as its drawing instructions leave it: layers, buffers and the pointer's picture. Instructions are obeyed in order,
 * pictures decoded in between; what is not for drawing is left out. Throws DrawingFault at the first thing that no desktop does.
 */
import type { Instruction } from "../../../../recordings/codec/index.js";
import { blendOf } from "./blending.js";
import { decodeImage } from "./images.js";
import { ImageStreams } from "./image-streams.js";
import { Layer } from "./layer.js";
import { DrawingFault, LAYERS_MOST, fraction, whole } from "./limits.js";
import type { PixelBudget } from "./limits.js";
import { pathStep } from "./paths.js";

/** Pixels of work put off before the drawing library has to do it: it holds a copy of every source until then. */
const PUT_OFF_MOST = 8 * 1024 * 1024;
const SMALL_WORK = 256;

/** How a layer hangs in the picture. */
export interface Hanging {
  parent: number;
  x: number;
  y: number;
  z: number;
  alpha: number;
  matrix: readonly number[];
  /** Among layers of one height, the later hung one is in front. */
  order: number;
}

export interface Pointer {
  readonly hotspotX: number;
  readonly hotspotY: number;
  readonly layer: Layer;
}

type Arguments = Instruction["args"];
type Step = (args: Arguments, instruction: Instruction) => void | Promise<void>;

export class Display {
  readonly layers = new Map<number, Layer>();
  readonly hangings = new Map<number, Hanging>();
  readonly streams = new ImageStreams();
  pointer: Pointer | undefined;
  /** Of the newest `sync`, as it came. */
  timestamp = "0";
  /** Raised by everything that may be seen: drawing, sizes, places. */
  version = 0;
  readonly #budget: PixelBudget;
  #orders = 0;
  #putOff = 0;

  constructor(budget: PixelBudget) {
    this.#budget = budget;
    this.layer(0);
  }

  /** Obeys one instruction; answers only when a picture has to be decoded first. */
  obey(instruction: Instruction): void | Promise<void> {
    const step = this.#steps.get(instruction.opcode);
    return step?.(instruction.args, instruction);
  }

  /** Makes the drawing library do what it put off. */
  settle(): void {
    for (const layer of this.layers.values()) layer.settle();
    this.pointer?.layer.settle();
    this.#putOff = 0;
  }

  dispose(): void {
    for (const layer of this.layers.values()) layer.dispose();
    this.pointer?.layer.dispose();
    this.layers.clear();
    this.hangings.clear();
    this.pointer = undefined;
  }

  /** Made when it is first named: a layer as large as the desktop, a buffer empty. */
  layer(index: number): Layer {
    const known = this.layers.get(index);
    if (known !== undefined) return known;
    if (this.layers.size >= LAYERS_MOST) throw new DrawingFault("there are too many layers");
    const { width, height } = this.layers.get(0) ?? { width: 0, height: 0 };
    const layer = index > 0 ? new Layer(this.#budget, width, height, false) : new Layer(this.#budget, 0, 0, index < 0);
    this.layers.set(index, layer);
    if (index > 0) this.#hang(index, 0);
    return layer;
  }

  readonly #steps = new Map<string, Step>([
    ["size", (args) => this.#at(args[0]).resize(whole(args[1]), whole(args[2]))],
    ["img", (args, { bytes }) => this.#image(args, textOf(bytes))],
    ["blob", (args, { bytes }) => this.streams.piece(args[0] ?? "", args[1] ?? "", textOf(bytes))],
    ["end", ([number = ""]) => this.#imageEnd(number)],
    ["png", (args) => this.#inlineImage(args)],
    ["jpeg", (args) => this.#inlineImage(args)],
    ["copy", (args) => this.#copy(args)],
    ["transfer", (args) => this.#transfer(args)],
    ["cfill", ([mask, layer, ...colour]) => this.#paint(mask, layer, (on) => on.fill(colourOf(colour)))],
    [
      "cstroke",
      ([mask, layer, cap, join, thickness, ...colour]) =>
        this.#paint(mask, layer, (on) =>
          on.stroke({ cap: whole(cap), join: whole(join), thickness: whole(thickness) }, colourOf(colour)),
        ),
    ],
    ["lfill", ([mask, layer, source]) => this.#paint(mask, layer, (on) => on.fill(this.#at(source)))],
    [
      "lstroke",
      ([mask, layer, cap, join, thickness, source]) =>
        this.#paint(mask, layer, (on) =>
          on.stroke({ cap: whole(cap), join: whole(join), thickness: whole(thickness) }, this.#at(source)),
        ),
    ],
    ...["rect", "start", "line", "arc", "curve"].map((opcode): [string, Step] => [
      opcode,
      (args, { bytes }) => pathStep(this.#at(args[0]), opcode, args, textOf(bytes)),
    ]),
    ["close", ([layer], { bytes }) => this.#at(layer).close(textOf(bytes))],
    ["clip", ([layer]) => this.#at(layer).clip()],
    ["push", ([layer]) => this.#at(layer).push()],
    ["pop", ([layer]) => this.#at(layer).pop()],
    ["reset", ([layer]) => this.#at(layer).reset()],
    ["identity", ([layer]) => this.#at(layer).bend((context) => context.resetTransform())],
    ["transform", (args) => this.#transform(args)],
    ["set", ([layer, name, value]) => this.#set(this.#at(layer), name, value)],
    ["cursor", (args) => this.#cursor(args)],
    ["move", (args) => this.#move(args.map(whole))],
    ["shade", ([layer, alpha]) => this.#shade(whole(layer), whole(alpha))],
    ["distort", ([layer, ...matrix]) => this.#distort(whole(layer), matrix.slice(0, 6).map(fraction))],
    ["dispose", ([layer]) => this.#dispose(whole(layer))],
    [
      "sync",
      ([timestamp = "0"]) => {
        this.timestamp = timestamp;
      },
    ],
  ]);

  #at(index: string | undefined): Layer {
    this.version++;
    return this.layer(whole(index));
  }

  /** Counts work that the drawing library may have put off. */
  #worked(pixels: number): void {
    this.#putOff += Math.max(SMALL_WORK, pixels);
    if (this.#putOff > PUT_OFF_MOST) this.settle();
  }

  #masked(mask: string | undefined, layer: string | undefined): Layer {
    const masked = this.#at(layer);
    const blend = blendOf(whole(mask));
    if (blend !== undefined) masked.blend(blend);
    return masked;
  }

  #image([number = "", mask, layer, , x, y]: Arguments, instruction: string): void {
    this.#masked(mask, layer);
    this.streams.begin(number, { layer: whole(layer), x: whole(x), y: whole(y) }, instruction);
  }

  #imageEnd(number: string): Promise<void> | undefined {
    const stream = this.streams.end(number);
    if (stream === undefined) return undefined;
    return this.#draw(this.layer(stream.layer), Buffer.concat(stream.parts), stream.x, stream.y);
  }

  #inlineImage([mask, layer, x, y, data = ""]: Arguments): Promise<void> {
    return this.#draw(this.#masked(mask, layer), Buffer.from(data, "base64"), whole(x), whole(y));
  }

  async #draw(layer: Layer, bytes: Buffer, x: number, y: number): Promise<void> {
    const image = await decodeImage(bytes);
    if (image === undefined) return;
    layer.draw(image, x, y);
    this.version++;
    this.#worked(image.width * image.height);
  }

  #copy([from, left, top, width, height, mask, layer, x, y]: Arguments): void {
    const source = this.#at(from);
    const area = { x: whole(left), y: whole(top), width: whole(width), height: whole(height) };
    this.#masked(mask, layer).copy(source, area, whole(x), whole(y));
    this.#worked(source.surface);
  }

  #transfer([from, left, top, width, height, mix, layer, x, y]: Arguments): void {
    const source = this.#at(from);
    const area = { x: whole(left), y: whole(top), width: whole(width), height: whole(height) };
    this.#at(layer).transfer(source, area, whole(mix), whole(x), whole(y));
    this.#worked(source.surface);
  }

  #paint(mask: string | undefined, layer: string | undefined, paint: (layer: Layer) => void): void {
    const on = this.#masked(mask, layer);
    paint(on);
    this.#worked(SMALL_WORK);
  }

  #transform([layer, ...numbers]: Arguments): void {
    const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = numbers.slice(0, 6).map(fraction);
    this.#at(layer).bend((context) => context.transform(a, b, c, d, e, f));
  }

  #set(layer: Layer, name: string | undefined, value: string | undefined): void {
    if (name === "miter-limit") layer.miterLimit = fraction(value);
  }

  #cursor([hotspotX, hotspotY, from, left, top, width, height]: Arguments): void {
    const source = this.#at(from);
    const area = { x: whole(left), y: whole(top), width: whole(width), height: whole(height) };
    const layer = new Layer(this.#budget, area.width, area.height, false);
    layer.copy(source, area, 0, 0);
    layer.settle();
    this.pointer?.layer.dispose();
    this.pointer = { hotspotX: whole(hotspotX), hotspotY: whole(hotspotY), layer };
  }

  #move([index = 0, parent = 0, x = 0, y = 0, z = 0]: readonly number[]): void {
    if (index <= 0 || parent < 0) return;
    this.layer(index);
    this.layer(parent);
    for (let up = parent; up > 0; up = this.hangings.get(up)?.parent ?? 0)
      if (up === index) throw new DrawingFault("a layer hangs on itself");
    const hanging = this.#hanging(index);
    if (hanging.parent !== parent) Object.assign(hanging, { parent, order: ++this.#orders });
    Object.assign(hanging, { x, y, z });
    this.version++;
  }

  #shade(index: number, alpha: number): void {
    if (index < 0) return;
    this.layer(index);
    this.#hanging(index).alpha = Math.max(0, Math.min(255, alpha));
    this.version++;
  }

  #distort(index: number, matrix: readonly number[]): void {
    if (index < 0) return;
    this.layer(index);
    this.#hanging(index).matrix = matrix;
    this.version++;
  }

  /** What hangs on a layer goes with it. The desktop itself stays. */
  #dispose(index: number): void {
    const layer = this.layers.get(index);
    if (index === 0 || layer === undefined) return;
    this.layers.delete(index);
    this.hangings.delete(index);
    layer.dispose();
    this.version++;
    for (const [child, { parent }] of [...this.hangings]) if (parent === index && child > 0) this.#dispose(child);
  }

  #hanging(index: number): Hanging {
    return this.hangings.get(index) ?? this.#hang(index, 0);
  }

  #hang(index: number, parent: number): Hanging {
    const hanging = { parent, x: 0, y: 0, z: 0, alpha: 255, matrix: [1, 0, 0, 1, 0, 0], order: ++this.#orders };
    this.hangings.set(index, hanging);
    return hanging;
  }
}

function colourOf([red, green, blue, alpha]: readonly string[]): readonly [number, number, number, number] {
  return [whole(red), whole(green), whole(blue), whole(alpha)];
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
