/** Two texts side by side: whole, in bounded time, whatever is in them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareAll, compareTexts, PART_ROWS, rowsOf, type Comparison, type Row } from "./compare-texts.js";

const rows = (comparison: Comparison, unfolded: readonly number[] = []) => [...rowsOf(comparison, new Set(unfolded))];
const all = (comparison: Comparison): readonly Row[] =>
  rows(comparison, [...comparison.blocks.keys()]).filter((row): row is Row => row.kind !== "fold");
/** One of the two texts, put together again from what a reader is shown. */
function side(comparison: Comparison, but: "added" | "removed"): string {
  let text = "";
  for (const row of all(comparison).filter(({ kind }) => kind !== but)) {
    if (!row.continued && text !== "" && !text.endsWith("\n")) text += "\n";
    text += row.text === "" && !row.continued && !row.noBreak ? "\n" : row.text;
  }
  return text;
}
const whole = (comparison: Comparison, but: "added" | "removed"): string =>
  comparison.blocks
    .filter(({ kind }) => kind !== but)
    .flatMap(({ lines }) => lines)
    .join("");
const numbered = (count: number, word: string): string =>
  Array.from({ length: count }, (_, at) => `${word} ${String(at)}\n`).join("");

test("a changed line goes and comes between unchanged ones, with the numbers of both texts", () => {
  const found = compareTexts("a\nb\nc\n", "a\nB\nb2\nc\n");
  expect(
    rows(found).map((row) => (row.kind === "fold" ? row : [row.kind, row.oldLine, row.newLine, row.text])),
  ).toEqual([
    ["same", 1, 1, "a"],
    ["removed", 2, null, "b"],
    ["added", null, 2, "B"],
    ["added", null, 3, "b2"],
    ["same", 3, 4, "c"],
  ]);
  expect(found).toMatchObject({ added: 2, removed: 1, coarse: false });
});

test("line ends count: CRLF, and a last line without a break", () => {
  const crlf = compareTexts("a\nb\n", "a\r\nb\n");
  expect(rows(crlf).map(({ kind }) => kind)).toEqual(["removed", "added", "same"]);
  const cut = compareTexts("a\n", "a");
  expect(all(cut).map(({ kind, noBreak }) => [kind, noBreak])).toEqual([
    ["removed", false],
    ["added", true],
  ]);
  expect(compareTexts("", "\n")).toMatchObject({ added: 1, removed: 0 });
});

test("a lone CR ends a line, since for a policy it ends a comment", () => {
  const found = compareTexts("a\n", "a\n// never\rpermit (principal, action, resource);\r\n");
  expect(all(found).map(({ newLine, text, noBreak }) => [newLine, text, noBreak])).toEqual([
    [1, "a", false],
    [2, "// never\r", false],
    [3, "permit (principal, action, resource);\r", false],
  ]);
});

test("a file that comes or goes is told whole", () => {
  expect(compareTexts(null, "a\nb\n")).toMatchObject({ added: 2, removed: 0, coarse: false });
  expect(compareTexts("a\nb\n", null)).toMatchObject({ added: 0, removed: 2, coarse: false });
  expect(compareAll([{ name: "x", before: null, after: "a" }])[0]).toMatchObject({ fate: "fresh" });
});

test("far from a change lines fold, their number stands there, and they unfold", () => {
  const text = numbered(100, "line");
  const found = compareTexts(text, text.replace("line 50\n", "other\n"));
  const folds = rows(found).filter(({ kind }) => kind === "fold");
  expect(folds).toEqual([
    { kind: "fold", block: 0, lines: 47 },
    { kind: "fold", block: 3, lines: 46 },
  ]);
  expect(rows(found, [0, 3])).toHaveLength(101);
});

test("any two texts are told whole", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\r", "𝄞"), maxLength: 60 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const found = compareTexts(before, after);
      expect(whole(found, "added")).toBe(before);
      expect(whole(found, "removed")).toBe(after);
    }),
  );
});

test("a line of a megabyte stands in many rows, none of them long, none splitting a character", () => {
  const line = "𝄞a".repeat(350_000);
  const found = compareTexts("x\n", `${line}\n`);
  const added = all(found).filter(({ kind }) => kind === "added");
  expect(added.length).toBeGreaterThan(PART_ROWS);
  expect(Math.max(...added.map(({ text }) => text.length))).toBeLessThanOrEqual(240);
  expect(added.some(({ text }) => /[\ud800-\udbff]$/.test(text))).toBe(false);
  expect(side(found, "removed")).toBe(line);
});

test("a row holds few marks, so that a page of them is drawn", () => {
  const line = "x\u202e".repeat(1000);
  const added = all(compareTexts("", line));
  expect(added).toHaveLength(50);
  expect(added.map(({ text }) => text).join("")).toBe(line);
});

test("where too much differs, all of the old and all of the new is told, and that it is coarse", () => {
  const [before, after] = [numbered(20_000, "old"), numbered(20_000, "new")];
  const began = performance.now();
  const found = compareTexts(before, after);
  expect(performance.now() - began).toBeLessThan(3000);
  expect(found).toMatchObject({ coarse: true, added: 20_000, removed: 20_000 });
  expect(whole(found, "added")).toBe(before);
  expect(whole(found, "removed")).toBe(after);
});

test("many hard files share one bound of time, and each is still told whole", () => {
  const files = Array.from({ length: 150 }, (_, at) => ({
    name: String(at),
    before: numbered(600, `old ${String(at)}`),
    after: numbered(600, `new ${String(at)}`),
  }));
  const began = performance.now();
  const found = compareAll(files);
  expect(performance.now() - began).toBeLessThan(4000);
  for (const { comparison } of found) expect(comparison).toMatchObject({ added: 600, removed: 600 });
});
