/**
 * Writing to a channel with back-pressure that holds: bytes wait for the channel's window, for the socket to drain and
 * for a running key exchange to finish, and never pile up in the library. stdout and stderr share one queue, in order.
 * It goes past the library's own writable side, which mixes the two streams up when both are blocked.
 */
import type { RawChannel, RawPeer } from "./ssh2-shims.js";

/** A socket with more unsent bytes than this takes no more until it drained. Above Node's own mark, so `drain` comes. */
const SOCKET_HIGH_BYTES = 512 * 1024;
const LARGEST_PACKET = 32 * 1024;
const STDERR = 1;
/** RFC 4254 §6.10: the names that have a form on the wire; the library throws on any other. */
const SIGNALS = new Set([
  "ABRT",
  "ALRM",
  "FPE",
  "HUP",
  "ILL",
  "INT",
  "KILL",
  "PIPE",
  "QUIT",
  "SEGV",
  "TERM",
  "USR1",
  "USR2",
]);

/** One a connection: whether its socket takes more, and who waits for that. */
export class SocketValve {
  readonly peer: RawPeer;
  readonly #waiting = new Set<() => void>();
  #closed = false;
  #corked = false;

  constructor(peer: RawPeer) {
    this.peer = peer;
    peer._sock.on("drain", () => this.#wake());
    peer.on("handshake", () => this.#wake());
    const close = (): void => {
      this.#closed = true;
      this.#wake();
    };
    // After the peer's end the library throws on every write, though the socket would still take it.
    peer.once("end", close);
    peer._sock.once("close", close);
  }

  get closed(): boolean {
    return this.#closed || this.peer._sock.destroyed;
  }
  get open(): boolean {
    return this.peer._sock.writableLength < SOCKET_HIGH_BYTES && this.peer._protocol._kexinit === undefined;
  }
  /** Lets the writes of one turn of the loop leave in one system call. */
  gather(): void {
    const { _sock: socket } = this.peer;
    if (this.#corked) return;
    this.#corked = true;
    socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      socket.uncork();
    });
  }
  /** Runs one write; a library that throws on it is as good as a closed connection. Answers whether it went well. */
  attempt(write: () => void): boolean {
    if (this.closed) return false;
    try {
      write();
      return true;
    } catch {
      this.#closed = true;
      this.peer._sock.destroy();
      return false;
    }
  }
  /** Calls `listener` once, when the socket may take more or is closed. */
  wait(listener: () => void): void {
    this.#waiting.add(listener);
  }
  #wake(): void {
    const listeners = [...this.#waiting];
    this.#waiting.clear();
    for (const listener of listeners) listener();
  }
}

interface Piece {
  bytes: Uint8Array;
  readonly stderr: boolean;
  readonly done: (sent: boolean) => void;
}

export type Exit = { readonly code: number } | { readonly signal: string; readonly core: boolean };

export class Outlet {
  readonly #channel: RawChannel;
  readonly #valve: SocketValve;
  readonly #queue: Piece[] = [];
  #eofSent = false;

  constructor(channel: RawChannel, valve: SocketValve) {
    this.#channel = channel;
    this.#valve = valve;
    channel._chunkcb = () => this.#pump();
  }

  get writable(): boolean {
    return !this.#valve.closed && !this.#eofSent && this.#channel.outgoing.state === "open";
  }

  /** Resolves true when every byte went to the socket, false when the channel is gone. One's calls keep their order. */
  write(bytes: Uint8Array, stderr = false): Promise<boolean> {
    if (bytes.length === 0) return Promise.resolve(this.writable);
    return new Promise((done) => {
      this.#queue.push({ bytes, stderr, done });
      if (this.#queue.length === 1) this.#pump();
    });
  }

  /** Forgets what waits (each answers false), so that a last line can be said at once. */
  drop(): void {
    for (const piece of this.#queue.splice(0)) piece.done(false);
  }

  /** No more bytes; requests such as exit-status may still follow. */
  eof(): void {
    if (!this.writable) return;
    this.#eofSent = true;
    this.#valve.attempt(() => this.#valve.peer._protocol.channelEOF(this.#channel.outgoing.id));
  }

  /** Sends a request of the client's side. `signal`: left out when the name has no form on the wire. */
  request(send: (channel: RawChannel) => void, signal?: string): void {
    if (signal === undefined || SIGNALS.has(signal.replace(/^SIG/, ""))) this.#valve.attempt(() => send(this.#channel));
  }

  /** Says how the command ended. Does not consume window. */
  exit(exit: Exit): void {
    const { outgoing } = this.#channel;
    const protocol = this.#valve.peer._protocol;
    if (outgoing.state !== "open") return;
    this.#valve.attempt(() => {
      if ("code" in exit) protocol.exitStatus(outgoing.id, exit.code);
      else if (SIGNALS.has(exit.signal.replace(/^SIG/, "")))
        protocol.exitSignal(outgoing.id, exit.signal, exit.core, "");
      else protocol.exitStatus(outgoing.id, 255);
    });
  }

  /** EOF if none was sent, then CLOSE. */
  close(): void {
    this.drop();
    if (this.#eofSent && this.#channel.outgoing.state === "open") this.#channel.outgoing.state = "eof";
    this.#valve.attempt(() => {
      this.#channel.eof();
      this.#channel.close();
    });
  }

  #pump(): void {
    for (let piece = this.#queue[0]; piece !== undefined; piece = this.#queue[0]) {
      if (!this.writable) return this.drop();
      if (!this.#send(piece)) return;
      this.#queue.shift();
      piece.done(true);
    }
  }

  /** Sends what fits; false when something must be waited for, which then calls `#pump`. */
  #send(piece: Piece): boolean {
    const { outgoing } = this.#channel;
    const protocol = this.#valve.peer._protocol;
    const packet = Math.min(LARGEST_PACKET, outgoing.packetSize);
    if (piece.bytes.length > packet) this.#valve.gather();
    while (piece.bytes.length > 0) {
      if (!this.#valve.open) {
        this.#valve.wait(() => this.#pump());
        return false;
      }
      const length = Math.min(piece.bytes.length, outgoing.window, packet);
      if (length <= 0) {
        this.#channel._waitWindow = true;
        return false;
      }
      const slice = Buffer.from(piece.bytes.buffer, piece.bytes.byteOffset, length);
      const sent = this.#valve.attempt(() => {
        if (piece.stderr) protocol.channelExtData(outgoing.id, slice, STDERR);
        else protocol.channelData(outgoing.id, slice);
      });
      if (!sent) {
        this.drop();
        return false;
      }
      outgoing.window -= length;
      piece.bytes = piece.bytes.subarray(length);
    }
    return true;
  }
}
