/**
 * One emulated terminal of a recording: output goes in with its time, lines that are left behind and keyframes come out.
 * Sizes are bounded, since they are the operator's word. Everything is done in the order in which it was asked for.
 */
import headless from "@xterm/headless";
import type { IBufferLine, IMarker, Terminal } from "@xterm/headless";
import serialize from "@xterm/addon-serialize";
import type { SerializeAddon } from "@xterm/addon-serialize";
import type { Keyframe } from "../contract.js";
import { restOfState } from "./terminal-state.js";

const COLS_MAX = 1000;
const ROWS_MAX = 500;
/** Sequences that the emulator obeys by counting (scroll, insert and delete lines, repeat, tab): beyond this a hostile one would hang it. */
const COUNTED = ["S", "T", "L", "M", "b", "I", "Z"];
const COUNT_MAX = 1000;

export interface Place {
  readonly marker: IMarker;
  readonly column: number;
  /** What stands left of the cursor on its whole line. */
  readonly before: string;
}

export class Screen {
  readonly channel: number;
  readonly #terminal: Terminal;
  readonly #serializer: SerializeAddon;
  /** Times of the writes that are not done yet; the first is being parsed. */
  readonly #times: number[] = [];
  #title = "";

  constructor(channel: number, cols: number, rows: number, options: { readonly convertEol: boolean }) {
    this.channel = channel;
    this.#terminal = new headless.Terminal({
      ...bounded(cols, rows),
      scrollback: 0,
      allowProposedApi: true,
      convertEol: options.convertEol,
      logLevel: "off",
    });
    this.#serializer = new serialize.SerializeAddon();
    this.#terminal.loadAddon(this.#serializer);
    for (const final of COUNTED)
      this.#terminal.parser.registerCsiHandler({ final }, ([count]) => Number(count ?? 0) > COUNT_MAX);
    this.#terminal.onTitleChange((title) => {
      this.#title = title;
    });
  }

  get alternate(): boolean {
    return this.#terminal.buffer.active.type === "alternate";
  }

  /** Called when a line feed left a line behind, while its output is parsed; `lineAt(row)` is that line. */
  onLine(listener: (row: number, atUs: number) => void): void {
    this.#terminal.onLineFeed(() => {
      const row = this.#terminal.buffer.active.cursorY - 1;
      if (row >= 0 && !this.alternate) listener(row, this.#times[0] ?? 0);
    });
  }

  write(bytes: Uint8Array | string, atUs: number, done?: () => void): void {
    this.#times.push(atUs);
    this.#terminal.write(bytes, () => {
      this.#times.shift();
      done?.();
    });
  }

  /** Runs `step` when all that was written before is parsed. */
  then(step: () => void): void {
    this.#terminal.write("", step);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.then(resolve);
    });
  }

  resize(cols: number, rows: number): void {
    this.then(() => {
      const size = bounded(cols, rows);
      this.#terminal.resize(size.cols, size.rows);
    });
  }

  /** Where the cursor is, to be found again later; undefined on the alternate screen. */
  place(): Place | undefined {
    if (this.alternate) return undefined;
    const { cursorX, cursorY } = this.#terminal.buffer.active;
    const marker = this.#terminal.registerMarker(0);
    if (marker === undefined) return undefined;
    const { text, first } = this.lineAt(cursorY, cursorX);
    return { marker, column: (cursorY - first) * this.#terminal.cols + cursorX, before: text };
  }

  /** How many columns of the whole line that fills these rows stand before `place`; undefined when it is not on them. */
  columnOf({ marker, column }: Place, firstRow: number, lastRow: number): number | undefined {
    return !marker.isDisposed && marker.line >= firstRow && marker.line <= lastRow ? column : undefined;
  }

  /** Rows as shown, without trailing blanks. */
  rows(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, row) => active.getLine(row)?.translateToString(true) ?? "");
  }

  /** The line the cursor is on. */
  currentLine(): string {
    return this.lineAt(this.#terminal.buffer.active.cursorY).text;
  }

  keyframe(atUs: number): Keyframe {
    const { cols, rows } = this.#terminal;
    const state = this.#serializer.serialize({ scrollback: 0 }) + restOfState(this.#terminal, this.#title);
    return { channel: this.channel, atUs, cols, rows, state };
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  /** The whole line (wrapped rows joined) that ends at `row`; its last row only up to `untilColumn`. */
  lineAt(row: number, untilColumn?: number): { readonly text: string; readonly first: number } {
    const { active } = this.#terminal.buffer;
    let line: IBufferLine | undefined = active.getLine(row);
    let text = line?.translateToString(untilColumn === undefined, 0, untilColumn) ?? "";
    let first = row;
    while (line?.isWrapped === true && first > 0) {
      first--;
      line = active.getLine(first);
      text = (line?.translateToString(false) ?? "") + text;
    }
    return { text, first };
  }
}

function bounded(cols: number, rows: number): { readonly cols: number; readonly rows: number } {
  return { cols: Math.min(COLS_MAX, Math.max(2, cols)), rows: Math.min(ROWS_MAX, Math.max(1, rows)) };
}
