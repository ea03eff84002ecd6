import { describe, expect, it } from "vitest";
import { forwardFilter, IdentificationWatch, promptFilter } from "./filters.js";

function through(anyLine: boolean, text: string, at: number): string | undefined {
  const watch = new IdentificationWatch(anyLine);
  let out = "";
  for (const part of [text.slice(0, at), text.slice(at)]) {
    const passed = watch.step(Buffer.from(part));
    if (passed === undefined) return undefined;
    out += Buffer.from(passed).toString();
  }
  return out + Buffer.from(watch.rest()).toString();
}

describe("the look-out for SSH inside a forward", () => {
  it.each(["SSH-2.0-OpenSSH_9.2\r\n", "hello\nSSH-2.0-x\r\n"])("finds %j from a target, split anywhere", (text) => {
    for (let at = 0; at <= text.length; at += 1) expect(through(true, text, at)).toBeUndefined();
  });
  it("finds it from an operator only at the very start", () => {
    for (let at = 0; at <= 8; at += 1) expect(through(false, "SSH-2.0-", at)).toBeUndefined();
    expect(through(false, "GET /\nSSH-2.0", 4)).toBe("GET /\nSSH-2.0");
  });
  it.each(["GET / HTTP/1.1\r\n\r\n", "SSX", "SSH", "S", "SSSH-2", "x SSH-2.0"])(
    "lets %j pass whole and in order, split anywhere",
    (text) => {
      for (let at = 0; at <= text.length; at += 1) {
        expect(through(true, text, at)).toBe(text);
        expect(through(false, text, at)).toBe(text);
      }
    },
  );
  it("holds back what could still become an identification until it is told apart", () => {
    const filter = forwardFilter("no");
    expect(filter.fromOperator(Buffer.from("SSH")).toTarget[0]?.bytes).toHaveLength(0);
    expect(filter.ended?.("operator").toTarget[0]?.bytes).toHaveLength(3);
    expect(forwardFilter("no").fromTarget(Buffer.from("SSH-"), false)).toMatchObject({ veto: "no", toOperator: [] });
  });
});

describe("typed secrets", () => {
  it("are told apart, and neighbours of one kind travel together", () => {
    const filter = promptFilter({
      output: () => undefined,
      input: (bytes) => [0, 1, 2, 3].map((at) => ({ bytes: bytes.subarray(at, at + 1), secret: at === 1 || at === 2 })),
    });
    const { toTarget } = filter.fromOperator(Buffer.from("abcd"));
    expect(toTarget.map(({ bytes, secret }) => [Buffer.from(bytes).toString(), secret])).toEqual([
      ["a", false],
      ["bc", true],
      ["d", false],
    ]);
  });
});
