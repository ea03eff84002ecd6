import { expect, it } from "vitest";
import { asId, type RecordingId } from "../domain/index.js";
import { DeriveQueue } from "./derive-queue.js";

it("stops soon, whatever a long recording still takes, and says nothing of one that was given up", async () => {
  const said: string[] = [];
  let giveUp: (error: Error) => void = () => undefined;
  const derived = new Promise<never>((_resolve, reject) => (giveUp = reject));
  const queue = new DeriveQueue({
    database: { read: { recordings: { get: () => Promise.resolve({ derivedAt: null }) } } },
    library: { derived: () => derived },
    log: (_level: string, message: string) => said.push(message),
  } as unknown as ConstructorParameters<typeof DeriveQueue>[0]);
  queue.add(asId<RecordingId>("r1"));
  const from = Date.now();
  await queue.stop();
  expect(Date.now() - from).toBeLessThan(3_000);
  giveUp(new Error("the library was closed"));
  await queue.idle();
  expect(said).toEqual([]);
});
