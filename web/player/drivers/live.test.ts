import { expect, test } from "vitest";
import type { WatchEvent, WatchStartMessage } from "../../api/types.js";
import type { Screen } from "../core/screen.js";
import { watchLive, type LiveChannel, type LiveParts, type PassedEvent } from "./live.js";

type Listener = Parameters<LiveParts["watch"]>[1];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const start = (screen: string): WatchStartMessage => ({
  session: {} as WatchStartMessage["session"],
  channels: [{ channel: 1, kind: "desktop", detail: "rdp", cols: 640, rows: 480, pty: false, screen }],
});
const graphics = (atUs: number, text: string): WatchEvent => ({
  type: "graphics",
  channel: 1,
  atUs,
  bytes: bytes(text),
});

function lab() {
  let listener: Listener | undefined;
  const drawn: string[] = [];
  const passed: PassedEvent[] = [];
  const ended: string[] = [];
  let channels: readonly LiveChannel[] = [];
  let stopped = 0;
  const driver = watchLive({
    sessionId: "s",
    watch: (_id, given) => {
      listener = given;
      return () => {
        stopped += 1;
      };
    },
    onChannels: (list) => {
      channels = list;
    },
    onPassed: (event) => passed.push(event),
    onEnded: (because) => ended.push(because),
    onRefused: () => undefined,
  });
  const screen: Screen = {
    reset: (cols, rows, state) => drawn.push(`reset ${String(cols)}x${String(rows)} ${state}`),
    draw: (events) =>
      drawn.push(
        ...events.map(
          ([, code, data]) => `${code} ${typeof data === "string" ? data : new TextDecoder().decode(data)}`,
        ),
      ),
    busy: () => false,
  };
  if (listener === undefined) throw new Error("nothing is watched");
  return { driver, listener, screen, drawn, passed, ended, channels: () => channels, stopped: () => stopped };
}

test("who arrives late sees the picture as it is, then what is newer, in its order", () => {
  const { driver, listener, screen, drawn } = lab();
  listener.onStart(start("4.size,1.0,3.640,3.480;"));
  listener.onEvent(graphics(1, "first"));
  driver.attach(1, screen);
  listener.onEvent({ type: "pointer", channel: 1, atUs: 2, x: 3, y: 4, mask: 1 });
  listener.onEvent(graphics(3, "second"));
  expect(drawn).toEqual(["reset 640x480 4.size,1.0,3.640,3.480;", "d first", "p 3,4,1", "d second"]);
});

test("after a reconnect the new picture replaces what was drawn", () => {
  const { driver, listener, screen, drawn } = lab();
  listener.onStart(start("a"));
  driver.attach(1, screen);
  listener.onStart(start("b"));
  expect(drawn).toEqual(["reset 640x480 a", "reset 640x480 b"]);
});

test("that something passed is told, never what, and draws nothing", () => {
  const { driver, listener, screen, drawn, passed } = lab();
  listener.onStart(start(""));
  driver.attach(1, screen);
  listener.onEvent({ type: "clipboard", channel: 1, atUs: 9, direction: "paste", size: 12 });
  expect(passed).toEqual([{ type: "clipboard", channel: 1, atUs: 9, direction: "paste", size: 12 }]);
  expect(drawn).toHaveLength(1);
});

test("a channel that ends stays on the page as closed, and the watch's end is told", () => {
  const { listener, channels, ended, driver, stopped } = lab();
  listener.onStart(start(""));
  listener.onEvent({ type: "channel-closed", channel: 1, atUs: 1, outcome: "recorded" });
  expect(channels().map(({ kind, open }) => [kind, open])).toEqual([["desktop", false]]);
  listener.onEnded("revoked");
  expect(ended).toEqual(["revoked"]);
  driver.stop();
  expect(stopped()).toBe(1);
});
