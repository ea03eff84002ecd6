/** What a player is given of each event; the bytes are those that FORMAT.md §3 states. */
import { describe, expect, it } from "vitest";
import { collectEvents, RECORDED } from "./replay-events.js";

type Given = Parameters<typeof collectEvents>[0] extends AsyncIterable<infer Event> ? Event : never;

const event = (type: number, atUs: number, payload: Uint8Array, channel = 1): Given => ({
  type,
  channel,
  atUs,
  payload,
});

async function* stream(...events: readonly Given[]): AsyncGenerator<Given> {
  yield* events;
}

describe("a stretch of a replay", () => {
  it("draws a desktop: whole instructions as text, the pointer as its place and buttons", async () => {
    const source = stream(
      event(RECORDED.resize, 1, Uint8Array.of(0x00, 0x05, 0x20, 0x03)),
      event(RECORDED.graphics, 2, Buffer.from("3.nop;4.name,2.桌面;")),
      event(RECORDED.pointer, 3, Uint8Array.of(0x01, 0x02, 0x03, 0x04, 5)),
      event(RECORDED.pointer, 3, Uint8Array.of(1, 2, 3)),
      event(RECORDED.input, 4, Buffer.from("secret")),
      event(15, 4, Buffer.from("a copied text")),
      event(RECORDED.graphics, 5, Buffer.from("x"), 2),
    );
    expect(await collectEvents(source, 1, 0, 10)).toEqual({
      events: [
        [1, "r", "1280x800"],
        [2, "d", "3.nop;4.name,2.桌面;"],
        [3, "p", "513,1027,5"],
      ],
      toUs: 10,
    });
  });

  it("ends early, between two moments, when it holds more than one answer may carry", async () => {
    const big = new Uint8Array(1_500_000).fill(0x3b);
    const source = stream(
      event(RECORDED.graphics, 1, big),
      event(RECORDED.graphics, 2, big),
      event(RECORDED.graphics, 2, big),
      event(RECORDED.graphics, 3, big),
    );
    const { events, toUs } = await collectEvents(source, 1, 0, 10);
    expect([events.map(([atUs]) => atUs), toUs]).toEqual([[1, 2, 2], 3]);
  });
});
