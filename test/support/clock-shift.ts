/**
 * A wall clock that a test moves while a real gateway runs: put `env` into the gateway's environment, and `move` it on by a
 * day or ninety. It shifts `Date` in that process, its worker threads and children, and nothing else: timers, monotonic time
 * and the database's own clock go on as they are. What waits for a time by timer sees the new one at its next look.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ClockShift {
  /** For `startGatehouse({ env })`, and again for `restart(env)`. */
  readonly env: { readonly NODE_OPTIONS: string };
  /** What the shifted process reads, milliseconds since 1970. */
  now(): number;
  /** Moves on by so many milliseconds, or back; seen within 20 ms. */
  move(ms: number): Promise<void>;
  stop(): void;
}

/** How old a reading of the shift may be. */
const READ_MS = 20;

/** Loaded before the program; asks the monotonic clock whether to read the file again. */
const preload = (file: string): string => `
const { readFileSync } = require("node:fs");
const RealDate = Date;
let shift = 0;
let readAt = -Infinity;
function now() {
  const at = performance.now();
  if (at - readAt > ${READ_MS}) {
    shift = Number(readFileSync(${JSON.stringify(file)}, "utf8"));
    readAt = at;
  }
  return RealDate.now() + shift;
}
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, self) => (name === "now" ? now : Reflect.get(target, name, self)),
});
RealDate.prototype.constructor = globalThis.Date;
`;

export function startClockShift(): ClockShift {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-clock-"));
  const file = join(folder, "shift");
  const script = join(folder, "shift.cjs");
  let shift = 0;
  // By another name first: nobody reads half a number.
  const write = (): void => {
    writeFileSync(`${file}.new`, String(shift));
    renameSync(`${file}.new`, file);
  };
  write();
  writeFileSync(script, preload(file));
  return {
    env: { NODE_OPTIONS: `--require=${script}` },
    now: () => Date.now() + shift,
    async move(ms) {
      shift += ms;
      write();
      await new Promise((resolve) => setTimeout(resolve, 2 * READ_MS));
    },
    stop: () => rmSync(folder, { recursive: true, force: true }),
  };
}
