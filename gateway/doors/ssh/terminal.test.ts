import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyDecoder, LineEditor, parseDuration, type Key } from "./terminal.js";

function keysOf(...chunks: (string | Buffer)[]): Key[] {
  const decoder = new KeyDecoder();
  return chunks.flatMap((chunk) => decoder.step(Buffer.from(chunk)));
}
function type(editor: LineEditor, text: string): { echo: string; result: unknown } {
  let echo = "";
  let result: unknown;
  for (const key of keysOf(text)) {
    const step = editor.step(key);
    echo += step.echo;
    result ??= step.result;
  }
  return { echo, result };
}

describe("keys", () => {
  it("come out the same whole and split at every byte, but for a lone Escape", () => {
    const bytes = Buffer.from("事由a\x1b[A\x1b[5~\x1bOBz\r\n\x7f\x03");
    const merged = (keys: Key[]): string =>
      keys.map((key) => (key.type === "text" ? key.text : `<${key.type}>`)).join("");
    const whole = merged(keysOf(bytes));
    expect(whole).toBe("事由a<up><page-up><down>z<enter><backspace><interrupt>");
    for (let at = 1; at < bytes.length; at += 1) {
      if (bytes[at - 1] === 0x1b) continue;
      expect(merged(keysOf(bytes.subarray(0, at), bytes.subarray(at)))).toBe(whole);
    }
  });

  it("take an ESC at the end of a chunk as Escape and swallow unknown sequences", () => {
    expect(keysOf("\x1b")).toEqual([{ type: "escape" }]);
    expect(keysOf("\x1b[200~x\x1b[201~")).toEqual([{ type: "text", text: "x" }]);
  });

  it("never throw and never hold more than a sequence, whatever is typed", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (chunks) => {
        const decoder = new KeyDecoder();
        for (const chunk of chunks) for (const key of decoder.step(chunk)) expect(key.type).toBeTypeOf("string");
      }),
    );
  });
});

describe("a typed line", () => {
  it("is edited at its end, two columns for a wide character", () => {
    const editor = new LineEditor(20);
    expect(type(editor, "ab事\x7f\x7fc\r")).toEqual({
      echo: "ab事\b \b\b \b\b \bc\r\n",
      result: { type: "line", text: "ac" },
    });
  });

  it("holds no more than it may and no control characters", () => {
    const editor = new LineEditor(4);
    expect(type(editor, "abc\u202edef\r").result).toEqual({ type: "line", text: "abcd" });
    const longer = new LineEditor(4);
    expect(type(longer, "abcdefgh\r").result).toEqual({ type: "line", text: "abcd" });
  });

  it("is given up by Ctrl-C, and by Ctrl-D only when empty", () => {
    expect(type(new LineEditor(9), "ab\x03").result).toEqual({ type: "gave-up" });
    expect(type(new LineEditor(9), "ab\x04").result).toBeUndefined();
    expect(type(new LineEditor(9), "\x04").result).toEqual({ type: "gave-up" });
  });
});

describe("a length of time", () => {
  it.each([
    ["90", 5_400_000],
    ["90m", 5_400_000],
    ["2h", 7_200_000],
    ["1h30m", 5_400_000],
    ["1d", 86_400_000],
    ["0", undefined],
    ["0m", undefined],
    ["-5", undefined],
    ["1e9", undefined],
    ["soon", undefined],
    ["", undefined],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});
