/**
 * The tunnel of a desktop that is only shown: what the view feeds it reaches the Guacamole client, and nothing the client
 * says leaves it, so that a replay or a watch can send nothing. It passes on drawing alone; whatever else a stream may hold
 * (clipboard, files, sound, prompts, an end) is passed over.
 */
import Guacamole from "guacamole-common-js";
import { InstructionParser } from "../../../recordings/codec/index.js";

const DRAWING: ReadonlySet<string> = new Set(
  (
    "arc blob cfill clip close copy cstroke cursor curve dispose distort end identity img jpeg lfill line lstroke move png " +
    "pop push rect reset set shade size start transfer transform"
  ).split(" "),
);
/** No desktop is larger, and a browser cannot draw much larger ones. */
const SIDE_MAX = 16_384;

/** Whether an instruction draws, within what a browser can hold. `sync` does not: the view says itself when a picture is whole. */
export function draws(opcode: string, args: readonly string[]): boolean {
  if (!DRAWING.has(opcode)) return false;
  return opcode !== "size" || args.slice(1).every((side) => Math.abs(Number(side)) <= SIDE_MAX);
}

const utf8 = new TextEncoder();

export class PlaybackTunnel extends Guacamole.Tunnel {
  readonly #parser = new InstructionParser();
  // The library's base sets these on each instance, so that methods of a class would be hidden by them.
  override connect = (): void => undefined;
  override disconnect = (): void => undefined;
  override sendMessage: (...elements: unknown[]) => void = () => undefined;

  /** Draws whole instructions. Throws GuacamoleError when they are none; the tunnel is dead afterwards. */
  feed(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? utf8.encode(data) : data;
    for (const { opcode, args } of this.#parser.feed(bytes))
      if (draws(opcode, args)) this.oninstruction?.(opcode, [...args]);
  }
}
