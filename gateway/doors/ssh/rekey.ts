/**
 * Renews the keys of one connection by bytes and by time (RFC 4253 §9), which the library never does by itself, and tells
 * when a peer keeps a key exchange open for longer than it may. Driven by the door's tick.
 */
import type { RawPeer } from "./ssh2-shims.js";

const LONGEST_EXCHANGE_MS = 60_000;

export class RekeyWatch {
  readonly #peer: RawPeer;
  readonly #limits: { readonly rekeyBytes: number; readonly rekeyMs: number };
  #bytesThen: number;
  #msThen: number;
  #exchangeSince: number | undefined;

  constructor(peer: RawPeer, limits: { readonly rekeyBytes: number; readonly rekeyMs: number }, nowMs: number) {
    this.#peer = peer;
    this.#limits = limits;
    this.#bytesThen = this.#bytes();
    this.#msThen = nowMs;
  }

  /** Begins an exchange when one is due; false when the peer did not finish one in time. */
  tick(nowMs: number): boolean {
    if (this.#peer._sock.destroyed) return true;
    if (this.#peer._protocol._kexinit !== undefined) {
      this.#exchangeSince ??= nowMs;
      return nowMs - this.#exchangeSince < LONGEST_EXCHANGE_MS;
    }
    this.#exchangeSince = undefined;
    if (this.#bytes() - this.#bytesThen >= this.#limits.rekeyBytes || nowMs - this.#msThen >= this.#limits.rekeyMs) {
      this.#bytesThen = this.#bytes();
      this.#msThen = nowMs;
      this.#peer._protocol.rekey();
    }
    return true;
  }

  #bytes(): number {
    return this.#peer._sock.bytesRead + this.#peer._sock.bytesWritten;
  }
}
