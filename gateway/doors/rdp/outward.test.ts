import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { encodeInstructionBytes, InstructionParser } from "../../../recordings/codec/index.js";
import { DEFAULT_LIMITS } from "./limits.js";
import { Outward, type OutwardParts } from "./outward.js";

const rect = ["rect", 0, 0, 0, 10, 10] as const;
const parser = new InstructionParser();
let outward: Outward;
afterEach(() => outward.stop());

/** An outward side whose recorder takes everything at once; what it recorded, one text a call. */
function recording(): string[] {
  const recorded: string[] = [];
  const graphics = (bytes: Uint8Array): Promise<number> =>
    Promise.resolve(recorded.push(Buffer.from(bytes).toString()));
  const fail = (error: unknown): void => {
    throw error;
  };
  outward = new Outward({
    channel: { tap: { graphics } },
    view: { draw: () => undefined, waitingBytes: 0 },
    link: () => undefined,
    rights: () => ({ copy: false, paste: false, upload: false, download: false }),
    limits: DEFAULT_LIMITS,
    size: { width: 1_024, height: 768 },
    onFailure: fail,
    nowMs: () => 0,
  } as unknown as OutwardParts);
  return recorded;
}

function comes(...instructions: readonly (readonly (string | number)[])[]): void {
  outward.take(parser.feed(Buffer.concat(instructions.map(encodeInstructionBytes))));
}

test("a frame of the picture that comes in several reads is recorded in one piece, at its sync", () => {
  const recorded = recording();
  comes(rect);
  comes(["cfill", 14, 0, 255, 0, 0, 255]);
  expect(recorded).toEqual([]);
  comes(["sync", 5]);
  const size = "4.size,1.0,4.1024,3.768;";
  expect(recorded).toEqual([`${size}4.rect,1.0,1.0,1.0,2.10,2.10;5.cfill,2.14,1.0,3.255,1.0,1.0,3.255;4.sync,1.5;`]);
});

test("drawing whose sync does not come is recorded soon all the same, and not after the end", async () => {
  const recorded = recording();
  comes(rect);
  await expect.poll(() => recorded.length, { timeout: 1_000, interval: 1 }).toBe(1);
  comes(rect);
  outward.stop();
  await pause(20);
  expect(recorded).toHaveLength(1);
});
