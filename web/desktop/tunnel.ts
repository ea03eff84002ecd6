/**
 * The desktop's tunnel: Guacamole instructions over the gate's WebSocket, in our own codec. It measures the way there and back,
 * says when the connection is shaky, and when it is lost asks for a return ticket until the desktop stops waiting. A ticket
 * passes through and is kept nowhere. It knows no display and no text for people.
 */
import Guacamole from "guacamole-common-js";
import { DESKTOP_RETURN_SECONDS } from "../../gateway/http/contract/desktop.js";
import { encodeInstructionBytes, GuacamoleError, InstructionParser } from "../../recordings/codec/index.js";
import type { DesktopSocket, SocketListener } from "../api/desktop.js";

/** Why a desktop ended: a code of the gate's or of `TUNNEL_CODES`, where there is one, and a numeric Guacamole status. */
export interface TunnelEnd {
  readonly code: string | undefined;
  readonly status: number;
}
/** Ends that only the page can know. */
export const TUNNEL_CODES = [
  "left",
  "connection-refused",
  "connection-lost",
  "session-over",
  "desktop-protocol",
] as const;

/** What came of asking for a return ticket. `later`: no answer now, the next try may have one. */
export type ReturnAnswer = { readonly ticket: string } | { readonly refused: string } | "later";

export interface TunnelDeps {
  readonly dial: (ticket: string, listener: SocketListener) => DesktopSocket;
  readonly askReturn: (sessionId: string) => Promise<ReturnAnswer>;
  /** The session stands; `again`: it is the one that was lost, and a fresh picture follows. */
  readonly onSession: (sessionId: string, again: boolean) => void;
  readonly onLatency: (ms: number) => void;
  readonly onUnstable: (unstable: boolean) => void;
  /** The connection is lost; the desktop waits until this moment (epoch ms). */
  readonly onAway: (until: number) => void;
  /** The gate goes down at this moment (epoch ms), and the desktop with it. */
  readonly onDrain: (endsAt: number) => void;
  /** Once, and nothing after it. */
  readonly onEnd: (end: TunnelEnd) => void;
}

export const PING_EVERY_MS = 500;
const UNSTABLE_AFTER_MS = 1_500;
const LOST_AFTER_MS = 15_000;
/** A browser slows the timers of a hidden page; a gap this long says nothing about the connection. */
const TIMER_SLEPT_MS = 5_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4_000;

const { State } = Guacamole.Tunnel;
const { Code } = Guacamole.Status;

export class DesktopTunnel extends Guacamole.Tunnel {
  readonly #deps: TunnelDeps;
  #socket: DesktopSocket | undefined;
  /** Grows with each socket, so that a late event of an older one is known. */
  #turn = 0;
  #sessionId: string | undefined;
  #ended = false;
  #heardAt = 0;
  #tickedAt = 0;
  #pinging: ReturnType<typeof setInterval> | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  /** Resolves the return that is being tried: whether it stands. */
  #tried: ((back: boolean) => void) | undefined;

  constructor(deps: TunnelDeps) {
    super();
    this.#deps = deps;
  }

  // The library's base sets these on each instance, so that methods of a class would be hidden by them.
  /** `ticket`: the one to come in with. */
  override connect = (ticket?: string): void => {
    this.#setState(State.CONNECTING);
    this.#dial(ticket ?? "");
  };
  /** Leaves: what was sent before goes out first. */
  override disconnect = (): void => this.#finish({ code: "left", status: Code.SUCCESS });
  /** Drops what is sent while there is no connection: keys typed into a frozen picture must not arrive later. */
  override sendMessage = (...elements: unknown[]): void => {
    if (this.isConnected()) this.#send(elements as (string | number)[]);
  };

  #send(elements: readonly (string | number)[]): void {
    this.#socket?.send(encodeInstructionBytes(elements));
  }

  #setState(state: Guacamole.Tunnel.State): void {
    if (this.state === state) return;
    const wasUnstable = this.state === State.UNSTABLE;
    this.state = state;
    if (wasUnstable !== (state === State.UNSTABLE)) this.#deps.onUnstable(!wasUnstable);
    this.onstatechange?.(state);
  }

  #dial(ticket: string): void {
    const turn = ++this.#turn;
    const parser = new InstructionParser();
    const current = (): boolean => turn === this.#turn && !this.#ended;
    this.#socket = this.#deps.dial(ticket, {
      onBytes: (bytes) => {
        if (current()) this.#receive(parser, bytes, current);
      },
      onClose: (_code, reason) => {
        if (current()) this.#closed(reason);
      },
    });
  }

  #receive(parser: InstructionParser, bytes: Uint8Array, current: () => boolean): void {
    this.#heardAt = Date.now();
    if (this.state === State.UNSTABLE) this.#setState(State.OPEN);
    try {
      for (const { opcode, args } of parser.feed(bytes)) {
        this.#take(opcode, args);
        if (!current()) return;
      }
    } catch (cause) {
      if (!(cause instanceof GuacamoleError)) throw cause;
      this.#finish({ code: "desktop-protocol", status: Code.UPSTREAM_ERROR });
    }
  }

  #take(opcode: string, args: readonly string[]): void {
    if (opcode === Guacamole.Tunnel.INTERNAL_DATA_OPCODE) this.#takeOwn(args);
    else if (opcode === "error") this.#finish({ code: args[0], status: statusOf(args[1]) ?? Code.SERVER_ERROR });
    else if (opcode === "disconnect") this.#finish({ code: undefined, status: Code.SESSION_CLOSED });
    else this.oninstruction?.(opcode, [...args]);
  }

  #takeOwn([kind, value = ""]: readonly string[]): void {
    if (kind === "session") this.#stands(value);
    else if (kind === "ping") {
      const ms = Date.now() - Number(value);
      if (ms >= 0) this.#deps.onLatency(ms);
    } else if (kind === "drain" && /^\d{1,15}$/.test(value)) this.#deps.onDrain(Number(value));
  }

  #stands(sessionId: string): void {
    const again = this.#sessionId !== undefined;
    this.#sessionId = sessionId;
    this.uuid = sessionId;
    clearTimeout(this.#waiting);
    this.#setState(State.OPEN);
    this.#tickedAt = this.#heardAt;
    clearInterval(this.#pinging);
    this.#pinging = setInterval(() => this.#tick(), PING_EVERY_MS);
    this.#deps.onSession(sessionId, again);
    this.#tried?.(true);
  }

  #tick(): void {
    const now = Date.now();
    if (now - this.#tickedAt > TIMER_SLEPT_MS) this.#heardAt = now;
    this.#tickedAt = now;
    if (now - this.#heardAt > LOST_AFTER_MS) {
      this.#socket?.close();
      this.#closed("");
      return;
    }
    if (now - this.#heardAt > UNSTABLE_AFTER_MS) this.#setState(State.UNSTABLE);
    this.#send([Guacamole.Tunnel.INTERNAL_DATA_OPCODE, "ping", now]);
  }

  /** A close whose reason is a status is an end; any other is a lost connection. */
  #closed(reason: string): void {
    clearInterval(this.#pinging);
    this.#turn++;
    const status = statusOf(reason);
    if (status !== undefined) this.#finish({ code: undefined, status });
    else if (this.#tried !== undefined) this.#tried(false);
    else if (this.#sessionId === undefined)
      this.#finish({ code: "connection-refused", status: Code.UPSTREAM_UNAVAILABLE });
    else void this.#comeBack(this.#sessionId);
  }

  async #comeBack(sessionId: string): Promise<void> {
    const until = Date.now() + DESKTOP_RETURN_SECONDS * 1000;
    this.#setState(State.CONNECTING);
    this.#deps.onAway(until);
    this.#waiting = setTimeout(
      () => this.#finish({ code: "connection-lost", status: Code.SESSION_TIMEOUT }),
      until - Date.now(),
    );
    for (let pause = FIRST_PAUSE_MS; !this.#ended; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const answer = await this.#deps.askReturn(sessionId);
      if (this.#ended) return;
      if (answer !== "later") {
        if ("refused" in answer) this.#finish({ code: answer.refused, status: Code.SESSION_CLOSED });
        else if (await this.#try(answer.ticket)) return;
      }
      await new Promise((next) => setTimeout(next, pause));
    }
  }

  /** Whether this ticket led back. */
  async #try(ticket: string): Promise<boolean> {
    const back = new Promise<boolean>((resolve) => {
      this.#tried = resolve;
    });
    this.#dial(ticket);
    const stands = await back;
    this.#tried = undefined;
    return stands;
  }

  #finish(end: TunnelEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#pinging);
    clearTimeout(this.#waiting);
    this.#setState(State.CLOSED);
    this.#socket?.close();
    this.#tried?.(false);
    this.#deps.onEnd(end);
  }
}

/** A numeric Guacamole status, or undefined when the text is none. */
function statusOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,4}$/.test(text) ? Number(text) : undefined;
}
