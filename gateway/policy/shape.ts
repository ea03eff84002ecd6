/**
 * Checks what YAML gave against a stated shape. Unknown keys, missing keys and wrong kinds are refused with the place
 * where they stand, so that a slip in a bundle is found when it loads and not when it matters.
 */
import { GatehouseError } from "../domain/index.js";

export type Shape<T> = (value: unknown, place: string) => T;

export function wrong(place: string, problem: string): GatehouseError {
  return new GatehouseError("internal", `policy bundle: ${place}: ${problem}`);
}

export const text: Shape<string> = (value, place) => {
  if (typeof value !== "string") throw wrong(place, "a text is expected");
  return value;
};

export const truth: Shape<boolean> = (value, place) => {
  if (typeof value !== "boolean") throw wrong(place, "true or false is expected");
  return value;
};

export function integer(least: number, most: number): Shape<number> {
  return (value, place) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      throw wrong(place, `a whole number from ${String(least)} to ${String(most)} is expected`);
    }
    return value;
  };
}

export function oneOf<T extends string | number>(values: readonly T[]): Shape<T> {
  return (value, place) => {
    if (!(values as readonly unknown[]).includes(value)) throw wrong(place, `one of ${values.join(", ")} is expected`);
    return value as T;
  };
}

export function listOf<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) throw wrong(place, "a list is expected");
    return value.map((entry, index) => item(entry, `${place}[${String(index)}]`));
  };
}

export function mapOf<T>(item: Shape<T>): Shape<ReadonlyMap<string, T>> {
  return (value, place) =>
    new Map(entriesOf(value, place).map(([key, entry]) => [key, item(entry, `${place}.${key}`)]));
}

export function optional<T>(item: Shape<T>, otherwise: T): Shape<T> {
  return (value, place) => (value === undefined ? otherwise : item(value, place));
}

/** `90s`, `30m`, `8h`, `2d` in milliseconds. */
export const duration: Shape<number> = (value, place) => {
  const match = /^([1-9]\d{0,4})([smhd])$/.exec(text(value, place));
  if (match === null) throw wrong(place, "a duration such as 30m or 8h is expected");
  const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as "s" | "m" | "h" | "d"];
  return Number(match[1]) * unitMs;
};

/** Exactly these keys; each shape sees `undefined` for a key that is missing. */
export function record<T extends object>(shapes: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> {
  return (value, place) => {
    const given = new Map(entriesOf(value, place));
    for (const key of given.keys())
      if (!Object.hasOwn(shapes, key)) throw wrong(place, `the key ${JSON.stringify(key)} is not known`);
    const result: Partial<T> = {};
    for (const key of Object.keys(shapes) as (keyof T & string)[])
      result[key] = shapes[key](given.get(key), `${place}.${key}`);
    return result as T;
  };
}

function entriesOf(value: unknown, place: string): [string, unknown][] {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw wrong(place, "named values are expected");
  return Object.entries(value);
}
