import type { Terminal } from "@xterm/xterm";
import { expect, test } from "vitest";
import { refuseLongCounts } from "./counted-sequences.js";

type Handler = (parameters: (number | number[])[]) => boolean | Promise<boolean>;

test("a sequence with a hostile count is passed over, a usual one is obeyed", () => {
  const handlers = new Map<string, Handler>();
  const parser = {
    registerCsiHandler: (id: { final: string }, handler: Handler) => {
      handlers.set(id.final, handler);
      return { dispose: () => undefined };
    },
  };
  refuseLongCounts({ parser } as unknown as Pick<Terminal, "parser">);
  expect([...handlers.keys()].sort()).toEqual(["I", "L", "M", "S", "T", "Z", "b"]);
  for (const handler of handlers.values()) {
    expect(handler([2_000_000_000])).toBe(true);
    expect(handler([3])).toBe(false);
    expect(handler([])).toBe(false);
  }
});
