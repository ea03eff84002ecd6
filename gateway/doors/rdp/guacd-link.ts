/**
 * One connection to guacd, which belongs to a session and to no browser. It goes through the handshake by names, never longer
 * than its limits allow, hands out instructions as they came, and says `disconnect` before it ends. guacamole-lite's own timer,
 * parser and logging are taken out: they end the process on a split character and write passwords down.
 */
import {
  encodeInstruction,
  GuacamoleError,
  InstructionParser,
  type Instruction,
} from "../../../recordings/codec/index.js";
import { GatehouseError, type DesktopChoices, type ErrorCode } from "../../domain/index.js";
import type { DoorContext } from "./door-deps.js";
import { wordOfCode, readGuacdError, type LastWord } from "./errors.js";
import { GuacdClient } from "./guacamole-lite.js";
import type { Arguments } from "./protocols/index.js";

/** The newest handshake spoken: with 1.3.0 guacd would ask the browser for credentials. */
const SPOKEN = "VERSION_1_1_0";
const IMAGES = ["image/png", "image/jpeg"];
/** guacd's socket holds more unsent than this: the browser waits. */
const CONGESTED_BYTES = 256 * 1024;
/** Past this it does not read at all, though it makes us answer. */
const UNREAD_MOST_BYTES = 2 * 1024 * 1024;
const LEAVING_MS = 1_000;
/**
 * Ends a handshake before `connect`: no instruction at all. guacd hears neither a closed socket nor `disconnect` there, and its
 * child would wait for fifteen seconds (seen with 1.3.0).
 */
export const ABANDON = "x;";
/** guacd's argument that holds a pinned certificate; since 1.6.0. */
const PIN = "cert-fingerprints";
const DISCONNECT = encodeInstruction(["disconnect"]);
const NOP = encodeInstruction(["nop"]);

export interface LinkAsk {
  readonly guacdName: string;
  readonly choices: DesktopChoices;
  readonly arguments: Extract<Arguments, { readonly ok: true }>;
  /** Opens even where a restricting argument is missing. */
  readonly acceptsMissing: boolean;
  /** Compares the pinned certificate in guacd's stead, where guacd knows no `cert-fingerprints`. Undefined: it is the one. */
  readonly certificateFault: () => Promise<LastWord | undefined>;
}

export interface LinkListener {
  /** Handshake done; `names`: what this guacd asked for. */
  onReady(names: readonly string[]): void;
  onInstructions(instructions: readonly Instruction[]): void;
  /** guacd takes more again. */
  onDrain(): void;
  /** Once. Why it is over, unless we left. */
  onClosed(word: LastWord): void;
}

type Phase = "connect" | "args" | "checking" | "ready" | "open";

export class GuacdLink extends GuacdClient {
  readonly #context: Pick<DoorContext, "limits" | "clock" | "log">;
  #ask: LinkAsk | undefined;
  readonly #listener: LinkListener;
  readonly #parser = new InstructionParser();
  #phase: Phase = "connect";
  #deadline: NodeJS.Timeout | undefined;
  readonly #beat: NodeJS.Timeout;
  #names: readonly string[] = [];
  #heardMs: number;
  #holds = new Set<string>();

  constructor(context: Pick<DoorContext, "guacd" | "limits" | "clock" | "log">, ask: LinkAsk, listener: LinkListener) {
    const { host, port } = context.guacd;
    super({ host, port }, ask.guacdName, {}, { log: () => undefined });
    this.#context = context;
    this.#ask = ask;
    this.#listener = listener;
    this.#heardMs = this.#nowMs();
    clearInterval(this.activityCheckInterval);
    const { guacdConnection: socket } = this;
    socket.setNoDelay(true);
    socket.removeAllListeners("data");
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("drain", () => this.#listener.onDrain());
    // guacamole-lite emits it and then calls `close`, which says what there is to say.
    this.on("error", () => undefined);
    this.#within(context.limits.connectMs);
    this.#beat = setInterval(() => this.#tick(), Math.min(context.limits.nopMs, context.limits.silenceMs) / 2);
  }

  get closed(): boolean {
    return this.state === this.STATE_CLOSED;
  }
  /** The handshake is done: only now may anything of the browser's pass. */
  get open(): boolean {
    return this.#phase === "open" && !this.closed;
  }
  get congested(): boolean {
    return this.guacdConnection.writableLength > CONGESTED_BYTES;
  }

  /** Stops or resumes reading, for one of several reasons. */
  hold(reason: string, held: boolean): void {
    if (held === this.#holds.has(reason) || this.closed) return;
    if (held) this.#holds.add(reason);
    else this.#holds.delete(reason);
    if (this.#holds.size > 0) this.guacdConnection.pause();
    else {
      this.#heardMs = this.#nowMs();
      this.guacdConnection.resume();
    }
  }

  /** Whole instructions; nothing before guacd is ready. */
  override send(data: string | Uint8Array): void {
    if (this.closed || this.guacdConnection.destroyed) return;
    this.guacdConnection.write(data);
    if (this.guacdConnection.writableLength <= UNREAD_MOST_BYTES) return;
    this.#context.log("warn", "guacd does not read");
    this.#over(wordOfCode("desktop-service-unavailable"));
  }

  tell(...elements: (string | number)[]): void {
    if (this.#phase === "open") this.send(encodeInstruction(elements));
  }

  override processConnectionOpen(): void {
    this.#phase = "args";
    this.#within(this.#context.limits.argsMs);
    this.send(encodeInstruction(["select", this.#ask?.guacdName ?? ""]));
  }

  /** By name: what guacd asks for and we do not name stays empty. */
  override sendHandshakeReply(names: readonly string[]): void {
    const ask = this.#ask;
    if (ask === undefined) return;
    this.#names = names;
    const missing = ask.arguments.restricting.filter((name) => !names.includes(name));
    if (missing.length > 0) {
      this.#context.log("warn", "guacd lacks arguments that restrictions need", { missing: missing.join(" ") });
      if (!ask.acceptsMissing) return this.#over(wordOfCode("desktop-service-too-old"));
    }
    if (missing.includes(PIN)) void this.#checkThenReply(ask, names);
    else this.#reply(ask, names, ask.arguments.named);
  }

  /** guacd would not let in what it cannot compare, so it is told not to look, once the gate has. */
  async #checkThenReply(ask: LinkAsk, names: readonly string[]): Promise<void> {
    this.#phase = "checking";
    this.#within(this.#context.limits.readyMs);
    const fault = await ask.certificateFault();
    if (this.closed) return;
    if (fault === undefined) this.#reply(ask, names, { ...ask.arguments.named, "ignore-cert": "true" });
    else this.#over(fault);
  }

  #reply(ask: LinkAsk, names: readonly string[], named: Readonly<Record<string, string>>): void {
    const { width, height, dpi, timeZone } = ask.choices;
    const versioned = names[0]?.startsWith("VERSION_") === true && names[0] !== "VERSION_1_0_0";
    const version = versioned ? SPOKEN : "VERSION_1_0_0";
    const values = names.map((name) => (name.startsWith("VERSION_") ? version : (named[name] ?? "")));
    this.send(encodeInstruction(["size", width, height, dpi]));
    this.send(encodeInstruction(["audio"]));
    this.send(encodeInstruction(["video"]));
    this.send(encodeInstruction(["image", ...IMAGES]));
    if (versioned) this.send(encodeInstruction(["timezone", timeZone]));
    this.send(encodeInstruction(["connect", ...values]));
    this.#ask = undefined;
    this.#phase = "ready";
    this.#within(this.#context.limits.readyMs);
  }

  /** The door's own leaving; nothing is heard of it afterwards. */
  leave(): void {
    this.#shut();
  }

  /** guacamole-lite's way out: the socket failed or was closed by guacd. */
  override close(error?: Error): void {
    if (this.closed) return;
    if (error !== undefined && this.#phase === "open")
      this.#context.log("warn", "guacd was lost", { error: error.message });
    this.#over(wordOfCode("desktop-service-unavailable"));
  }

  #receive(chunk: Buffer): void {
    if (this.closed) return;
    this.#heardMs = this.#nowMs();
    try {
      const instructions = this.#parser.feed(chunk);
      const at = this.#phase === "open" ? 0 : this.#shake(instructions);
      if (at < instructions.length && !this.closed)
        this.#listener.onInstructions(at === 0 ? instructions : instructions.slice(at));
    } catch (error) {
      if (!(error instanceof GuacamoleError)) throw error;
      this.#context.log("warn", "guacd does not speak its protocol", { fault: error.fault });
      this.#over(wordOfCode("desktop-service-unavailable"));
    }
  }

  /** Goes through the handshake; answers how many instructions belonged to it. */
  #shake(instructions: readonly Instruction[]): number {
    for (const [at, { opcode, args }] of instructions.entries()) {
      if (this.closed) return instructions.length;
      if (opcode === "args" && this.#phase === "args") this.sendHandshakeReply(args);
      else if (opcode === "ready" && this.#phase === "ready") {
        this.#phase = "open";
        clearTimeout(this.#deadline);
        this.#listener.onReady(this.#names);
        return at + 1;
      } else if (opcode === "error") this.#over(readGuacdError(args[1] ?? "", false));
      else if (opcode !== "nop" && opcode !== "log") this.#over(wordOfCode("desktop-service-unavailable"));
    }
    return instructions.length;
  }

  #tick(): void {
    if (this.#phase !== "open") return;
    this.send(NOP);
    if (this.#holds.size === 0 && this.#nowMs() - this.#heardMs > this.#context.limits.silenceMs) {
      this.#context.log("warn", "guacd fell silent");
      this.#over(wordOfCode("desktop-service-unavailable"));
    }
  }

  #within(ms: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#over(wordOfCode("desktop-service-unavailable")), ms);
  }

  #over(word: LastWord): void {
    if (this.closed) return;
    this.#shut();
    this.#listener.onClosed(word);
  }

  /** `disconnect` and the end of our side; what guacd still says is read and thrown away, so that its child sees the end. */
  #shut(): void {
    if (this.closed) return;
    this.state = this.STATE_CLOSED;
    this.#ask = undefined;
    clearTimeout(this.#deadline);
    clearInterval(this.#beat);
    const { guacdConnection: socket } = this;
    if (this.#phase === "connect" || socket.destroyed) return void socket.destroy();
    socket.resume();
    socket.end(this.#phase === "args" || this.#phase === "checking" ? ABANDON : DISCONNECT);
    const cut = setTimeout(() => socket.destroy(), LEAVING_MS);
    cut.unref();
    socket.once("close", () => clearTimeout(cut));
  }

  #nowMs(): number {
    return this.#context.clock.monotonicUs() / 1_000;
  }
}

const OWN_CODES = [
  "target-credential-refused",
  "target-key-changed",
  "target-too-old",
  "desktop-service-too-old",
] as const satisfies readonly ErrorCode[];

/** What a link's failure is to a dial that waits for it. */
export function linkFailure(word: LastWord): GatehouseError {
  const own = OWN_CODES.find((code) => code === word.code);
  if (own !== undefined) return new GatehouseError(own, "the desktop was not opened");
  const unreachable = word.code === "target-unreachable" || word.code === "target-closed";
  return new GatehouseError(
    unreachable ? "target-unreachable" : "desktop-service-unavailable",
    "the desktop was not opened",
  );
}
