/**
 * Two texts of another's making, line against line. Nothing is ever left out: where too much differs to match lines in bounded time, the
 * old lines stand first and the new ones after them; a line that is long stands in several rows, and rows are read in parts.
 */
import { diffArrays } from "diff";
import { marksOf } from "./visible-text.js";

/** Lines of one kind that follow each other; numbers are of their first line, from 1. A line keeps its line break. */
export interface Block {
  readonly kind: "same" | "added" | "removed";
  readonly lines: readonly string[];
  readonly oldFrom: number;
  readonly newFrom: number;
}

export interface Comparison {
  readonly blocks: readonly Block[];
  readonly added: number;
  readonly removed: number;
  /** Lines were not matched one with one. */
  readonly coarse: boolean;
}

export interface Row {
  readonly kind: Block["kind"];
  readonly oldLine: number | null;
  readonly newLine: number | null;
  readonly text: string;
  /** A further piece of the line above. */
  readonly continued: boolean;
  /** The text ends here without a line break. */
  readonly noBreak: boolean;
}
/** Unchanged lines that are not shown until they are asked for; `block`: which. */
export interface Fold {
  readonly kind: "fold";
  readonly block: number;
  readonly lines: number;
}

/** Past so many differing lines, or so long, the work grows with their square and a reader gains little. */
const MOST_EDITS = 2000;
const MOST_MS = 400;
const MOST_MS_TOGETHER = 1000;
const CONTEXT = 3;
const PIECE = 240;
const PIECE_MARKS = 20;
/** What one part of a file shows. */
export const PART_ROWS = 200;

/** `leftMs`: what may still be spent; null texts are files that are not there. */
export function compareTexts(before: string | null, after: string | null, leftMs = MOST_MS): Comparison {
  const [old, next] = [linesOf(before ?? ""), linesOf(after ?? "")];
  let head = 0;
  while (head < Math.min(old.length, next.length) && old[head] === next[head]) head++;
  let tail = 0;
  while (tail < Math.min(old.length, next.length) - head && old.at(-1 - tail) === next.at(-1 - tail)) tail++;
  const middle = between(old.slice(head, old.length - tail), next.slice(head, next.length - tail), leftMs);
  const blocks = numbered([
    { kind: "same", lines: old.slice(0, head) },
    ...middle.parts,
    { kind: "same", lines: old.slice(old.length - tail) },
  ]);
  const count = (kind: Block["kind"]): number =>
    blocks.reduce((sum, block) => sum + (block.kind === kind ? block.lines.length : 0), 0);
  return { blocks, added: count("added"), removed: count("removed"), coarse: middle.coarse };
}

export interface ComparedFile {
  readonly name: string;
  readonly fate: "fresh" | "gone" | "stays";
  readonly comparison: Comparison;
}

/** Each file's comparison; all of them together take a second or so at most, and what comes later is told coarsely. */
export function compareAll(
  files: readonly { readonly name: string; readonly before: string | null; readonly after: string | null }[],
): readonly ComparedFile[] {
  const until = performance.now() + MOST_MS_TOGETHER;
  return files.map(({ name, before, after }) => ({
    name,
    fate: before === null ? "fresh" : after === null ? "gone" : "stays",
    comparison: compareTexts(before, after, until - performance.now()),
  }));
}

/**
 * With their line breaks, so that a text that ends without one differs from one that ends with it. A lone CR is one too: for a policy it
 * ends a comment, and what follows is in force.
 */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\r\n]*(?:\r?\n|\r)|[^\r\n]+$/g) ?? [];
}

type Part = Pick<Block, "kind" | "lines">;

function between(
  old: readonly string[],
  next: readonly string[],
  leftMs: number,
): { readonly parts: readonly Part[]; readonly coarse: boolean } {
  const whole: readonly Part[] = [
    { kind: "removed", lines: old },
    { kind: "added", lines: next },
  ];
  if (old.length === 0 || next.length === 0) return { parts: whole, coarse: false };
  const timeout = Math.min(MOST_MS, leftMs);
  const found = timeout > 0 ? diffArrays([...old], [...next], { maxEditLength: MOST_EDITS, timeout }) : undefined;
  if (found === undefined) return { parts: whole, coarse: true };
  const parts = found.map(({ added, removed, value }): Part => ({
    kind: added ? "added" : removed ? "removed" : "same",
    lines: value,
  }));
  return { parts, coarse: false };
}

function numbered(parts: readonly Part[]): readonly Block[] {
  let [oldFrom, newFrom] = [1, 1];
  return parts
    .filter(({ lines }) => lines.length > 0)
    .map((part) => {
      const block = { ...part, oldFrom, newFrom };
      if (part.kind !== "added") oldFrom += part.lines.length;
      if (part.kind !== "removed") newFrom += part.lines.length;
      return block;
    });
}

/** Rows in order, three unchanged lines beside each change; `unfolded`: blocks whose lines are all shown. */
export function* rowsOf({ blocks }: Comparison, unfolded: ReadonlySet<number>): Generator<Row | Fold> {
  for (const [at, block] of blocks.entries()) {
    const { length } = block.lines;
    const above = at === 0 ? 0 : CONTEXT;
    const below = at === blocks.length - 1 ? 0 : CONTEXT;
    if (block.kind !== "same" || unfolded.has(at) || length <= above + below + 1) {
      yield* rowsBetween(block, 0, length);
      continue;
    }
    yield* rowsBetween(block, 0, above);
    yield { kind: "fold", block: at, lines: length - above - below };
    yield* rowsBetween(block, length - below, length);
  }
}

function* rowsBetween(block: Block, from: number, to: number): Generator<Row> {
  for (let at = from; at < to; at++) {
    const line = block.lines[at] ?? "";
    const noBreak = !/[\r\n]$/.test(line);
    const pieces = piecesOf(line.replace(/\n$/, ""));
    for (const [piece, text] of pieces.entries()) {
      const numbers = {
        oldLine: block.kind === "added" ? null : block.oldFrom + at,
        newLine: block.kind === "removed" ? null : block.newFrom + at,
      };
      const isLast = piece === pieces.length - 1;
      yield { kind: block.kind, ...numbers, text, continued: piece > 0, noBreak: noBreak && isLast };
    }
  }
}

/** At most 240 units and 20 marked characters each, so that a row is drawn at once; never between the halves of one character. */
function piecesOf(line: string): readonly string[] {
  if (line.length <= PIECE_MARKS) return [line];
  const pieces: string[] = [];
  let [piece, marks] = ["", 0];
  const characters = [...line];
  const marked = marksOf(characters).map((mark) => (mark === null ? 0 : 1));
  for (const [at, character] of characters.entries()) {
    const more = marked[at] ?? 0;
    if (piece.length + character.length > PIECE || marks + more > PIECE_MARKS) {
      pieces.push(piece);
      [piece, marks] = ["", 0];
    }
    piece += character;
    marks += more;
  }
  return [...pieces, piece];
}
