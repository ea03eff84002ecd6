/**
 * Many browsers in one process: each holds a desktop's WebSocket, answers every `sync` at once, pings twice a second as
 * Guacamole's tunnel does, and moves the mouse. A frame counts when its `sync` arrives.
 */
import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";
import { encodeInstructionBytes } from "../../recordings/codec/index.js";
import { answerParent } from "./child.js";
import { sharedMs, SyncScanner, type Stamp } from "./desktop-syncs.js";

/** How one browser gets in. */
export interface Entry {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

export interface Seen {
  readonly bytes: number;
  readonly frames: readonly Stamp[];
}

interface Browser {
  readonly socket: WebSocket;
  bytes: number;
  frames: Stamp[];
}

const OPEN_MS = 40_000;
const CLOSE_MS = 5_000;
const PING_MS = 500;
const MOUSE_MS = 100;
const browsers = new Set<Browser>();

/** Resolves with its first frame. */
function open({ url, protocols, headers }: Entry): Promise<void> {
  const socket = new WebSocket(url, [...protocols], { headers, perMessageDeflate: false });
  const browser: Browser = { socket, bytes: 0, frames: [] };
  const scanner = new SyncScanner();
  const send = (...elements: (string | number)[]): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(encodeInstructionBytes(elements));
  };
  let moved = 0;
  const move = (): void => {
    moved += 1;
    send("mouse", 820 + (moved % 100), 40 + (moved % 60), 0);
  };
  const beats = [setInterval(() => send("", "ping", Date.now()), PING_MS), setInterval(move, MOUSE_MS)];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no picture in time")), OPEN_MS);
    socket.on("message", (data: Buffer) => {
      browser.bytes += data.length;
      for (const stamp of scanner.feed(data)) {
        browser.frames.push([stamp, sharedMs()]);
        send("sync", stamp);
        clearTimeout(timer);
        browsers.add(browser);
        resolve();
      }
    });
    socket.on("error", reject);
    socket.once("close", (code, reason) => {
      beats.forEach(clearInterval);
      browsers.delete(browser);
      reject(new Error(`closed with ${code} ${reason.toString()}`));
    });
  });
}

/** Says `disconnect`, which lets guacd end at once. */
async function leave({ socket }: Browser): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.send(encodeInstructionBytes(["disconnect"]));
  await pause(50);
  socket.close();
  await Promise.race([closed, pause(CLOSE_MS).then(() => socket.terminate())]);
}

answerParent({
  open: ({ entries }: { entries: readonly Entry[] }) => Promise.all(entries.map(open)),
  /** What all browsers see from now on. */
  async watch({ forMs }: { forMs: number }): Promise<Seen> {
    const all = [...browsers];
    for (const browser of all) Object.assign(browser, { bytes: 0, frames: [] });
    await pause(forMs);
    if (all.some((browser) => !browsers.has(browser))) throw new Error("a desktop ended by itself");
    return { bytes: all.reduce((sum, { bytes }) => sum + bytes, 0), frames: all.flatMap(({ frames }) => frames) };
  },
  leave: () => Promise.all([...browsers].map(leave)),
});
