/** Steps of a path, from their arguments to the drawing library. */
import type { Layer } from "./layer.js";
import { fraction, whole } from "./limits.js";

/** Adds `rect`, `start`, `line`, `arc` or `curve` to the layer's path. */
export function pathStep(layer: Layer, opcode: string, args: readonly string[], instruction: string): void {
  if (opcode === "arc") return arc(layer, args, instruction);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args.slice(1, NUMBERS[opcode]).map(whole);
  const point = { x: a, y: b, width: 0, height: 0 };
  if (opcode === "rect")
    layer.step(instruction, { x: a, y: b, width: c, height: d }, (context) => context.rect(a, b, c, d));
  else if (opcode === "start") layer.step(instruction, point, (context) => context.moveTo(a, b));
  else if (opcode === "line") layer.step(instruction, point, (context) => context.lineTo(a, b));
  else layer.step(instruction, { ...point, x: e, y: f }, (context) => context.bezierCurveTo(a, b, c, d, e, f));
}

/** Elements a step has, with its layer. */
const NUMBERS: Readonly<Record<string, number>> = { rect: 5, start: 3, line: 3, curve: 7 };

function arc(layer: Layer, [, x, y, radius, from, to, negative]: readonly string[], instruction: string): void {
  const [centreX, centreY, size] = [whole(x), whole(y), Math.max(0, whole(radius))];
  const [start, end, back] = [fraction(from), fraction(to), whole(negative) !== 0];
  layer.step(instruction, { x: centreX, y: centreY, width: 0, height: 0 }, (context) =>
    context.arc(centreX, centreY, size, start, end, back),
  );
}
