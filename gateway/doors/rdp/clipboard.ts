/** Gathers one text on its way between the two clipboards: bounded, and let go only as a whole. Pure but for hashing. */
import { createHash } from "node:crypto";
import { CLIPBOARD_TEXT_LONGEST, type ClipboardRecord } from "../../domain/index.js";
import { CLIPBOARD_MOST, CLIPBOARD_TYPE } from "./guac/rights.js";

export class ClipboardText {
  readonly #direction: ClipboardRecord["direction"];
  readonly #instructions: Uint8Array[] = [];
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #held = 0;

  /** `opening`: the `clipboard` instruction as it came. */
  constructor(direction: ClipboardRecord["direction"], opening: Uint8Array) {
    this.#direction = direction;
    this.#instructions.push(Uint8Array.from(opening));
  }

  /** False when it is longer than a clipboard may be. */
  add(instruction: Uint8Array, base64: string): boolean {
    const piece = Buffer.from(base64, "base64");
    this.#size += piece.length;
    this.#held += instruction.length;
    // Base64 takes a third more, and each blob has a head: a text of empty blobs is none.
    if (this.#size > CLIPBOARD_MOST || this.#held > 2 * CLIPBOARD_MOST) return false;
    this.#pieces.push(piece);
    // Kept beyond the next feed.
    this.#instructions.push(Uint8Array.from(instruction));
    return true;
  }

  /** What is written down, and the instructions that pass afterwards. */
  end(closing: Uint8Array): { readonly record: ClipboardRecord; readonly bytes: Buffer } {
    const whole = Buffer.concat(this.#pieces);
    const characters = [...whole.toString("utf8")];
    const text = characters.slice(0, CLIPBOARD_TEXT_LONGEST).join("");
    const record = {
      direction: this.#direction,
      mimetype: CLIPBOARD_TYPE,
      text,
      size: whole.length,
      sha256: createHash("sha256").update(whole).digest("hex"),
      truncated: characters.length > CLIPBOARD_TEXT_LONGEST,
    };
    return { record, bytes: Buffer.concat([...this.#instructions, closing]) };
  }
}
