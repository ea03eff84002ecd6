/** One file on its way through the gate: its own channel, its digest, and the transfer's entry at its end. */
import { createHash } from "node:crypto";
import type { LiveChannel, LiveSession } from "../../broker/index.js";
import { sanitise, type Action } from "../../domain/index.js";

export type Direction = "upload" | "download";
const ACTIONS: Record<Direction, Action> = { upload: "rdp.upload", download: "rdp.download" };
const NAME_LONGEST = 255;

export class FilePassage {
  readonly #session: LiveSession;
  readonly #channel: LiveChannel;
  readonly #direction: Direction;
  readonly #name: string;
  readonly #hash = createHash("sha256");
  #size = 0;
  #ending: Promise<void> | undefined;

  private constructor(session: LiveSession, channel: LiveChannel, direction: Direction, name: string) {
    this.#session = session;
    this.#channel = channel;
    this.#direction = direction;
    this.#name = name;
  }

  /** Undefined when it may not pass; the broker logged that. */
  static async open(session: LiveSession, direction: Direction, name: string): Promise<FilePassage | undefined> {
    const detail = sanitise(name, NAME_LONGEST);
    const opened = await session.openChannel({ kind: "file", action: ACTIONS[direction], detail });
    return opened.ok ? new FilePassage(session, opened.value, direction, detail) : undefined;
  }

  /** Resolves when the bytes are recorded: only then may they pass. */
  async record(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#size += bytes.length;
    const { tap } = this.#channel;
    if (this.#direction === "download") await tap.output(bytes);
    else await tap.input(bytes, { endsLine: false, secret: false });
  }

  /** `whole`: it came to its own end. Otherwise the digest is of what passed. The first call counts. */
  end(whole: boolean): Promise<void> {
    return (this.#ending ??= this.#writeDown(whole));
  }

  async #writeDown(whole: boolean): Promise<void> {
    await this.#session.transfer(this.#channel, {
      direction: this.#direction,
      path: this.#name,
      size: this.#size,
      sha256: this.#hash.digest("hex"),
      sequential: whole,
    });
    await this.#channel.close(whole ? null : "cut");
  }
}
