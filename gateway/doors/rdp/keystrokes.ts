/** Writes keys down before they go on: kept under the input key where the house says so, otherwise only that there was one. */
import { encodeInstruction, encodeInstructionBytes } from "../../../recordings/codec/index.js";
import type { ChannelTap } from "../../domain/index.js";
import type { Held } from "./guac/held.js";
import type { GuacdLink } from "./guacd-link.js";

/** X11 keysyms: Return and KP_Enter. */
const RETURNS = new Set([0xff0d, 0xff8d]);
const NOTHING = new Uint8Array();

export class Keystrokes {
  readonly #tap: ChannelTap;
  readonly #keep: boolean;

  constructor(tap: ChannelTap, keep: boolean) {
    this.#tap = tap;
    this.#keep = keep;
  }

  /** `bytes`: the whole `key` instruction. */
  record(keysym: number, pressed: boolean, bytes: Uint8Array): Promise<void> {
    const endsLine = pressed && RETURNS.has(keysym);
    return this.#tap.input(this.#keep ? bytes : NOTHING, { endsLine, secret: !this.#keep });
  }

  /** Lets go of all that is held down, as if the operator had done it. */
  async release(held: Held, link: GuacdLink | undefined): Promise<void> {
    const { keys, pointer } = held.release();
    for (const keysym of keys) {
      const bytes = encodeInstructionBytes(["key", keysym, 0]);
      await this.record(keysym, false, bytes);
      link?.send(bytes);
    }
    if (pointer === undefined) return;
    await this.#tap.pointer(pointer.x, pointer.y, 0);
    link?.send(encodeInstruction(["mouse", pointer.x, pointer.y, 0]));
  }
}
