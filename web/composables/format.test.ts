import { expect, test } from "vitest";
import {
  byteSize,
  clockLength,
  dateText,
  fromInputTime,
  lengthParts,
  localTime,
  sshLine,
  toInputTime,
  utcTime,
  visibleText,
} from "./format.js";

test("a moment is written in local time to the second, and in UTC with its name", () => {
  const at = new Date(2026, 10, 2, 3, 4, 5).getTime();
  expect(localTime(at)).toBe("2026-11-02 03:04:05");
  expect(utcTime(Date.UTC(2026, 0, 2, 3, 4, 5))).toBe("2026-01-02 03:04:05 UTC");
});

test("a length shows hours only when there are any, and is never negative", () => {
  expect([0, 999, 61_000, 3_600_000, 90_061_000, -5].map(clockLength)).toEqual([
    "0:00",
    "0:00",
    "1:01",
    "1:00:00",
    "25:01:01",
    "0:00",
  ]);
});

test("a length in words is rounded up to whole minutes", () => {
  expect(lengthParts(1)).toEqual({ d: 0, h: 0, m: 1 });
  expect(lengthParts(7_260_000)).toEqual({ d: 0, h: 2, m: 1 });
  expect(lengthParts(90_000_000)).toEqual({ d: 1, h: 1, m: 0 });
  expect(lengthParts(-1)).toEqual({ d: 0, h: 0, m: 0 });
});

test("sizes are written in binary units", () => {
  expect([0, 1023, 1024, 1536, 20 * 1024 * 1024, 5e15].map(byteSize)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "20 MiB",
    "4547 TiB",
  ]);
});

test("a time typed into a form comes back as it was, and nothing typed is no time", () => {
  const at = new Date(2026, 5, 1, 22, 30).getTime();
  expect(fromInputTime(toInputTime(at))).toBe(at);
  expect(toInputTime(undefined)).toBe("");
  expect(fromInputTime("")).toBeUndefined();
  expect(fromInputTime("yesterday")).toBeUndefined();
});

test("what a native field holds is told in the reader's words", () => {
  expect(dateText("2026-12-31", "zh-CN")).toBe("2026-12-31 周四");
  expect(dateText("2026-12-31T18:05", "en")).toBe("2026-12-31 Thu 18:05");
  expect(["", "2026-13-40", "soon"].map((value) => dateText(value, "en"))).toEqual(["", "", ""]);
});

test("control characters and direction overrides in foreign text are shown, not obeyed", () => {
  expect(visibleText("a\u001b[31m\n\u007f\u202eb")).toBe("a^[[31m^J\\u007f\\u202eb");
  expect(visibleText("命令 <b>")).toBe("命令 <b>");
});

test("the ssh line names person, account and asset, and leaves out port 22", () => {
  expect(sshLine({ host: "gate", port: 2222 }, "alice", "root", "web-01")).toBe("ssh -p 2222 alice@root@web-01@gate");
  expect(sshLine({ host: "gate", port: 22 }, "alice", "root", "web-01")).toBe("ssh alice@root@web-01@gate");
});
