/**
 * SFTP version 3 packets (draft-ietf-secsh-filexfer-02): splitting a byte stream into packets, reading and building them.
 * Everything here treats its input as hostile and throws `SftpViolation`, which ends the channel and nothing else.
 */

export const Fxp = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const;

/** SSH_FX_* codes of §7 that the gate itself uses. */
export const Fx = { ok: 0, eof: 1, noSuchFile: 2, permissionDenied: 3, failure: 4 } as const;

/** SSH_FXF_* bits of §6.3. */
export const Fxf = { read: 1, write: 2, append: 4, creat: 8, trunc: 16, excl: 32 } as const;

export type SftpSide = "operator" | "target";

/** One side broke the protocol or a limit. The channel ends; the message is for the log and holds no bytes of the peer. */
export class SftpViolation extends Error {
  override readonly name = "SftpViolation";
  readonly side: SftpSide;
  constructor(side: SftpSide, message: string) {
    super(message);
    this.side = side;
  }
}

const LENGTH_BYTES = 4;
/** Where the request id stands in a whole packet (INIT and VERSION have none). */
const ID_AT = 5;
export const BODY_AT = 9;

/** Cuts a stream into whole packets, each in a buffer of its own with its length in front. Holds one unfinished packet at most. */
export class PacketSplitter {
  readonly #side: SftpSide;
  readonly #most: number;
  readonly #length = new Uint8Array(LENGTH_BYTES);
  #packet: Uint8Array | undefined;
  #filled = 0;

  /** `most`: the longest packet in bytes, not counting its length field. */
  constructor(side: SftpSide, most: number) {
    this.#side = side;
    this.#most = most;
  }

  /** The packets these bytes complete. Throws SftpViolation for a length of 0 or over the limit, before holding its bytes. */
  push(chunk: Uint8Array): Uint8Array[] {
    const packets: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      const piece: Uint8Array = this.#packet ?? this.#length;
      const part = chunk.subarray(at, at + piece.length - this.#filled);
      piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < piece.length) continue;
      if (this.#packet === undefined) this.#begin();
      else {
        packets.push(this.#packet);
        this.#packet = undefined;
        this.#filled = 0;
      }
    }
    return packets;
  }

  /** True between packets. */
  get atBoundary(): boolean {
    return this.#packet === undefined && this.#filled === 0;
  }

  #begin(): void {
    const length = viewOf(this.#length).getUint32(0);
    if (length < 1) throw new SftpViolation(this.#side, "empty packet");
    if (length > this.#most) throw new SftpViolation(this.#side, "packet is too long");
    this.#packet = new Uint8Array(LENGTH_BYTES + length);
    this.#packet.set(this.#length);
  }
}

/** Reads the fields of one packet in order. Throws SftpViolation when a field passes the end. */
export class FieldReader {
  readonly #side: SftpSide;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(side: SftpSide, bytes: Uint8Array, at: number) {
    this.#side = side;
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#at = at;
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4));
  }

  /** A u64 up to 2^53 − 1; a larger one is refused. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#step(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new SftpViolation(this.#side, "number is too large");
    return Number(value);
  }

  /** A string field: a view, not a copy. */
  string(): Uint8Array {
    const length = this.u32();
    const from = this.#step(length);
    return this.#bytes.subarray(from, from + length);
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  #step(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) throw new SftpViolation(this.#side, "packet is cut short");
    this.#at += length;
    return from;
  }
}

/** The packet's type. */
export function typeOf(packet: Uint8Array): number {
  return packet[LENGTH_BYTES] ?? 0;
}

/** The packet's request id. Throws SftpViolation when it has no room for one. */
export function idOf(side: SftpSide, packet: Uint8Array): number {
  return new FieldReader(side, packet, ID_AT).u32();
}

/** Writes another request id into the packet. */
export function setId(packet: Uint8Array, id: number): void {
  viewOf(packet).setUint32(ID_AT, id);
}

/** A packet with a request id and these parts. */
export function build(type: number, id: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, BODY_AT);
  const packet = new Uint8Array(length);
  const view = viewOf(packet);
  view.setUint32(0, length - LENGTH_BYTES);
  packet[LENGTH_BYTES] = type;
  view.setUint32(ID_AT, id);
  let at = BODY_AT;
  for (const part of parts) {
    packet.set(part, at);
    at += part.length;
  }
  return packet;
}

/** INIT or VERSION: a version and, for VERSION, pairs of extension name and data. */
export function buildHello(
  type: number,
  version: number,
  pairs: readonly (readonly [Uint8Array, Uint8Array])[],
): Uint8Array {
  return build(type, version, pairs.flat().map(stringField));
}

/** A string field: u32 length and the bytes. */
export function stringField(bytes: Uint8Array): Uint8Array {
  const field = new Uint8Array(LENGTH_BYTES + bytes.length);
  viewOf(field).setUint32(0, bytes.length);
  field.set(bytes, LENGTH_BYTES);
  return field;
}

export function u32Field(value: number): Uint8Array {
  const field = new Uint8Array(4);
  viewOf(field).setUint32(0, value);
  return field;
}

/** SSH_FXP_STATUS (§7) with an English message. */
export function buildStatus(id: number, code: number, message: string): Uint8Array {
  return build(Fxp.status, id, [u32Field(code), stringField(encode(message)), stringField(encode("en"))]);
}

/** Bytes to text for logs and rules; bytes that are no UTF-8 become U+FFFD. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
