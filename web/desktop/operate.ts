/**
 * One desktop being operated: tunnel, Guacamole client, keyboard, pointer, clipboard and files joined, told to the page as
 * events. It holds the display from the first picture to the end, through lost connections. Rights only decide what is
 * offered; the gate decides what passes.
 */
import Guacamole from "guacamole-common-js";
import type { Action } from "../api/types.js";
import { choicesFor, pixelsOf, scaleFor, type KeyboardLayout, type Room } from "./choices.js";
import { receiveClipboard, sendClipboard } from "./clipboard.js";
import { listenKeyboard, type DesktopKeyboard } from "./keyboard.js";
import { keysymsOf } from "./keysyms.js";
import { listenPointer, type TouchMode } from "./pointer.js";
import { isBeyondKeys, PASTE_CHORDS, type PasteChord, type TextWay } from "./texts.js";
import { download, saveFile, upload, type OnTransfer } from "./transfers.js";
import { DesktopTunnel, type TunnelDeps, type TunnelEnd } from "./tunnel.js";
import { Typist } from "./typist.js";

export interface DesktopEvents {
  readonly onSession: (sessionId: string) => void;
  /** A picture is shown: the first, or the first after a lost connection. */
  readonly onPicture: () => void;
  readonly onLatency: (ms: number) => void;
  readonly onUnstable: (unstable: boolean) => void;
  readonly onAway: (until: number) => void;
  /** The gate goes down at this moment (epoch ms). */
  readonly onDrain: (endsAt: number) => void;
  readonly onEnd: (end: TunnelEnd) => void;
  /** The desktop put a text on its clipboard. */
  readonly onCopied: (text: string) => void;
  /** A text was put on the desktop's clipboard by a key; false: it was too long. */
  readonly onPasted: (sent: boolean) => void;
  /** Text was composed that the desktop may not take as keys. */
  readonly onComposed: () => void;
  readonly onTransfer: OnTransfer;
  readonly onEscape: () => void;
}
export interface DesktopParts extends DesktopEvents, Pick<TunnelDeps, "dial" | "askReturn"> {
  readonly host: HTMLElement;
  readonly field: HTMLTextAreaElement;
  readonly actions: readonly Action[];
  readonly touchMode: () => TouchMode;
  /** How composed text goes; through the clipboard only where pasting is granted. */
  readonly textWay: () => TextWay;
  readonly pasteChord: () => PasteChord;
}

/** A window that is being dragged changes many times; the desktop is asked once it rests. */
const RESIZE_REST_MS = 250;

/** The room a desktop has in an element, now. */
export function roomOf(host: HTMLElement): Room {
  return { width: host.clientWidth, height: host.clientHeight, ratio: window.devicePixelRatio || 1 };
}
export function choicesOf(host: HTMLElement, layout: KeyboardLayout): ReturnType<typeof choicesFor> {
  return choicesFor(roomOf(host), layout, Intl.DateTimeFormat().resolvedOptions().timeZone);
}

export class OperatedDesktop {
  readonly #parts: DesktopParts;
  readonly #client: Guacamole.Client;
  readonly #keyboard: DesktopKeyboard;
  readonly #typist: Typist;
  readonly #observer: ResizeObserver;
  readonly #transfers = new Set<(status: number) => void>();
  #resting: ReturnType<typeof setTimeout> | undefined;
  #shown = false;

  /** Begins at once. `ticket` is used and forgotten. */
  constructor(parts: DesktopParts, ticket: string) {
    this.#parts = parts;
    const { field, host } = parts;
    this.#client = new Guacamole.Client(this.#tunnel());
    this.#typist = new Typist({
      onKey: (pressed, keysym) => this.#client.sendKeyEvent(pressed ? 1 : 0, keysym),
      onPaste: (text) => {
        const sent = this.paste(text);
        if (sent) this.chord(PASTE_CHORDS[parts.pasteChord()]);
        parts.onPasted(sent);
      },
    });
    this.#keyboard = listenKeyboard(field, {
      onKey: (pressed, keysym) => this.#typist.key(pressed, keysym),
      onText: (text) => this.#type(text),
      onPaste: (text) => {
        if (this.#may("rdp.paste") && text !== "") parts.onPasted(this.paste(text));
      },
      onEscape: parts.onEscape,
      pastes: () => this.#may("rdp.paste"),
    });
    listenPointer(this.#client, parts);
    host.addEventListener("mousedown", this.#pressed);
    const display = this.#client.getDisplay();
    display.onresize = () => this.#fit();
    host.append(display.getElement());
    this.#observer = new ResizeObserver(() => this.#resized());
    this.#observer.observe(host);
    this.#receive();
    this.#client.connect(ticket);
  }

  #may(action: Action): boolean {
    return this.#parts.actions.includes(action);
  }

  #tunnel(): DesktopTunnel {
    const { dial, askReturn, onSession, onLatency, onUnstable, onAway, onDrain, onEnd } = this.#parts;
    return new DesktopTunnel({
      dial,
      askReturn,
      onLatency,
      onUnstable,
      onDrain,
      onSession: (sessionId, again) => {
        if (again) this.#clear();
        onSession(sessionId);
      },
      onAway: (until) => {
        this.#shown = false;
        this.#typist.drop();
        this.#keyboard.reset();
        this.#endTransfers();
        onAway(until);
      },
      onEnd: (end) => {
        this.#endTransfers();
        this.#dispose();
        onEnd(end);
      },
    });
  }

  /** Forgets layers, buffers and what was half drawn: the picture that follows is whole. What is shown stays until then. */
  #clear(): void {
    this.#client.importState({ currentState: Guacamole.Client.State.WAITING, currentTimestamp: 0, layers: {} });
  }

  #receive(): void {
    const { onCopied, onPicture } = this.#parts;
    this.#client.onsync = () => {
      if (this.#shown) return;
      this.#shown = true;
      onPicture();
      this.#askSize();
    };
    this.#client.onclipboard = (stream, mimetype) => {
      if (this.#may("rdp.copy")) receiveClipboard(stream, mimetype, onCopied);
    };
    this.#client.onfile = (stream, _mimetype, name) => {
      if (!this.#may("rdp.download")) return stream.sendAck("not granted", Guacamole.Status.Code.CLIENT_FORBIDDEN);
      this.#keepTransfer((tell) => download(stream, name, tell, saveFile));
    };
  }

  #keepTransfer(begin: (tell: OnTransfer) => (status: number) => void): void {
    const end = begin((transfer) => {
      if (transfer.status !== undefined) this.#transfers.delete(end);
      this.#parts.onTransfer(transfer);
    });
    this.#transfers.add(end);
  }
  #endTransfers(): void {
    for (const end of [...this.#transfers]) end(Guacamole.Status.Code.RESOURCE_CLOSED);
  }

  /** A press anywhere in the room takes the keyboard, and the field along: the input method opens its list where the work is. */
  readonly #pressed = (event: MouseEvent): void => {
    event.preventDefault(); // Else the browser gives the focus to whatever lies around.
    const { style } = this.#parts.field;
    style.left = `${String(event.clientX)}px`;
    style.top = `${String(event.clientY)}px`;
    this.focus();
  };

  #fit(): void {
    const display = this.#client.getDisplay();
    display.scale(scaleFor({ width: display.getWidth(), height: display.getHeight() }, roomOf(this.#parts.host)));
  }
  #resized(): void {
    this.#fit();
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#askSize(), RESIZE_REST_MS);
  }
  /** Asks for a desktop as large as its room; whether it follows is the desktop's to say. */
  #askSize(): void {
    const wanted = pixelsOf(roomOf(this.#parts.host));
    const display = this.#client.getDisplay();
    if (!this.#shown || (display.getWidth() === wanted.width && display.getHeight() === wanted.height)) return;
    this.#client.sendSize(wanted.width, wanted.height);
  }

  #type(text: string): void {
    const beyond = isBeyondKeys(text);
    if (beyond && this.#parts.textWay() === "clipboard" && this.#may("rdp.paste")) {
      this.#keyboard.reset(); // A key still held would change what the paste's keys mean.
      this.#typist.paste(text);
      return;
    }
    for (const keysym of keysymsOf(text)) {
      this.#typist.key(true, keysym);
      this.#typist.key(false, keysym);
    }
    if (beyond) this.#parts.onComposed();
  }

  /** Presses keys together, in order, and lets go of them in the other. */
  chord(keysyms: readonly number[]): void {
    for (const keysym of keysyms) this.#client.sendKeyEvent(1, keysym);
    for (const keysym of [...keysyms].reverse()) this.#client.sendKeyEvent(0, keysym);
  }
  /** Puts a text on the desktop's clipboard; false when it is too long. */
  paste(text: string): boolean {
    return sendClipboard(this.#client, text);
  }
  upload(files: Iterable<File>): void {
    for (const file of files) this.#keepTransfer((tell) => upload(this.#client, file, tell));
  }
  /** Gives the keyboard to the desktop. */
  focus(): void {
    this.#parts.field.focus({ preventScroll: true });
  }
  /** Leaves for good: the gate ends the session. */
  leave(): void {
    this.#client.disconnect();
  }

  #dispose(): void {
    this.#typist.drop();
    clearTimeout(this.#resting);
    this.#observer.disconnect();
    this.#keyboard.dispose();
    this.#parts.host.removeEventListener("mousedown", this.#pressed);
    this.#client.getDisplay().getElement().remove();
  }
}
