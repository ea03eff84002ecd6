/** The tables: every opcode both ways, syncs, rates, what is held down. */
import { expect, test } from "vitest";
import { encodeInstructionBytes, InstructionParser, type Instruction } from "../../../../recordings/codec/index.js";
import { rdp } from "../protocols/rdp.js";
import { Held } from "./held.js";
import { InwardFilter } from "./inward-filter.js";
import { OutwardFilter } from "./outward-filter.js";
import { PerMinute, Rate } from "./rates.js";
import { LISTING_TYPE, type Rights } from "./rights.js";
import { SyncLedger } from "./syncs.js";

const NONE: Rights = { copy: false, paste: false, upload: false, download: false };
const ALL: Rights = { copy: true, paste: true, upload: true, download: true };
function said(...elements: (string | number)[]): Instruction {
  return new InstructionParser().feed(encodeInstructionBytes(elements))[0]!;
}
const inward = (rights: Rights, ...elements: (string | number)[]): string =>
  new InwardFilter(
    () => rights,
    () => true,
  ).judge(said(...elements)).do;
const outward = (rights: Rights, ...elements: (string | number)[]): string =>
  new OutwardFilter(() => rights).judge(said(...elements)).do;

test.each([
  ["sync", ["sync", 1], "sync"],
  ["key", ["key", 97, 1], "key"],
  ["pointer", ["mouse", 1, 2, 3], "pointer"],
  ["size", ["size", 800, 600], "forward"],
  ["touch", ["touch", 1, 2, 3, 4.5, 4.5, 0, 0.5], "touch"],
  ["nop", ["nop"], "drop"],
  ["ping", ["", "ping", 5], "ping"],
  ["leave", ["disconnect"], "leave"],
  ["paste", ["clipboard", 0, "text/plain"], "begin"],
  ["upload", ["file", 0, "a/b", "n"], "begin"],
  ["put", ["put", 0, 1, "a/b", "/n"], "begin"],
  ["get", ["get", 0, "/"], "forward"],
  ["ack", ["ack", 2, "OK", 0], "forward"],
])("a browser's %s passes where it may", (_what, elements, verdict) => {
  expect(inward(ALL, ...elements)).toBe(verdict);
});

test.each([
  [["clipboard", 0, "text/plain"]],
  [["file", 0, "a/b", "n"]],
  [["put", 0, 1, "a/b", "/n"]],
  [["get", 0, "/"]],
])("without a right %j is refused", (elements) => {
  expect(inward(NONE, ...elements)).toBe("refuse");
});

test.each([
  [["key", 97]],
  [["key", 97, 2]],
  [["key", -1, 1]],
  [["key", 1e12, 1]],
  [["mouse", 1, 2]],
  [["mouse", 1, 2, 999]],
  [["mouse", "1e3", 2, 0]],
  [["mouse", 99999, 2, 0]],
  [["size", 1, 1]],
  [["size", 800]],
  [["sync", "x"]],
  [["sync", -1]],
  [["touch", 1, 2, 3]],
  [["clipboard", 99, "text/plain"]],
  [["clipboard", "a", "text/plain"]],
  [["file", 0, "a/b"]],
  [["ack", 0, "OK"]],
  [["blob", 0, "AAAA"]],
  [["end", 0]],
  [["", "join", "x"]],
  [["argv", 0, "a/b", "n"]],
  [["pipe", 0, "a/b", "n"]],
  [["audio", 0, "a/b"]],
  [["select", "rdp"]],
  [["connect"]],
  [["error", "a", 1]],
  [["img", 0, 0, 0, "a/b", 0, 0]],
  [["required", "password"]],
  [["KEY", 97, 1]],
  [["__proto__", 1]],
  [["constructor"]],
])("a browser's %j is a fault", (elements) => {
  expect(inward(ALL, ...elements)).toBe("fault");
});

test.each([
  "n".repeat(256),
  "../../etc/passwd",
  "..\\..\\windows",
  "/a/..",
  "..",
  "a\0.txt",
  "a\nb",
  "\u001b[2J",
  "\u007f",
])("%j is no file's name: refused as such with the right, as not granted without it", (name) => {
  for (const [rights, because] of [
    [ALL, "invalid-name"],
    [NONE, "not-granted"],
  ] as const) {
    for (const elements of [
      ["file", 0, "a/b", name],
      ["put", 0, 0, "a/b", name],
    ]) {
      const filter = new InwardFilter(
        () => rights,
        () => true,
      );
      expect(filter.judge(said(...elements))).toMatchObject({ do: "refuse", what: "upload", because });
      expect(filter.judge(said("blob", 0, "AAAA")).do).toBe("drop");
    }
  }
});
test.each(["网关记录.txt", "a..b", "...", "/Download/a.b", "汇款 😀 (1).xlsx", "n".repeat(255)])(
  "%j is one",
  (name) => {
    expect(inward(ALL, "file", 0, "a/b", name)).toBe("begin");
  },
);

test("clipboards carry plain text alone", () => {
  expect(inward(ALL, "clipboard", 0, "text/html")).toBe("refuse");
  expect(outward(ALL, "clipboard", 0, "image/png")).toBe("refuse");
});

test("a stream that is open is not opened again, and one that ended takes no more", () => {
  const filter = new InwardFilter(
    () => ALL,
    () => false,
  );
  expect(filter.judge(said("clipboard", 0, "text/plain")).do).toBe("begin");
  expect(filter.judge(said("file", 0, "a/b", "n")).do).toBe("fault");
  expect(filter.judge(said("blob", 0, "AAAA")).do).toBe("blob");
  expect(filter.judge(said("end", 0)).do).toBe("end");
  expect(filter.judge(said("blob", 0, "AAAA")).do).toBe("fault");
  expect(filter.judge(said("touch", 1, 2, 3, 1, 1, 0, 1)).do).toBe("fault");
});

const DRAWN = (
  "arc cfill clip close copy cstroke cursor curve dispose distort identity jpeg lfill line lstroke move png pop push " +
  "rect reset set shade start transfer transform"
).split(" ");
test.each(DRAWN)("guacd's %s is drawing", (opcode) => {
  expect(outward(NONE, opcode, 0, 0, 0)).toBe("draw");
});
test.each(["log", "msg", "name", "mouse", "nest", "ready", "required", "args"])("guacd's %s goes nowhere", (opcode) => {
  expect(outward(ALL, opcode, 0, "x")).toBe("drop");
});
test.each(["audio", "video", "pipe", "argv"])("guacd's stream %s goes nowhere, nor what it carries", (opcode) => {
  const filter = new OutwardFilter(() => ALL);
  expect(filter.judge(said(opcode, 3, "a/b", "n")).do).toBe("drop");
  expect(filter.judge(said("blob", 3, "AAAA")).do).toBe("drop");
  expect(filter.judge(said("end", 3)).do).toBe("drop");
});
test.each(["exec", "", "connect", "select", "key", "__proto__", "toString"])("guacd's %j is a fault", (opcode) => {
  expect(outward(ALL, opcode, 0)).toBe("fault");
});

test("guacd's files, listings and objects pass under their right alone", () => {
  const file = ["file", 0, "a/b", "n"],
    body = ["body", 0, 1, "a/b", "/n"],
    list = ["body", 0, 1, LISTING_TYPE, "/"];
  // `body` names the stream, then the type.
  expect(outward(ALL, ...file)).toBe("begin");
  expect(outward(NONE, ...file)).toBe("refuse");
  expect(outward({ ...NONE, upload: true }, ...body)).toBe("refuse");
  expect(outward({ ...NONE, download: true }, ...body)).toBe("begin");
  expect(outward({ ...NONE, upload: true }, ...list)).toBe("begin");
  expect(outward(NONE, ...list)).toBe("refuse");
  expect(outward(NONE, "filesystem", 0, "n")).toBe("drop");
  expect(outward(ALL, "filesystem", 0, "n")).toBe("pass");
});

test("a stream's content goes the way of its opening, each index by itself", () => {
  const filter = new OutwardFilter(() => ALL);
  filter.judge(said("img", 2, 14, 0, "image/png", 0, 0));
  filter.judge(said("clipboard", 4, "text/plain"));
  expect(filter.judge(said("blob", 2, "AAAA"))).toEqual({ do: "draw" });
  expect(filter.judge(said("blob", 4, "AAAA"))).toEqual({ do: "blob", kind: "copy", stream: 4 });
  expect(filter.judge(said("end", 2))).toEqual({ do: "draw" });
  expect(filter.judge(said("blob", 2, "AAAA"))).toEqual({ do: "drop" });
  expect(filter.judge(said("blob", "x", "AAAA")).do).toBe("fault");
  expect(filter.judge(said("blob", 9999, "AAAA")).do).toBe("fault");
});

test("a sync is answered once, and only one that was shown", () => {
  const ledger = new SyncLedger();
  ledger.shown(10);
  ledger.shown(20);
  expect(ledger.answer(21)).toBe("never");
  expect(ledger.answer(15)).toBe("stale");
  expect(ledger.answer(20)).toBe("open");
  expect(ledger.answer(10)).toBe("stale");
  ledger.shown(30);
  expect(ledger.takeOver()).toBe(30);
  expect(ledger.answer(30)).toBe("stale");
  for (let at = 100; at < 10_000; at++) ledger.shown(at);
  expect(ledger.answer(100)).toBe("stale");
});

test("a rate lets so much pass at once and so much a second", () => {
  const rate = new Rate(10, 0);
  expect(rate.take(10, 0)).toBe(true);
  expect(rate.take(1, 0)).toBe(false);
  expect(new Rate(10, 0).take(11, 5_000)).toBe(false);
});

test("so many a minute, and the first one too many is told apart", () => {
  const minute = new PerMinute(2);
  const takes = [0, 1, 2, 3, 59_999, 60_000, 60_001, 60_002].map((at) => minute.take(at));
  const over = ["fits", "fits", "first-too-many"];
  expect(takes).toEqual([...over, "too-many", "too-many", ...over]);
});

test("what is held down is released once", () => {
  const held = new Held();
  held.key(1, true);
  held.key(2, true);
  held.key(1, false);
  held.pointer(3, 4, 5);
  expect(held.release()).toEqual({ keys: [2], pointer: { x: 3, y: 4 } });
  expect(held.release()).toEqual({ keys: [], pointer: undefined });
});

test("everything that could carry data past the gate is off, by name", () => {
  const made = rdp.parameters({
    plan: {
      assetName: "a",
      address: "10.0.0.5",
      port: 3389,
      username: "DOM\\user",
      hostKey: "certificate-unchecked",
      legacyAlgorithms: false,
      desktop: null,
      credential: { kind: "password", password: "p" },
    },
    choices: { width: 800, height: 600, dpi: 96, keyboardLayout: "failsafe", timeZone: "UTC" },
    rights: NONE,
    drivePath: null,
  });
  if (!made.ok) throw new Error("refused");
  expect(made.named).toMatchObject({
    "disable-copy": "true",
    "disable-paste": "true",
    "disable-upload": "true",
    "disable-download": "true",
    "enable-drive": "false",
    "enable-printing": "false",
    "enable-audio-input": "false",
    "disable-audio": "true",
    "static-channels": "",
    "enable-sftp": "false",
    "recording-path": "",
    "recording-name": "",
    "wol-send-packet": "false",
    "remote-app": "",
    console: "false",
    "initial-program": "",
    "gateway-hostname": "",
    "ignore-cert": "true",
    domain: "DOM",
    username: "user",
  });
  expect(made.restricting).toEqual(
    expect.arrayContaining(["disable-copy", "disable-paste", "disable-upload", "disable-download"]),
  );
});
