/**
 * Keys and lines of the gate's own screens, as pure steps: bytes become keys, keys edit a line. It echoes nothing that
 * could move a cursor elsewhere; what it does not know it swallows.
 */
import { typable } from "../../domain/index.js";
import { StringDecoder } from "node:string_decoder";
import { columnsOf } from "./columns.js";

export type Key =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type:
        | "enter"
        | "backspace"
        | "kill-line"
        | "kill-word"
        | "up"
        | "down"
        | "page-up"
        | "page-down"
        | "home"
        | "end"
        | "escape"
        | "interrupt"
        | "eof";
    };

const CONTROLS: Readonly<Record<string, Exclude<Key["type"], "text">>> = {
  "\r": "enter",
  "\n": "enter",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x15": "kill-line",
  "\x17": "kill-word",
  "\x03": "interrupt",
  "\x04": "eof",
  "\x10": "up",
  "\x0e": "down",
};
const SEQUENCES: Readonly<Record<string, Exclude<Key["type"], "text">>> = {
  "[A": "up",
  "[B": "down",
  OA: "up",
  OB: "down",
  "[5~": "page-up",
  "[6~": "page-down",
  "[H": "home",
  "[F": "end",
  "[1~": "home",
  "[4~": "end",
};
const LONGEST_SEQUENCE = 32;

export class KeyDecoder {
  readonly #utf8 = new StringDecoder("utf8");
  #sequence: string | undefined;
  #lastWasReturn = false;

  /** Keys in the order typed. An ESC that ends a chunk is the Escape key. */
  step(bytes: Uint8Array): Key[] {
    const keys: Key[] = [];
    for (const character of this.#utf8.write(Buffer.from(bytes))) this.#take(character, keys);
    if (this.#sequence === "") {
      this.#sequence = undefined;
      keys.push({ type: "escape" });
    }
    return keys;
  }

  #take(character: string, keys: Key[]): void {
    if (this.#sequence !== undefined) return this.#continueSequence(character, keys);
    const afterReturn = this.#lastWasReturn;
    this.#lastWasReturn = character === "\r";
    if (character === "\n" && afterReturn) return;
    if (character === "\x1b") {
      this.#sequence = "";
      return;
    }
    const control = CONTROLS[character];
    if (control !== undefined) keys.push({ type: control });
    else if (character >= " ") {
      const last = keys[keys.length - 1];
      if (last?.type === "text") keys[keys.length - 1] = { type: "text", text: last.text + character };
      else keys.push({ type: "text", text: character });
    }
  }

  #continueSequence(character: string, keys: Key[]): void {
    const sequence = (this.#sequence ?? "") + character;
    const done = sequence.length > 1 ? /[@-~]$/.test(sequence) : !/^[[O]/.test(sequence);
    this.#sequence = done || sequence.length > LONGEST_SEQUENCE ? undefined : sequence;
    const known = done ? SEQUENCES[sequence] : undefined;
    if (known !== undefined) keys.push({ type: known });
  }
}

export interface LineStep {
  /** What to show for it. */
  readonly echo: string;
  readonly result?: { readonly type: "line"; readonly text: string } | { readonly type: "gave-up" };
}

/** One line of typed text, edited at its end. */
export class LineEditor {
  readonly #longest: number;
  #text = "";

  constructor(longest: number) {
    this.#longest = longest;
  }

  step(key: Key): LineStep {
    switch (key.type) {
      case "text": {
        const room = this.#longest - [...this.#text].length;
        const added = [...typable(key.text)].slice(0, room).join("");
        this.#text += added;
        return { echo: added };
      }
      case "backspace":
        return this.#erase([...this.#text].slice(-1).join(""));
      case "kill-word":
        return this.#erase(/\S*\s*$/.exec(this.#text)?.[0] ?? "");
      case "kill-line":
        return this.#erase(this.#text);
      case "enter":
        return { echo: "\r\n", result: { type: "line", text: this.#text.trim() } };
      case "interrupt":
        return { echo: "^C\r\n", result: { type: "gave-up" } };
      case "eof":
        return this.#text === "" ? { echo: "\r\n", result: { type: "gave-up" } } : { echo: "" };
      default:
        return { echo: "" };
    }
  }

  #erase(tail: string): LineStep {
    this.#text = this.#text.slice(0, this.#text.length - tail.length);
    return { echo: "\b \b".repeat(columnsOf(tail)) };
  }
}

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** `90`, `90m`, `2h`, `1h30m`, `1d` → milliseconds; undefined for anything else. A bare number means minutes. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (/^\d{1,5}$/.test(trimmed)) return Number(trimmed) * 60_000 || undefined;
  if (!/^(?:\d{1,5}[dhm])+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, count, unit] of trimmed.matchAll(/(\d+)([dhm])/g)) total += Number(count) * (UNITS[unit ?? ""] ?? 0);
  return total || undefined;
}
