/**
 * What was typed on a desktop, for people: kept `key` instructions (FORMAT.md §3.1) become lines of text, keys that write nothing
 * stand in angle brackets: `<Tab>`, `<Ctrl+c>`. What the desktop made of a key (its layout, its own shortcuts) is not known here.
 */
import { GuacamoleError, InstructionParser } from "../../recordings/codec/index.js";

export interface TypedLine {
  readonly atUs: number;
  readonly text: string;
}

/** A pause this long begins a new line, and so does this much text. */
const PAUSE_US = 5_000_000;
const LINE_LONGEST = 500;

/** X11 keysyms (keysymdef.h) of keys that write nothing. */
const NAMES: Readonly<Record<number, string>> = {
  0xff08: "Backspace",
  0xff09: "Tab",
  0xff13: "Pause",
  0xff1b: "Esc",
  0xff50: "Home",
  0xff51: "Left",
  0xff52: "Up",
  0xff53: "Right",
  0xff54: "Down",
  0xff55: "PageUp",
  0xff56: "PageDown",
  0xff57: "End",
  0xff61: "Print",
  0xff63: "Insert",
  0xff67: "Menu",
  0xffff: "Delete",
};
const RETURNS: ReadonlySet<number> = new Set([0xff0d, 0xff8d]);
/** Those that change what a letter does; Shift is in the letter already. */
const MODIFIERS: Readonly<Record<number, string>> = {
  0xffe3: "Ctrl",
  0xffe4: "Ctrl",
  0xffe7: "Win",
  0xffe8: "Win",
  0xffe9: "Alt",
  0xffea: "Alt",
  0xffeb: "Win",
  0xffec: "Win",
};
const MODIFIER_FIRST = 0xffe1;
const MODIFIER_LAST = 0xffee;
const LEVEL_THREE = 0xfe03;

/** The character that a keysym writes, if any: Latin-1, Unicode (0x01000000 + code point), the keypad. */
function characterOf(keysym: number): string | undefined {
  if ((keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff)) return String.fromCharCode(keysym);
  const point = keysym - 0x01000000;
  if (point >= 0xa0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)) return String.fromCodePoint(point);
  if (keysym >= 0xffaa && keysym <= 0xffb9) return String.fromCharCode(keysym - 0xff80);
  return undefined;
}

function nameOf(keysym: number): string {
  if (keysym >= 0xffbe && keysym <= 0xffd5) return `F${String(keysym - 0xffbd)}`;
  return NAMES[keysym] ?? `0x${keysym.toString(16)}`;
}

/** One desktop channel's keys. Feed in order; `end` gives what no Return ended. */
export class KeyText {
  #parser = new InstructionParser();
  readonly #held = new Set<string>();
  #text = "";
  #fromUs = 0;
  #lastUs = 0;

  /** Bytes of `key` instructions that were kept at `atUs`; the lines they ended. What is no instruction is left out. */
  feed(bytes: Uint8Array, atUs: number): readonly TypedLine[] {
    const lines: TypedLine[] = [];
    try {
      for (const { opcode, args } of this.#parser.feed(bytes)) {
        if (opcode === "key") this.#key(Number(args[0]), args[1] === "1", atUs, lines);
      }
    } catch (error) {
      if (!(error instanceof GuacamoleError)) throw error;
      this.#parser = new InstructionParser();
    }
    return lines;
  }

  end(): readonly TypedLine[] {
    const line = this.#take();
    return line === undefined ? [] : [line];
  }

  #key(keysym: number, pressed: boolean, atUs: number, lines: TypedLine[]): void {
    const modifier = MODIFIERS[keysym];
    if (modifier !== undefined) {
      if (pressed) this.#held.add(modifier);
      else this.#held.delete(modifier);
    }
    if (!pressed || keysym === LEVEL_THREE || (keysym >= MODIFIER_FIRST && keysym <= MODIFIER_LAST)) return;
    if (atUs - this.#lastUs > PAUSE_US || this.#text.length > LINE_LONGEST) lines.push(...this.end());
    this.#lastUs = atUs;
    if (this.#text === "") this.#fromUs = atUs;
    if (RETURNS.has(keysym)) {
      this.#text += this.#held.size === 0 ? "\n" : `<${[...this.#held, "Enter"].join("+")}>`;
      lines.push(...this.end());
      return;
    }
    const character = characterOf(keysym);
    const plain = this.#held.size === 0 && character !== undefined;
    this.#text += plain ? character : `<${[...this.#held, character ?? nameOf(keysym)].join("+")}>`;
  }

  #take(): TypedLine | undefined {
    if (this.#text === "") return undefined;
    const line = { atUs: this.#fromUs, text: this.#text };
    this.#text = "";
    return line;
  }
}
