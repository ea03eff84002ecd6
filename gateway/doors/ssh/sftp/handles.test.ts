import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runningHash } from "../../../../test/support/running-hash.js";
import { ReorderBudget, TransferMeter } from "./handles.js";

function meter(perTransfer = 100, total = 1000): TransferMeter {
  return new TransferMeter(runningHash(), new ReorderBudget(perTransfer, total));
}
const sha = (...bytes: number[]): string => createHash("sha256").update(Uint8Array.from(bytes)).digest("hex");

describe("what passed in one direction", () => {
  it("is put in order, in whatever order the pieces come", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 90 }),
        fc.array(fc.integer({ min: 1, max: 9 })),
        fc.infiniteStream(fc.nat()),
        (bytes, cuts, dice) => {
          const pieces: [number, Uint8Array][] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const length = cuts[i] ?? 10;
            pieces.push([at, bytes.subarray(at, at + length)]);
            at += length;
          }
          const order = pieces
            .map((piece) => ({ piece, key: dice.next().value as number }))
            .sort((a, b) => a.key - b.key);
          const target = meter();
          for (const { piece } of order) target.add(...piece);
          expect(target.finish()).toEqual({ size: bytes.length, sha256: sha(...bytes), sequential: true });
        },
      ),
    );
  });

  it("is digested as it passed, and marked, when pieces overlap, repeat, are missing or start later", () => {
    const cases: [number, number[]][][] = [
      [
        [0, [1, 2]],
        [1, [3]],
      ],
      [
        [0, [1, 2]],
        [0, [3]],
      ],
      [
        [0, [1, 2]],
        [5, [3]],
      ],
      [
        [4, [1, 2]],
        [6, [3]],
      ],
      [
        [4, [1, 2]],
        [4, [3]],
      ],
    ];
    for (const pieces of cases) {
      const target = meter();
      for (const [offset, bytes] of pieces) target.add(offset, Uint8Array.from(bytes));
      expect(target.finish()).toEqual({ size: 3, sha256: sha(1, 2, 3), sequential: false });
    }
  });

  it("waits for at most its own and the channel's bound, and gives back what it held", () => {
    const own = meter(3);
    own.add(10, Uint8Array.of(1, 2));
    own.add(20, Uint8Array.of(3, 4));
    own.add(0, Uint8Array.of(5));
    expect(own.finish()).toEqual({ size: 5, sha256: sha(1, 2, 3, 4, 5), sequential: false });

    const budget = new ReorderBudget(10, 4);
    const [one, two, three] = [1, 2, 3].map(() => new TransferMeter(runningHash(), budget));
    one?.add(5, Uint8Array.of(1, 2, 3));
    two?.add(5, Uint8Array.of(1, 2, 3));
    expect(two?.finish().sequential).toBe(false);
    one?.add(0, Uint8Array.of(9, 9, 9, 9, 9));
    expect(one?.finish()).toMatchObject({ size: 8, sequential: true });
    three?.add(4, Uint8Array.of(1, 2, 3, 4));
    three?.add(0, Uint8Array.of(1, 2, 3, 4));
    expect(three?.finish().sequential).toBe(true);
  });

  it("keeps what waits when the caller uses its buffer again", () => {
    const target = meter();
    const buffer = Uint8Array.of(2, 2);
    target.add(1, buffer);
    buffer.fill(9);
    target.add(0, Uint8Array.of(1));
    expect(target.finish().sha256).toBe(sha(1, 2, 2));
  });
});
