import { describe, expect, it } from "vitest";
import { AsciicastWriter, asciicastHeader } from "./asciicast.js";
import { encodeJson } from "./json.js";
import { EventType } from "./types.js";
import type { RecordedEvent } from "./types.js";
import { encodeUtf8 } from "./utf8.js";

function event(type: number, atUs: number, payload: Uint8Array | string): RecordedEvent {
  return { type, channel: 1, atUs, payload: typeof payload === "string" ? encodeUtf8(payload) : payload };
}
function parsed(line: string): unknown {
  expect(line.endsWith("\n")).toBe(true);
  return JSON.parse(line);
}

describe("asciicast", () => {
  it("begins with a version 2 header in whole seconds", () => {
    const line = asciicastHeader({
      cols: 80,
      rows: 24,
      startedAt: 1_790_000_000_999,
      title: '<b>"x"\n',
      env: { TERM: "xterm" },
    });
    expect(parsed(line)).toEqual({
      version: 2,
      width: 80,
      height: 24,
      timestamp: 1_790_000_000,
      title: '<b>"x"\n',
      env: { TERM: "xterm" },
    });
    expect(line.split("\n")).toHaveLength(2);
  });

  it("writes output, resizes and markers with absolute seconds", () => {
    const writer = new AsciicastWriter();
    const transfer = encodeJson({
      direction: "upload",
      path: "/tmp/a\u001b[31m",
      size: 1,
      sha256: "",
      sequential: true,
    });
    expect(parsed(writer.event(event(EventType.output, 1_500_000, "hi\r\n")))).toEqual([1.5, "o", "hi\r\n"]);
    expect(parsed(writer.event(event(EventType.resize, 2_000_001, Uint8Array.of(0x2c, 1, 50, 0))))).toEqual([
      2.000001,
      "r",
      "300x50",
    ]);
    expect(parsed(writer.event(event(EventType.transfer, 3_000_000, transfer)))).toEqual([
      3,
      "m",
      "upload /tmp/a\u001b[31m",
    ]);
    expect(parsed(writer.event(event(EventType.note, 4_000_000, encodeJson({ kind: "alert" }))))).toEqual([
      4,
      "m",
      "alert",
    ]);
    expect(parsed(writer.event(event(EventType.gate, 5_000_000, "ends soon\nbye\r\n")))).toEqual([
      5,
      "o",
      "ends soon\r\nbye\r\n",
    ]);
    expect(parsed(writer.marker(6_000_000, "ls -l"))).toEqual([6, "m", "ls -l"]);
    expect(writer.end()).toBe("");
  });

  it("writes no line for what has no picture", () => {
    const writer = new AsciicastWriter();
    for (const type of [
      EventType.session,
      EventType.channelOpen,
      EventType.channelClose,
      EventType.exit,
      EventType.inputMark,
      EventType.input,
      EventType.digest,
      200,
    ]) {
      expect(writer.event(event(type, 0, "x"))).toBe("");
    }
    expect(writer.event(event(EventType.resize, 0, Uint8Array.of(1)))).toBe("");
  });

  it("puts characters together over chunks, apart for stdout and stderr", () => {
    const bytes = encodeUtf8("三😀");
    const writer = new AsciicastWriter();
    let text = "";
    for (const [at, byte] of bytes.entries()) {
      const line = writer.event(event(EventType.output, at, Uint8Array.of(byte)));
      if (line !== "") text += (parsed(line) as [number, string, string])[2];
      const error = writer.event(event(EventType.errorOutput, at, "e"));
      expect(parsed(error)).toEqual([at / 1e6, "o", "e"]);
    }
    expect(text).toBe("三😀");
  });

  it("shows bad bytes and an unfinished character as U+FFFD", () => {
    const writer = new AsciicastWriter();
    expect(parsed(writer.event(event(EventType.output, 0, Uint8Array.of(0x61, 0xff, 0x62))))).toEqual([
      0,
      "o",
      "a\ufffdb",
    ]);
    expect(writer.event(event(EventType.output, 9, Uint8Array.of(0xe4, 0xb8)))).toBe("");
    expect(parsed(writer.end())).toEqual([9e-6, "o", "\ufffd"]);
  });

  it("still marks a note or transfer that is not the JSON it should be", () => {
    const writer = new AsciicastWriter();
    expect(parsed(writer.event(event(EventType.note, 0, "{")))).toEqual([0, "m", "note"]);
    expect(parsed(writer.event(event(EventType.transfer, 0, "[]")))).toEqual([0, "m", "transfer"]);
  });
});
