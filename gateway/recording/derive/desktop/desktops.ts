/** The desktops of one recording, by channel: opened, drawn on in order, each ending alone. They share one budget of pixels. */
import type { Keyframe } from "../../contract.js";
import type { DeriveMode, Thumbnail } from "../protocol.js";
import { Desktop } from "./desktop.js";
import { PixelBudget } from "./limits.js";

/** Desktops at once; more stay unseen. */
const DESKTOPS_MOST = 8;
const THUMBNAILS_MOST = 400;
const THUMBNAIL_SHORTEST_US = 2_000_000;

interface Output {
  keyframe(keyframe: Keyframe): void;
  desktop(screen: Keyframe): void;
  thumbnail(thumbnail: Thumbnail): void;
  spentMs(): number;
}

export class Desktops {
  readonly #mode: DeriveMode;
  readonly #out: Output;
  readonly #budget = new PixelBudget();
  readonly #open = new Map<number, Desktop>();
  /** Of channels that closed, with drawing that is not done yet. */
  readonly #closing: Desktop[] = [];
  readonly #sizes = new Map<number, Desktop>();
  /** Events of a channel up to here are in the state it began with. */
  readonly #heldUs = new Map<number, number>();
  #stopped: boolean;

  constructor(mode: DeriveMode, out: Output) {
    this.#mode = mode;
    this.#out = out;
    this.#stopped = mode.what === "text" || (mode.what === "derive" && !mode.emulate);
  }

  /** A desktop that is open and in this state already. */
  restore({ channel, atUs, state }: Keyframe): void {
    this.open(channel, atUs);
    this.#heldUs.set(channel, atUs);
    this.#open.get(channel)?.write(Buffer.from(state), atUs, true);
  }

  open(channel: number, atUs: number): void {
    if (this.#stopped || this.#open.size >= DESKTOPS_MOST || this.#sizes.has(channel)) return;
    const desktop = new Desktop(channel, atUs, this.#budget, {
      keyframe: (keyframe) => {
        if (this.#mode.what !== "screens" || this.#mode.keyframes) this.#out.keyframe(keyframe);
      },
      thumbnail: (at, picture) => this.#out.thumbnail({ channel, atUs: at, picture }),
      spentMs: () => this.#out.spentMs(),
      thumbnailEveryUs: thumbnailEveryUs(this.#mode),
    });
    this.#open.set(channel, desktop);
    this.#sizes.set(channel, desktop);
  }

  graphics(channel: number, bytes: Uint8Array, atUs: number): void {
    if (atUs > (this.#heldUs.get(channel) ?? -1)) this.#open.get(channel)?.write(bytes, atUs);
  }

  close(channel: number): void {
    const desktop = this.#open.get(channel);
    if (desktop === undefined) return;
    this.#open.delete(channel);
    this.#closing.push(desktop);
  }

  /** Resolves when all events so far are drawn. */
  async drained(): Promise<void> {
    for (const desktop of this.#open.values()) await desktop.drained();
    for (const desktop of this.#closing.splice(0)) {
      await desktop.drained();
      if (this.#mode.what === "derive") desktop.finish();
      desktop.stop("closed");
    }
  }

  /** What stands at the end, after `drained`. */
  end(atUs: number): void {
    for (const desktop of this.#open.values()) {
      if (this.#mode.what === "derive") desktop.finish();
      const screen = this.#mode.what === "screens" ? desktop.screen(atUs) : undefined;
      if (screen !== undefined) this.#out.desktop(screen);
    }
    this.stop();
  }

  stop(): void {
    this.#stopped = true;
    for (const desktop of this.#open.values()) desktop.stop("stopped");
    this.#open.clear();
  }

  /** The largest a channel's desktop was. */
  sizeOf(channel: number): { readonly cols: number; readonly rows: number } | undefined {
    const desktop = this.#sizes.get(channel);
    return desktop === undefined || desktop.width === 0 ? undefined : { cols: desktop.width, rows: desktop.height };
  }
}

/** Small pictures lie so far apart that a whole recording has not too many of them. */
function thumbnailEveryUs(mode: DeriveMode): number {
  if (mode.what !== "derive" || mode.durationUs === undefined) return Infinity;
  return Math.max(THUMBNAIL_SHORTEST_US, Math.ceil(mode.durationUs / THUMBNAILS_MOST));
}
