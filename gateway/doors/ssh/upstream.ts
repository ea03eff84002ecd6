/**
 * The one connection to the target that all channels of a Gatehouse session share. Channels come back with their exit
 * already listened for, so that nothing a quick command says is lost.
 */
import type { Client, ClientChannel, PseudoTtyOptions } from "ssh2";
import type { Socket } from "node:net";
import { Outlet, SocketValve, type Exit } from "./outlet.js";
import { guardPeer, type PtyModes, type RawChannel, type RawPeer } from "./ssh2-shims.js";

/** RFC 4254 §6.10 names signals shortly; a target may send any text. */
const LONGEST_SIGNAL = 64;

export interface Pty {
  readonly term: string;
  cols: number;
  rows: number;
  readonly width: number;
  readonly height: number;
  readonly modes: PtyModes;
}

export interface TargetChannel {
  readonly raw: RawChannel;
  readonly outlet: Outlet;
  /** How the command ended, once the target said so. */
  readonly exit: () => Exit | undefined;
  /** True once the target closed the channel. */
  readonly closed: () => boolean;
}

export interface Start {
  readonly pty: Pty | undefined;
  readonly env: Readonly<Record<string, string>>;
}

export class Upstream {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #valve: SocketValve;
  readonly #pending = new Set<(error: Error) => void>();
  readonly peer: RawPeer;

  /** `onLost` is called once when the connection ends without having been destroyed here. */
  constructor(client: Client, socket: Socket, onLost: () => void) {
    this.#client = client;
    this.#socket = socket;
    this.peer = client as unknown as RawPeer;
    this.#valve = new SocketValve(this.peer);
    guardPeer(this.peer, { onOverrun: () => socket.destroy() });
    client.removeAllListeners("error");
    client.on("error", () => socket.destroy());
    const lost = (): void => {
      this.#rejectPending();
      onLost();
    };
    // It may have gone while the dial was still being judged.
    if (socket.destroyed) queueMicrotask(lost);
    else client.once("close", lost);
  }

  get bytes(): number {
    return this.#socket.bytesRead + this.#socket.bytesWritten;
  }

  /** Cuts the connection at once; nothing more passes. */
  destroy(): void {
    this.#client.removeAllListeners("close");
    this.#socket.destroy();
    this.#rejectPending();
  }

  #rejectPending(): void {
    for (const reject of this.#pending) reject(new Error("connection closed"));
    this.#pending.clear();
  }

  shell(start: Start): Promise<TargetChannel> {
    const window = start.pty === undefined ? false : ptyOptions(start.pty);
    return this.#open((done) => this.#client.shell(window, { env: { ...start.env } }, done));
  }

  exec(command: string, start: Start): Promise<TargetChannel> {
    const options = { env: { ...start.env } };
    return this.#open((done) =>
      this.#client.exec(command, start.pty === undefined ? options : { ...options, pty: ptyOptions(start.pty) }, done),
    );
  }

  subsystem(name: string): Promise<TargetChannel> {
    return this.#open((done) => this.#client.subsys(name, done));
  }

  /** The target dials `host:port` (RFC 4254 §7.2). */
  forward(host: string, port: number): Promise<TargetChannel> {
    return this.#open((done) => this.#client.forwardOut("127.0.0.1", 0, host, port, done));
  }

  /** Rejects when the target refuses the channel or is gone. */
  #open(ask: (done: (error: Error | undefined, channel: ClientChannel) => void) => void): Promise<TargetChannel> {
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      ask((error, channel) => {
        this.#pending.delete(reject);
        if (error !== undefined && error !== null) reject(error);
        else resolve(this.#wrap(channel));
      });
    });
  }

  #wrap(channel: ClientChannel): TargetChannel {
    const raw = channel as unknown as RawChannel;
    let exit: Exit | undefined;
    let closed = false;
    channel.on("exit", (code: number | null, signal?: string, core?: boolean) => {
      const name = (signal ?? "SIGKILL").replace(/[^\x21-\x7e]/g, "").slice(0, LONGEST_SIGNAL);
      exit = typeof code === "number" ? { code } : { signal: name, core: core === true };
    });
    channel.on("close", () => {
      closed = true;
    });
    raw.on("error", () => undefined);
    raw.stderr.on("error", () => undefined);
    return { raw, outlet: new Outlet(raw, this.#valve), exit: () => exit, closed: () => closed };
  }
}

function ptyOptions(pty: Pty): PseudoTtyOptions {
  const { term, cols, rows, width, height, modes } = pty;
  return { term, cols, rows, width, height, modes };
}
