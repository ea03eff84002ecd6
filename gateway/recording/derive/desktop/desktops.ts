/**
 * The desktops of one recording, by channel: opened, drawn on in order, each ending alone. They share one budget of pixels.
 * The drawing library is loaded with the first desktop, so that a recording of terminals never pays for it.
 */
import type { Keyframe } from "../../contract.js";
import type { DeriveMode, Thumbnail } from "../protocol.js";
import type { Desktop, DesktopOutput } from "./desktop.js";
import { PixelBudget } from "./limits.js";

/** Desktops of a recording; more stay unseen. */
const DESKTOPS_MOST = 8;
/** How long the events of one batch may take; well below what the pool gives its worker. */
const BATCH_MS = 8_000;
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
  /** Channels that are desktops, with the time up to which their events are in the state they began with. */
  readonly #known = new Map<number, number>();
  /** What is to be done at the next `drained`, in order. */
  #steps: ((make: typeof Desktop) => void)[] = [];
  readonly #open = new Map<number, Desktop>();
  /** Of channels that closed, with drawing that is not done yet. */
  readonly #closing: Desktop[] = [];
  readonly #sizes = new Map<number, Desktop>();
  #stopped: boolean;

  constructor(mode: DeriveMode, out: Output) {
    this.#mode = mode;
    this.#out = out;
    this.#stopped = mode.what === "text" || (mode.what === "derive" && !mode.emulate);
  }

  /** A desktop that is open and in this state already. */
  restore({ channel, atUs, state }: Keyframe): void {
    this.open(channel, atUs, atUs);
    this.#steps.push(() => this.#open.get(channel)?.write(Buffer.from(state), atUs, true));
  }

  open(channel: number, atUs: number, heldUs = -1): void {
    if (this.#stopped || this.#known.has(channel) || this.#known.size >= DESKTOPS_MOST) return;
    this.#known.set(channel, heldUs);
    this.#steps.push((make) => {
      const desktop = new make(channel, atUs, this.#budget, this.#outputOf(channel));
      this.#open.set(channel, desktop);
      this.#sizes.set(channel, desktop);
    });
  }

  graphics(channel: number, bytes: Uint8Array, atUs: number): void {
    if (this.#stopped || atUs <= (this.#known.get(channel) ?? Infinity)) return;
    this.#steps.push(() => this.#open.get(channel)?.write(bytes, atUs));
  }

  close(channel: number): void {
    if (this.#stopped || !this.#known.has(channel)) return;
    this.#steps.push(() => {
      const desktop = this.#open.get(channel);
      this.#open.delete(channel);
      if (desktop !== undefined) this.#closing.push(desktop);
    });
  }

  /** Resolves when all events so far are drawn. */
  async drained(): Promise<void> {
    if (this.#steps.length === 0) return;
    const { Desktop: make } = await import("./desktop.js");
    for (const step of this.#steps.splice(0)) step(make);
    const untilMs = this.#out.spentMs() + BATCH_MS;
    for (const desktop of this.#open.values()) await desktop.drained(untilMs);
    for (const desktop of this.#closing.splice(0)) {
      await desktop.drained(untilMs);
      if (this.#mode.what === "derive") desktop.finish();
      desktop.stop();
    }
  }

  #outputOf(channel: number): DesktopOutput {
    return {
      keyframe: (keyframe) => {
        if (this.#mode.what !== "screens" || this.#mode.keyframes) this.#out.keyframe(keyframe);
      },
      thumbnail: (atUs, picture) => this.#out.thumbnail({ channel, atUs, picture }),
      spentMs: () => this.#out.spentMs(),
      thumbnailEveryUs: thumbnailEveryUs(this.#mode),
    };
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
    this.#steps = [];
    for (const desktop of this.#open.values()) desktop.stop();
    this.#open.clear();
  }

  /** Those that could not be followed to their end. */
  faults(): readonly { readonly channel: number; readonly atUs: number; readonly text: string }[] {
    return [...this.#sizes].flatMap(([channel, { fault }]) => (fault === undefined ? [] : [{ channel, ...fault }]));
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
