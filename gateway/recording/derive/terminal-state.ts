/**
 * What a terminal's serialised screen lacks: scroll region, tab stops, saved cursor, charsets, cursor visibility, mouse encoding,
 * title. Read from the emulator's inner state, which its public interface does not show (the exact version is pinned, and a
 * test compares round trips); answered as escape sequences to append.
 */
import type { Terminal } from "@xterm/headless";

type Charset = Readonly<Record<string, string>> | undefined;
interface InnerBuffer {
  readonly x: number;
  readonly y: number;
  readonly scrollTop: number;
  readonly scrollBottom: number;
  readonly tabs: Readonly<Record<number, boolean | undefined>>;
  readonly savedX: number;
  readonly savedY: number;
  readonly savedCharset: Charset;
}
interface InnerTerminal {
  readonly _bufferService: { readonly buffer: InnerBuffer };
  readonly _charsetService: { readonly glevel: number; readonly _charsets: readonly Charset[] };
  readonly coreService: { readonly isCursorHidden: boolean };
  readonly coreMouseService: { readonly activeEncoding: string };
}

const TAB_WIDTH = 8;
const TITLE_MAX = 256;
const GSETS = ["(", ")", "*", "+"];
const SHIFTS = ["\x0f", "\x0e", "\x1bn", "\x1bo"];

/** Sequences for a terminal of the same size that was just given the serialised screen. */
export function restOfState(terminal: Terminal, title: string): string {
  const inner = (terminal as unknown as { readonly _core: InnerTerminal })._core;
  const { buffer } = inner._bufferService;
  const { cols, rows } = terminal;
  const moved = tabStops(buffer, cols) + scrollRegion(buffer, rows) + savedCursor(buffer);
  return [
    moved === "" ? "" : moveBack(moved, buffer, terminal),
    charsets(inner._charsetService),
    inner.coreService.isCursorHidden ? "\x1b[?25l" : "",
    mouseEncoding(inner.coreMouseService.activeEncoding),
    title === "" ? "" : `\x1b]2;${printable(title)}\x07`,
  ].join("");
}

function tabStops(buffer: InnerBuffer, cols: number): string {
  const columns = Array.from({ length: cols }, (_, column) => column);
  const usual = columns.every((column) => Boolean(buffer.tabs[column]) === (column % TAB_WIDTH === 0));
  if (usual) return "";
  const set = columns.filter((column) => buffer.tabs[column]).map((column) => `\x1b[1;${String(column + 1)}H\x1bH`);
  return `\x1b[3g${set.join("")}`;
}

function scrollRegion({ scrollTop, scrollBottom }: InnerBuffer, rows: number): string {
  return scrollTop === 0 && scrollBottom === rows - 1
    ? ""
    : `\x1b[${String(scrollTop + 1)};${String(scrollBottom + 1)}r`;
}

function savedCursor({ savedX, savedY, savedCharset }: InnerBuffer): string {
  const letter = letterOf(savedCharset);
  if (savedX === 0 && savedY === 0 && letter === "B") return "";
  const save = letter === "B" ? "\x1b7" : `\x1b(${letter}\x1b7\x1b(B`;
  return `\x1b[${String(savedY + 1)};${String(savedX + 1)}H${save}`;
}

/** All that moved the cursor is done with origin mode off; then the cursor goes back, as origin mode counts. */
function moveBack(moved: string, { x, y, scrollTop }: InnerBuffer, terminal: Terminal): string {
  const origin = terminal.modes.originMode;
  const row = y + 1 - (origin ? scrollTop : 0);
  return `${origin ? "\x1b[?6l" : ""}${moved}${origin ? "\x1b[?6h" : ""}\x1b[${String(row)};${String(Math.min(x, terminal.cols - 1) + 1)}H`;
}

function charsets({ glevel, _charsets }: InnerTerminal["_charsetService"]): string {
  const selected = GSETS.map((gset, at) => {
    const letter = letterOf(_charsets[at]);
    return letter === "B" ? "" : `\x1b${gset}${letter}`;
  });
  return selected.join("") + (glevel === 0 ? "" : (SHIFTS[glevel] ?? ""));
}

/** Line drawing and the British set; the other national sets are nowhere met and count as ASCII. */
function letterOf(charset: Charset): string {
  if (charset === undefined) return "B";
  if (charset["q"] === "\u2500") return "0";
  return charset["#"] === "£" && Object.keys(charset).length === 1 ? "A" : "B";
}

function mouseEncoding(encoding: string): string {
  if (encoding === "SGR") return "\x1b[?1006h";
  return encoding === "SGR_PIXELS" ? "\x1b[?1016h" : "";
}

function printable(title: string): string {
  return title.replace(/\p{Cc}/gu, "").slice(0, TITLE_MAX);
}
