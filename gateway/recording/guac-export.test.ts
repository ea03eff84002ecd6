import { describe, expect, test } from "vitest";
import { EventType, InstructionParser, concat, encodeInstructionBytes } from "../../recordings/codec/index.js";
import type { RecordedEvent } from "../../recordings/codec/index.js";
import { guacExport } from "./guac-export.js";

type Elements = readonly (string | number)[];

function drawing(atMs: number, ...instructions: readonly Elements[]): RecordedEvent {
  const payload = concat(instructions.map((elements) => encodeInstructionBytes(elements)));
  return { type: EventType.graphics, channel: 1, atUs: atMs * 1000 + 250, payload };
}
function pointing(atMs: number, x: number, y: number, mask: number): RecordedEvent {
  const payload = Uint8Array.of(x & 255, x >> 8, y & 255, y >> 8, mask);
  return { type: EventType.pointer, channel: 1, atUs: atMs * 1000 + 999, payload };
}

async function exported(events: readonly RecordedEvent[]): Promise<string[]> {
  const parser = new InstructionParser();
  const lines: string[] = [];
  for await (const piece of guacExport(events, 1))
    for (const { opcode, args } of parser.feed(piece)) lines.push([opcode, ...args].join(" "));
  expect(parser.pendingBytes).toBe(0);
  return lines;
}

describe("a desktop as a stream for Guacamole's own tools", () => {
  test("is drawn as it was shown, on the recording's clock", async () => {
    const rect = ["rect", 0, 1, 2, 3, 4];
    expect(
      await exported([drawing(5, ["size", 0, 10, 20], rect, ["sync", 987_654]), drawing(40, ["sync", 1])]),
    ).toEqual(["size 0 10 20", rect.join(" "), "sync 5", "sync 40"]);
  });

  test("shows the pointer in frames of its own, never inside one of the target's", async () => {
    const events = [
      drawing(5, ["size", 0, 10, 20], ["sync", 1]),
      pointing(60, 1000, 700, 0),
      drawing(70, ["img", 1, 15, 0, "image/png", 0, 0]),
      pointing(80, 1001, 700, 1),
      drawing(90, ["end", 1], ["sync", 2]),
    ];
    expect(await exported(events)).toEqual([
      "size 0 10 20",
      "sync 5",
      "mouse 1000 700 0 60",
      "sync 60",
      "img 1 15 0 image/png 0 0",
      "mouse 1001 700 1 80",
      "end 1",
      "sync 90",
    ]);
  });

  test("holds nothing of other channels, keys or the clipboard, and comes in pieces", async () => {
    const blob = ["blob", 1, "A".repeat(8_000)];
    const other = { ...drawing(1, ["nop"]), channel: 2 };
    const clipboard = { ...drawing(2, ["clipboard", 1, "text/plain"]), type: EventType.clipboard };
    const events = [other, clipboard, ...Array.from({ length: 40 }, (_, at) => drawing(at + 3, blob, ["sync", at]))];
    const pieces: number[] = [];
    for await (const piece of guacExport(events, 1)) pieces.push(piece.length);
    expect(pieces.length).toBeGreaterThan(4);
    expect(new Set((await exported(events)).map((line) => line.split(" ")[0]))).toEqual(new Set(["blob", "sync"]));
  });
});
