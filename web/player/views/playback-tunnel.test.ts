import { expect, test, vi } from "vitest";
import { encodeInstruction, GuacamoleError } from "../../../recordings/codec/index.js";
import { isPress, readPointer } from "./pointer-mark.js";

// The library draws in a browser; here only its tunnel is wanted, which asks for a window while it loads.
vi.stubGlobal("window", {});
const { draws, PlaybackTunnel } = await import("./playback-tunnel.js");

function tunnel(): { readonly tunnel: InstanceType<typeof PlaybackTunnel>; readonly heard: string[][] } {
  const heard: string[][] = [];
  const made = new PlaybackTunnel();
  made.oninstruction = (opcode, args) => heard.push([opcode, ...(args as string[])]);
  return { tunnel: made, heard };
}

test("drawing reaches the client, in its order, as text or as bytes", () => {
  const { tunnel: made, heard } = tunnel();
  made.feed(encodeInstruction(["size", 0, 640, 480]) + encodeInstruction(["rect", 0, 1, 2, 3, 4]));
  made.feed(new TextEncoder().encode(encodeInstruction(["cfill", 14, 0, 1, 2, 3, 255])));
  expect(heard.map(([opcode]) => opcode)).toEqual(["size", "rect", "cfill"]);
});

test.each([
  "clipboard",
  "file",
  "filesystem",
  "audio",
  "video",
  "pipe",
  "argv",
  "required",
  "disconnect",
  "error",
  "msg",
  "sync",
  "",
])("%j draws nothing and is passed over", (opcode) => {
  const { tunnel: made, heard } = tunnel();
  made.feed(encodeInstruction([opcode, 1, "text/plain"]));
  expect(heard).toEqual([]);
});

test("a size that no browser can hold is passed over", () => {
  expect(draws("size", ["0", "1920", "1080"])).toBe(true);
  expect(draws("size", ["0", "1000000", "1080"])).toBe(false);
  expect(draws("size", ["0", "x", "1"])).toBe(false);
});

test("nothing that the client says leaves the tunnel, and it never connects", () => {
  const { tunnel: made } = tunnel();
  const before = made.state;
  made.sendMessage("key", 65, 1);
  made.connect();
  expect([made.state, made.isConnected()]).toEqual([before, false]);
});

test("what is no instruction is refused", () => {
  const { tunnel: made } = tunnel();
  expect(() => {
    made.feed("no instruction");
  }).toThrow(GuacamoleError);
});

test("a pointer is read as a place and the buttons held, and anything else is none", () => {
  expect(readPointer("12,-3,5")).toEqual({ x: 12, y: -3, mask: 5 });
  for (const text of ["", "1,2", "1,2,3,4", "a,b,c", "1e9,2,3"]) expect(readPointer(text)).toBeUndefined();
});

test("a press is a button that was up before; the wheel is none", () => {
  const at = (mask: number) => ({ x: 0, y: 0, mask });
  expect([
    isPress(undefined, at(1)),
    isPress(at(0), at(4)),
    isPress(at(1), at(1)),
    isPress(at(1), at(0)),
    isPress(at(0), at(8)),
  ]).toEqual([true, true, false, false, false]);
});
