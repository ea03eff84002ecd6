/**
 * Guacamole bytes that nobody wrote in good faith. Every fault that was ever found stands in `recordings/vectors/guacamole.json`; the search for
 * new ones takes a few seconds here, and as long as one likes by hand:
 * `GATEHOUSE_FUZZ_SECONDS=3600 npx vitest run --project contract test/fuzz`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  GUACAMOLE_LIMITS,
  GuacamoleError,
  InstructionParser,
  encodeInstructionBytes,
} from "../../recordings/codec/index.js";

interface Vector {
  readonly name: string;
  readonly text?: string;
  readonly hex?: string;
  readonly fault?: string;
  readonly elements?: readonly (readonly string[])[];
}

const SECONDS = Number(process.env["GATEHOUSE_FUZZ_SECONDS"] ?? 3);
const file = join(import.meta.dirname, "../../recordings/vectors/guacamole.json");
const vectors = JSON.parse(readFileSync(file, "utf8")) as readonly Vector[];

function bytesOf({ text, hex }: Vector): Uint8Array {
  return Uint8Array.from(hex === undefined ? Buffer.from(text ?? "") : Buffer.from(hex, "hex"));
}

interface Outcome {
  readonly elements: readonly (readonly string[])[];
  readonly fault: string | undefined;
}

/** Reads all chunks and holds the parser to what it promises about each instruction. */
function outcome(chunks: readonly Uint8Array[]): Outcome {
  const parser = new InstructionParser();
  const elements: (readonly string[])[] = [];
  try {
    for (const chunk of chunks) {
      for (const { opcode, args, bytes } of parser.feed(chunk)) {
        expect(Buffer.from(encodeInstructionBytes([opcode, ...args])).equals(bytes)).toBe(true);
        elements.push([opcode, ...args]);
      }
      expect(parser.pendingBytes).toBeLessThan(4 * GUACAMOLE_LIMITS.characters);
    }
  } catch (error) {
    if (!(error instanceof GuacamoleError)) throw error;
    expect(() => parser.feed(new Uint8Array(0))).toThrow(error);
    return { elements, fault: error.fault };
  }
  return { elements, fault: undefined };
}

/** The same end however the bytes are cut; a fault takes only instructions of its own chunk with it. */
function cutEverywhere(bytes: Uint8Array, cuts: readonly number[]): Outcome {
  const single = outcome([...bytes].map((byte) => Uint8Array.of(byte)));
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
  for (const one of [outcome([bytes]), outcome(pieces)]) {
    expect(one.fault).toBe(single.fault);
    const known = one.fault === undefined ? single.elements : single.elements.slice(0, one.elements.length);
    expect(one.elements).toEqual(known);
  }
  return single;
}

const element = fc.oneof(
  fc.constantFrom("", "sync", "img", "blob", "三", "😀", "a,b;c.1"),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const sound = fc
  .array(fc.array(element, { minLength: 1, maxLength: 5 }), { maxLength: 6 })
  .map((stream) => Buffer.concat(stream.map((one) => encodeInstructionBytes(one))));
const damage = fc.record({ at: fc.nat(), remove: fc.nat({ max: 3 }), add: fc.uint8Array({ maxLength: 4 }) });
const damaged = fc.tuple(sound, fc.array(damage, { maxLength: 3 })).map(([bytes, hits]) =>
  hits.reduce<Uint8Array>((now, { at, remove, add }) => {
    const begin = at % (now.length + 1);
    return Buffer.concat([now.subarray(0, begin), add, now.subarray(begin + remove)]);
  }, bytes),
);
const crafted = fc
  .array(fc.constantFrom("0", "1", "2", "9", ".", ",", ";", "é", "三", "😀", "\xff", "a"), { maxLength: 40 })
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part, part === "\xff" ? "latin1" : "utf8"))));

describe("Guacamole bytes", () => {
  it.each(vectors)("$name", (vector) => {
    const { fault, elements } = cutEverywhere(bytesOf(vector), [1, 2, 3]);
    expect(fault).toBe(vector.fault);
    if (vector.elements !== undefined) expect(elements).toEqual(vector.elements);
  });

  it("of every kind are tried", () => {
    expect(vectors.length).toBeGreaterThanOrEqual(34);
    const faults = new Set(vectors.map(({ fault }) => fault));
    expect([...faults].sort()).toEqual(["encoding", "length", "terminator", "too-long", undefined].sort());
  });

  it(
    "never bring the parser to anything but instructions or a fault, the same however they are cut",
    () => {
      const hostile = fc.oneof(damaged, crafted, fc.uint8Array({ maxLength: 60 }));
      let [faults, whole] = [0, 0];
      fc.assert(
        fc.property(hostile, fc.array(fc.nat(), { maxLength: 5 }), (bytes, cuts) => {
          if (cutEverywhere(Uint8Array.from(bytes), cuts).fault === undefined) whole++;
          else faults++;
        }),
        { numRuns: 1e9, interruptAfterTimeLimit: SECONDS * 1000 },
      );
      expect(Math.min(faults, whole)).toBeGreaterThan(50);
    },
    (SECONDS + 60) * 1000,
  );
});
