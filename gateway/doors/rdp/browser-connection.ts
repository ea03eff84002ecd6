/**
 * One WebSocket of one browser: binary messages both ways, numeric statuses, and an account of what it has not taken yet. It knows
 * nothing of sessions; whoever holds it says what to do with what comes. It makes no connection to guacd.
 */
import type { WebSocket } from "ws";
import { encodeInstruction } from "../../../recordings/codec/index.js";
import { ClientConnection } from "./guacamole-lite.js";
import { STATUS, type LastWord } from "./errors.js";
import type { DoorContext } from "./door-deps.js";
import { Rate } from "./guac/rates.js";

/** RFC 6455 §7.4.1: normal closure. What happened stands in the reason, as a number. */
const CLOSED = 1000;
/** Messages kept until somebody listens: a page says little before it is shown anything. */
const EARLY_MOST = 16;

type BrowserContext = Pick<DoorContext, "limits" | "clock">;

export interface BrowserListener {
  onMessage(bytes: Uint8Array): void;
  /** Something went to the socket. */
  onTaken(): void;
  /** Once, when it is gone for whatever reason. */
  onGone(): void;
}

export class BrowserConnection extends ClientConnection {
  readonly #limits: BrowserContext["limits"];
  #listener: BrowserListener | undefined;
  readonly #early: Uint8Array[] = [];
  #gone = false;
  #finished = false;
  #unsent = 0;
  #takenAtMs = 0;
  #heardAtMs = 0;
  readonly #nowMs: () => number;
  readonly #frames: Rate;

  constructor(options: object, connectionId: number, webSocket: WebSocket, context: BrowserContext) {
    super(options, connectionId, webSocket, {}, { processConnectionSettings: () => undefined });
    this.#limits = context.limits;
    this.#nowMs = () => context.clock.monotonicUs() / 1_000;
    this.#frames = new Rate(context.limits.instructionsPerSecond, this.#nowMs());
  }

  /** Bytes that wait for the browser. */
  get unsentBytes(): number {
    return this.#unsent;
  }
  get gone(): boolean {
    return this.#gone || this.#finished;
  }

  /** Called while the base class is being made: nothing of this class's own is there yet. */
  override decryptToken(): unknown {
    return { connection: { type: "ticket" } };
  }
  override mergeConnectionOptions(): unknown {
    return {};
  }

  /** Listens to the WebSocket. guacd is somebody else's. */
  override connect(): void {
    const heartbeat = setInterval(() => this.#beat(), this.#limits.nopMs);
    this.webSocket.once("close", () => clearInterval(heartbeat));
    this.webSocket.on("ping", () => this.#counted());
    this.webSocket.on("pong", () => this.#counted() && this.#heard());
    this.#heard();
    this.webSocket.on("message", (data, binary) => {
      if (this.gone || !this.#counted()) return;
      if (binary) this.sendMessageToGuacd(data as Buffer);
      else this.finish({ code: "invalid-input", status: STATUS.badRequest });
    });
    this.webSocket.once("close", () => this.#leave());
  }

  /** Each frame costs work, also one that says nothing: too many end the connection. */
  #counted(): boolean {
    if (this.#frames.take(1, this.#nowMs())) return true;
    this.finish({ code: "invalid-input", status: STATUS.tooMany });
    return false;
  }

  #heard(): void {
    this.#heardAtMs = this.#nowMs();
  }

  /**
   * RFC 6455 §5.5.2: a browser answers pings by itself, also when its page is hidden, but only once it has read what was sent before
   * them. One that does not is gone, whatever it goes on sending. While we do not read, nobody can be heard.
   */
  #beat(): void {
    if (this.webSocket.isPaused) this.#heard();
    else if (this.#nowMs() - this.#heardAtMs > this.#limits.browserSilenceMs) this.webSocket.terminate();
    else if (this.webSocket.readyState === this.webSocket.OPEN) this.webSocket.ping();
  }

  listen(listener: BrowserListener): void {
    this.#listener = listener;
    for (const message of this.#early.splice(0)) listener.onMessage(message);
    if (this.#gone) listener.onGone();
  }

  /** What came, to whoever listens; never to guacd as it is. A page that is quick is heard as soon as somebody does. */
  override sendMessageToGuacd(message: Uint8Array): void {
    if (this.#listener !== undefined) this.#listener.onMessage(message);
    else if (this.#early.length < EARLY_MOST) this.#early.push(message);
  }

  /** Whole instructions, one message. */
  override send(message: string | Uint8Array): void {
    if (this.gone || this.webSocket.readyState !== this.webSocket.OPEN) return;
    const bytes = typeof message === "string" ? Buffer.from(message) : message;
    if (this.#unsent === 0) this.#takenAtMs = this.#nowMs();
    this.#unsent += bytes.length;
    this.webSocket.send(bytes, { binary: true }, () => {
      this.#unsent -= bytes.length;
      this.#takenAtMs = this.#nowMs();
      this.#listener?.onTaken();
    });
  }

  tell(...elements: (string | number)[]): void {
    this.send(encodeInstruction(elements));
  }

  /** Whether something waits and nothing was taken for so long. */
  get stalled(): boolean {
    return this.#unsent > 0 && this.#nowMs() - this.#takenAtMs > this.#limits.browserStallMs;
  }

  hold(held: boolean): void {
    if (this.#gone) return;
    if (held) this.webSocket.pause();
    else this.webSocket.resume();
  }

  /** The last word, then the end: what cannot be said soon is not said. */
  finish(word: LastWord): void {
    if (this.gone) return;
    if (word.status !== STATUS.success) this.sendErrorToClient(word.code, String(word.status));
    this.#finished = true;
    this.webSocket.resume();
    this.webSocket.close(CLOSED, String(word.status));
    setTimeout(() => this.webSocket.terminate(), this.#limits.lastLineMs).unref();
    this.#leave();
  }

  /** `error` with a numeric status, as Guacamole's client reads it. */
  override sendErrorToClient(message: string, status = String(STATUS.serverError)): void {
    this.tell("error", message, status);
  }

  /** guacamole-lite's way out (its server closes): without a word. */
  override close(): void {
    this.webSocket.terminate();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#listener?.onGone();
  }
}
