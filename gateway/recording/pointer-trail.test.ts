import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { APART_US, PointerTrail } from "./pointer-trail.js";
import type { PointerPlace } from "./pointer-trail.js";

const at = (x: number, mask = 0): PointerPlace => ({ x, y: 5, mask });

describe("a pointer's trail", () => {
  test("writes at most twenty moves a second, and where it came to rest", () => {
    const trail = new PointerTrail();
    const written: number[] = [];
    for (let ms = 0; ms < 1000; ms += 4) {
      const place = trail.offer(ms * 1000, at(ms));
      if (place !== undefined) written.push(place.x);
    }
    expect(written).toHaveLength(20);
    expect(trail.take(1_000_000)).toEqual(at(996));
    expect(trail.holds).toBe(false);
  });

  test("writes every change of a button at once, and the button's place", () => {
    const trail = new PointerTrail();
    const masks = [0, 1, 0, 8, 0, 8, 0, 5];
    expect(masks.map((mask, n) => trail.offer(n, at(n, mask))?.mask)).toEqual(masks);
    trail.offer(10, at(50, 5));
    expect(trail.offer(11, at(60, 4))).toEqual(at(60, 4));
    expect(trail.holds).toBe(false);
  });

  test("writes nothing twice", () => {
    const trail = new PointerTrail();
    trail.offer(0, at(1));
    trail.offer(1, at(2));
    expect(trail.offer(2, at(1))).toBeUndefined();
    expect(trail.offer(APART_US, at(1))).toBeUndefined();
    expect(trail.take(APART_US)).toBeUndefined();
  });

  test("always ends where the pointer is", () => {
    const step = fc.record({ us: fc.nat({ max: 60_000 }), x: fc.nat({ max: 3 }), mask: fc.nat({ max: 1 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (steps) => {
        const trail = new PointerTrail();
        let now = 0;
        let last: PointerPlace | undefined;
        for (const { us, x, mask } of steps) last = trail.offer((now += us), at(x, mask)) ?? last;
        const end = steps.at(-1);
        expect(trail.take(now) ?? last).toEqual(at(end?.x ?? 0, end?.mask));
      }),
    );
  });
});
