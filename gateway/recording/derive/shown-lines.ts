/** The lines a recording's screens showed, for search: each text once in a while, all of them within a bound. Pure. */
const LINES_MAX = 50_000;
const CHARACTERS_MAX = 4 * 1024 * 1024;
const LINE_MAX = 1000;
const RECENT_MAX = 1024;

export interface ShownLine {
  readonly atUs: number;
  readonly channel: number;
  readonly text: string;
}

export class ShownLines {
  readonly lines: ShownLine[] = [];
  #characters = 0;
  #recent = new Set<string>();
  #older = new Set<string>();

  add(channel: number, atUs: number, line: string): void {
    const text = line.trim().slice(0, LINE_MAX);
    if (text === "" || this.#recent.has(text) || this.#older.has(text)) return;
    if (this.lines.length >= LINES_MAX || this.#characters + text.length > CHARACTERS_MAX) return;
    this.lines.push({ atUs, channel, text });
    this.#characters += text.length;
    this.#recent.add(text);
    if (this.#recent.size < RECENT_MAX) return;
    this.#older = this.#recent;
    this.#recent = new Set();
  }
}
