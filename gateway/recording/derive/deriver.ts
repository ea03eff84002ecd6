/**
 * Turns main-stream events into what a replay needs: channels, markers, keyframes, activity and the lines that were shown. It
 * emulates one terminal for each open pty channel (in text mode also for one without) and each desktop. It holds no key and does no I/O.
 */
import { EventType, decodeEvents } from "../../../recordings/codec/index.js";
import type { RecordedEvent } from "../../../recordings/codec/index.js";
import type { Derived, Keyframe } from "../contract.js";
import { Activity } from "./activity.js";
import { CommandFinder } from "./commands.js";
import { Desktops } from "./desktop/desktops.js";
import { Markers, members, textOr } from "./markers.js";
import type { DeriveMode, PlainFrame, Summary, Thumbnail } from "./protocol.js";
import { Screen } from "./screen.js";
import { ShownLines } from "./shown-lines.js";

const KEYFRAME_EVERY_US = 30_000_000;
const KEYFRAME_EVERY_BYTES = 1024 * 1024;
const QUIET_US = 250_000;
const SLICES = 200;
/** Terminals at once; more stay unseen. A hostile session may open many. */
const SCREENS_MAX = 64;
const PLAIN_COLS = 500;
/** Lines looked at in a second of content; more than that nobody read. */
const LINES_A_SECOND = 20_000;
/** Bytes of an event that may be nothing but ends of frames. */
const BEAT_MOST = 256;
/** Emulation may take this long, and so much for each MiB; then a recording goes on without it. */
const BUDGET_MS = 60_000;
const BUDGET_MS_PER_MIB = 4_000;

type ChannelFacts = { -readonly [K in keyof Derived["channels"][number]]: Derived["channels"][number][K] };

export interface DeriverOutput {
  keyframe(keyframe: Keyframe): void;
  /** The state of a desktop at the end. */
  desktop(screen: Keyframe): void;
  thumbnail(thumbnail: Thumbnail): void;
  text(text: string): void;
  /** Milliseconds of a clock that measures how long emulation takes. */
  spentMs(): number;
}

interface OpenScreen {
  readonly screen: Screen;
  readonly commands: CommandFinder;
  bytesSince: number;
  keyframeUs: number;
  lastUs: number;
  /** Rows of the alternate screen as last looked at. */
  shown: readonly string[];
}

export class Deriver {
  readonly #mode: DeriveMode;
  readonly #out: DeriverOutput;
  readonly #channels = new Map<number, ChannelFacts>();
  readonly #screens = new Map<number, OpenScreen>();
  /** Of channels that closed, with output that is not parsed yet. */
  readonly #closing: Screen[] = [];
  readonly #markers = new Markers();
  readonly #desktops: Desktops;
  readonly #activity = new Activity();
  readonly #lines = new ShownLines();
  #lastUs = 0;
  #emulating: boolean;
  #emulatedBytes = 0;
  #spentMs = 0;
  #linesFromUs = 0;
  #linesLooked = 0;

  /** `from`: states of desktops to start from; their channels' events up to them are left out. */
  constructor(mode: DeriveMode, from: readonly Keyframe[], out: DeriverOutput) {
    this.#mode = mode;
    this.#out = out;
    this.#emulating = mode.what !== "derive" || mode.emulate;
    this.#desktops = new Desktops(mode, out);
    for (const keyframe of from) {
      this.#desktops.restore(keyframe);
      this.#lastUs = Math.max(this.#lastUs, keyframe.atUs);
    }
  }

  /** Resolves when the frames' events are worked off. Throws FormatError when they are malformed. */
  async frames(frames: readonly PlainFrame[]): Promise<void> {
    const began = this.#out.spentMs();
    for (const { timeUs, plain } of frames) {
      this.#emulatedBytes += plain.length;
      for (const event of decodeEvents(plain, timeUs)) this.#event(event);
    }
    await this.#drained();
    await this.#desktops.drained();
    this.#spentMs += this.#out.spentMs() - began;
    if (this.#spentMs > BUDGET_MS + (BUDGET_MS_PER_MIB * this.#emulatedBytes) / 2 ** 20) this.#stopEmulating();
  }

  #stopEmulating(): void {
    this.#emulating = false;
    for (const { screen } of this.#screens.values()) screen.dispose();
    this.#screens.clear();
    this.#desktops.stop();
  }

  async end(): Promise<Summary | undefined> {
    for (const [channel, open] of this.#screens) {
      if (this.#mode.what === "screens") open.screen.then(() => this.#out.keyframe(open.screen.keyframe(this.#lastUs)));
      else this.#lastLines(channel, open);
    }
    await this.#drained();
    for (const { screen } of this.#screens.values()) screen.dispose();
    this.#screens.clear();
    await this.#desktops.drained();
    this.#desktops.end(this.#lastUs);
    return this.#mode.what === "derive" ? this.#summary() : undefined;
  }

  #summary(): Summary {
    const durationUs = this.#lastUs;
    for (const { channel, atUs, text } of this.#desktops.faults()) this.#markers.noPicture(atUs, channel, text);
    return {
      durationUs,
      channels: [...this.#channels.values()].map((facts) => ({
        ...facts,
        ...this.#desktops.sizeOf(facts.channel),
        toUs: facts.toUs < 0 ? durationUs : facts.toUs,
      })),
      markers: this.#markers.sorted(),
      activity: this.#activity.slices(durationUs, SLICES),
      screen: this.#lines.lines,
    };
  }

  async #drained(): Promise<void> {
    for (const { screen } of this.#screens.values()) await screen.drained();
    for (const screen of this.#closing.splice(0)) {
      await screen.drained();
      screen.dispose();
    }
  }

  #event(event: RecordedEvent): void {
    const { type, channel, atUs, payload } = event;
    this.#lastUs = Math.max(this.#lastUs, atUs);
    const open = this.#screens.get(channel);
    switch (type) {
      case EventType.channelOpen:
        this.#opened(event);
        break;
      case EventType.output:
      case EventType.errorOutput:
        this.#activity.add(atUs, payload.length);
        if (open !== undefined) this.#output(open, payload, atUs);
        break;
      case EventType.gate:
        if (open !== undefined) this.#output(open, Buffer.from(crlf(Buffer.from(payload).toString())), atUs);
        break;
      case EventType.resize:
        if (payload.length === 4) this.#resized(channel, open, payload);
        break;
      case EventType.inputMark:
        this.#activity.add(atUs, 1);
        if (open !== undefined) marked(open, payload[0] ?? 0, atUs);
        else if (this.#channels.get(channel)?.kind === "desktop") this.#markers.key(atUs, channel);
        break;
      case EventType.channelClose:
        this.#closed(channel, atUs, open);
        break;
      case EventType.graphics:
        if (!isBeat(payload)) this.#activity.add(atUs, payload.length);
        this.#desktops.graphics(channel, payload, atUs);
        break;
      case EventType.clipboard:
        this.#markers.clipboard(atUs, channel, members(payload));
        break;
      case EventType.transfer:
        this.#markers.transfer(atUs, channel, members(payload));
        break;
      case EventType.note:
        this.#markers.note(atUs, channel, members(payload));
        break;
      default:
        break;
    }
  }

  #opened({ channel, atUs, payload }: RecordedEvent): void {
    const { kind, detail, pty, desktop } = members(payload);
    const size = objectOr(pty);
    const pixels = objectOr(desktop);
    const cols = numberOr(size?.["cols"] ?? pixels?.["width"], 80);
    const rows = numberOr(size?.["rows"] ?? pixels?.["height"], 24);
    const facts = {
      channel,
      kind: textOr(kind),
      detail: textOr(detail),
      pty: size !== undefined,
      fromUs: atUs,
      toUs: -1,
      cols,
      rows,
    };
    this.#channels.set(channel, facts);
    if (["exec", "scp", "rsync"].includes(facts.kind)) this.#markers.add(atUs, channel, "command", facts.detail);
    if (facts.kind === "desktop") this.#desktops.open(channel, atUs);
    if (facts.kind === "forward") this.#markers.add(atUs, channel, "forward", facts.detail);
    const wanted = this.#mode.what === "text" ? this.#mode.channel === channel : facts.pty;
    if (wanted) this.#openScreen(channel, facts.pty ? cols : PLAIN_COLS, rows, !facts.pty, atUs);
  }

  #openScreen(channel: number, cols: number, rows: number, convertEol: boolean, atUs: number): void {
    if (!this.#emulating || this.#screens.size >= SCREENS_MAX || this.#screens.has(channel)) return;
    const screen = new Screen(channel, cols, rows, { convertEol });
    const commands = new CommandFinder(screen, (text, at) => this.#markers.add(at, channel, "command", text));
    this.#screens.set(channel, { screen, commands, bytesSince: 0, keyframeUs: atUs, lastUs: atUs, shown: [] });
    if (this.#mode.what === "screens") return;
    screen.onLine((row, at) => {
      if (!commands.waits && !this.#mayLook(at)) return;
      const { text, first } = screen.lineAt(row);
      this.#line(channel, at, text);
      commands.line(text, first, row);
    });
  }

  #mayLook(atUs: number): boolean {
    if (this.#mode.what === "text") return true;
    if (atUs - this.#linesFromUs >= 1_000_000) {
      this.#linesFromUs = atUs;
      this.#linesLooked = 0;
    }
    this.#linesLooked++;
    return this.#linesLooked <= LINES_A_SECOND;
  }

  #output(open: OpenScreen, bytes: Uint8Array, atUs: number): void {
    const { lastUs } = open;
    if (atUs - lastUs >= QUIET_US) open.screen.then(() => this.#lookAtAlternate(open, lastUs));
    open.lastUs = atUs;
    open.screen.write(bytes, atUs, () => {
      open.bytesSince += bytes.length;
      const due = open.bytesSince >= KEYFRAME_EVERY_BYTES || atUs - open.keyframeUs >= KEYFRAME_EVERY_US;
      if (!due || this.#mode.what !== "derive") return;
      open.bytesSince = 0;
      open.keyframeUs = atUs;
      this.#lookAtAlternate(open, atUs);
      this.#out.keyframe(open.screen.keyframe(atUs));
    });
  }

  #resized(channel: number, open: OpenScreen | undefined, payload: Uint8Array): void {
    const cols = (payload[0] ?? 0) | ((payload[1] ?? 0) << 8);
    const rows = (payload[2] ?? 0) | ((payload[3] ?? 0) << 8);
    if (this.#channels.get(channel)?.pty !== false) open?.screen.resize(cols, rows);
  }

  #closed(channel: number, atUs: number, open: OpenScreen | undefined): void {
    const facts = this.#channels.get(channel);
    if (facts !== undefined) facts.toUs = atUs;
    this.#markers.keysEnd(channel);
    this.#desktops.close(channel);
    if (open === undefined) return;
    this.#screens.delete(channel);
    if (this.#mode.what !== "screens") this.#lastLines(channel, open);
    open.screen.then(() => {
      if (this.#mode.what === "derive" && open.bytesSince > 0) this.#out.keyframe(open.screen.keyframe(atUs));
    });
    this.#closing.push(open.screen);
  }

  /** What no line feed ever left behind: the line of the cursor, or an alternate screen that still stands. */
  #lastLines(channel: number, open: OpenScreen): void {
    open.screen.then(() => {
      if (open.screen.alternate) this.#lookAtAlternate(open, open.lastUs);
      else if (open.screen.currentLine().trim() !== "") this.#line(channel, open.lastUs, open.screen.currentLine());
    });
  }

  #lookAtAlternate(open: OpenScreen, atUs: number): void {
    if (this.#mode.what === "screens" || !open.screen.alternate) return;
    const rows = open.screen.rows();
    rows.forEach((text, row) => {
      if (text !== open.shown[row]) this.#line(open.screen.channel, atUs, text);
    });
    open.shown = rows;
  }

  #line(channel: number, atUs: number, text: string): void {
    if (this.#mode.what === "text") this.#out.text(`${text.trimEnd()}\n`);
    else this.#lines.add(channel, atUs, text);
  }
}

/** Bits as in FORMAT.md §3, type 7; a secret's begin and end count like any other, what is asked for decides (see commands.ts). */
function marked({ screen, commands }: OpenScreen, bits: number, atUs: number): void {
  screen.then(() => {
    if ((bits & 1) === 0) commands.began();
    else commands.ended(atUs);
  });
}

/** Nothing but the end of a frame, which a desktop on which nothing moves says several times a second. */
function isBeat(payload: Uint8Array): boolean {
  return payload.length < BEAT_MOST && /^(?:4\.sync,[0-9.,]*;)*$/.test(Buffer.from(payload).toString("latin1"));
}

function objectOr(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : otherwise;
}

function crlf(text: string): string {
  return text.replace(/\r?\n/g, "\r\n");
}
