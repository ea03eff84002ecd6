/**
 * The one place that touches what ssh2 keeps to itself, as typed narrow interfaces. It repairs what the library does not
 * do: enforces the receive window, reads pty modes, answers refused channels with a reason, tells when a peer closed a
 * channel whose data nobody read, and lets requests pass after the peer's EOF. No other file names a private member.
 */
import { createRequire } from "node:module";
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { GatehouseError } from "../../domain/index.js";

const load = createRequire(import.meta.url);

export interface Half {
  readonly id: number;
  window: number;
  packetSize: number;
  state: "open" | "eof" | "closing" | "closed";
}

export interface RawChannel extends Duplex {
  readonly incoming: Half;
  readonly outgoing: Half;
  readonly stderr: Readable;
  _waitWindow: boolean;
  _chunk: Buffer | undefined;
  _chunkcb: (() => void) | undefined;
  eof(): void;
  close(): void;
  setWindow(rows: number, cols: number, height: number, width: number): void;
  signal(name: string): void;
}

type Handler = (protocol: RawProtocol, ...args: never[]) => void;

export interface RawProtocol {
  readonly _kexinit: unknown;
  readonly _server: boolean;
  readonly _handlers: Record<string, Handler | undefined>;
  channelData(id: number, data: Uint8Array): void;
  channelExtData(id: number, data: Uint8Array, type: number): void;
  channelEOF(id: number): void;
  channelOpenFail(id: number, reason: number, text: string): void;
  /** Begins a key exchange; the library's server side alone shows this on its own surface. */
  rekey(): void;
  exitStatus(id: number, code: number): void;
  readonly _cipher: { encrypt(packet: Buffer): void };
  readonly _packetRW: {
    readonly write: {
      readonly allocStart: number;
      readonly allocStartKEX: number;
      alloc(length: number, force: boolean): Buffer;
      finalize(packet: Buffer, force: boolean): Buffer;
    };
  };
  exitSignal(id: number, name: string, core: boolean, message: string): void;
}

export interface RawPeer extends EventEmitter {
  readonly _sock: Socket;
  readonly _protocol: RawProtocol;
  readonly _chanMgr: { readonly _count: number; get(id: number): unknown };
}

/** RFC 4254 §5.1 reason codes. */
export const OPEN_FAILURE = { prohibited: 1, connectFailed: 2, unknownType: 3, shortage: 4 } as const;

export interface ChannelOpen {
  readonly type: string;
  readonly sender: number;
  readonly packetSize: number;
  readonly data: { readonly destIP?: string; readonly destPort?: number; readonly socketPath?: string };
}

/** Well above what channels let wait in a socket (outlet.ts), so that only answers can reach it. */
const UNREAD_ANSWERS_BYTES = 4 * 1024 * 1024;

export interface PeerGuards {
  /** The peer sent more than its window allows (RFC 4254 §5.2), or asks and reads no answer: destroy it. */
  readonly onOverrun: () => void;
  /** Asked before a channel is made; a refusal is answered with its code and text. */
  readonly judgeOpen?: (
    open: ChannelOpen,
    openChannels: number,
  ) => { readonly code: number; readonly text: string } | undefined;
}

type SessionLike = {
  readonly _channel?: RawChannel;
  _ending?: boolean;
  readonly _chanInfo: { readonly incoming: Half };
};
const closers = new WeakMap<object, (() => void)[]>();
const lastOpen = new WeakMap<RawProtocol, ChannelOpen>();
const refusals = new WeakMap<RawProtocol, Map<number, { readonly code: number; readonly text: string }>>();

/** Throws unless ssh2's native binding was built: without it ciphers run many times slower. */
export function assertNativeBinding(): void {
  const crypto = load("ssh2/lib/protocol/crypto.js") as { readonly bindingAvailable?: boolean };
  if (crypto.bindingAvailable !== true) throw new GatehouseError("internal", "the native binding of ssh2 is missing");
}

function channelOf(found: unknown): RawChannel | undefined {
  if (typeof found !== "object" || found === null) return undefined;
  if ("_chanInfo" in found) return (found as SessionLike)._channel;
  return "incoming" in found ? (found as RawChannel) : undefined;
}

/** Puts the guards before the library's own handlers. Call once a peer, before it may open channels. */
export function guardPeer(peer: RawPeer, guards: PeerGuards): void {
  const handlers = peer._protocol._handlers;
  guardWindow(peer, guards);
  guardAnswers(peer, guards);
  const closed = handlers["CHANNEL_CLOSE"] as ((p: RawProtocol, id: number) => void) | undefined;
  handlers["CHANNEL_CLOSE"] = (p: RawProtocol, id: number) => {
    const channel = channelOf(peer._chanMgr.get(id));
    closed?.(p, id);
    if (channel !== undefined) for (const listener of closers.get(channel) ?? []) listener();
  };
  if (guards.judgeOpen !== undefined) guardOpen(peer, guards.judgeOpen);
  guardRequests(peer);
}

function guardWindow(peer: RawPeer, guards: PeerGuards): void {
  const handlers = peer._protocol._handlers;
  for (const name of ["CHANNEL_DATA", "CHANNEL_EXTENDED_DATA"]) {
    const original = handlers[name] as ((p: RawProtocol, id: number, data: Buffer, type?: number) => void) | undefined;
    handlers[name] = (p: RawProtocol, id: number, data: Buffer, type?: number) => {
      const channel = channelOf(peer._chanMgr.get(id));
      if (channel !== undefined && data.length > channel.incoming.window) guards.onOverrun();
      else original?.(p, id, data, type);
    };
  }
}

/** Requests are under no window: a peer that asks and never reads would have its answers pile up in the socket. */
function guardAnswers(peer: RawPeer, guards: PeerGuards): void {
  const handlers = peer._protocol._handlers;
  for (const name of ["GLOBAL_REQUEST", "CHANNEL_REQUEST", "CHANNEL_OPEN"]) {
    const original = handlers[name] as ((p: RawProtocol, ...rest: unknown[]) => void) | undefined;
    handlers[name] = (p: RawProtocol, ...rest: unknown[]) => {
      if (peer._sock.writableLength > UNREAD_ANSWERS_BYTES) guards.onOverrun();
      else original?.(p, ...rest);
    };
  }
}

function guardOpen(peer: RawPeer, judge: NonNullable<PeerGuards["judgeOpen"]>): void {
  const protocol = peer._protocol;
  const original = protocol._handlers["CHANNEL_OPEN"] as ((p: RawProtocol, info: ChannelOpen) => void) | undefined;
  const pending = new Map<number, { readonly code: number; readonly text: string }>();
  refusals.set(protocol, pending);
  const fail = protocol.channelOpenFail.bind(protocol);
  protocol.channelOpenFail = (id, code, text) => {
    const chosen = pending.get(id);
    pending.delete(id);
    fail(id, chosen?.code ?? code, chosen?.text ?? text);
  };
  protocol._handlers["CHANNEL_OPEN"] = (p: RawProtocol, info: ChannelOpen) => {
    // A packet size of 0 would make the library send empty packets for ever.
    const bad =
      info.packetSize < 64 ? { code: OPEN_FAILURE.shortage, text: "gatehouse: packet size too small" } : undefined;
    const verdict = bad ?? judge(info, peer._chanMgr._count);
    if (verdict !== undefined) return fail(info.sender, verdict.code, verdict.text);
    lastOpen.set(protocol, info);
    original?.(p, info);
  };
}

/** ssh2 drops requests (window-change, signal) once the peer sent EOF; RFC 4254 §5.3 lets them go on until CLOSE. */
function guardRequests(peer: RawPeer): void {
  const handlers = peer._protocol._handlers;
  const original = handlers["CHANNEL_REQUEST"] as
    ((p: RawProtocol, id: number, ...rest: unknown[]) => void) | undefined;
  handlers["CHANNEL_REQUEST"] = (p: RawProtocol, id: number, ...rest: unknown[]) => {
    const session = peer._chanMgr.get(id) as SessionLike | undefined;
    const open = session?._ending === true && session._channel?.incoming.state === "eof";
    if (open) session._ending = false;
    original?.(p, id, ...rest);
    if (open) session._ending = true;
  };
}

/** The open request that is being emitted now; meaningful only inside the event that it caused. */
export function openBeingAsked(peer: RawPeer): ChannelOpen | undefined {
  return lastOpen.get(peer._protocol);
}

/** Refuses an asked channel with a reason that the client shows; `reject` is the library's own. */
export function refuseOpen(peer: RawPeer, sender: number, text: string, reject: () => void): void {
  refusals.get(peer._protocol)?.set(sender, { code: OPEN_FAILURE.prohibited, text });
  try {
    reject();
  } catch {
    // The library throws when the peer has left meanwhile; then there is nobody to refuse.
    peer._sock.destroy();
  }
}

const KEXINIT = 20;
const COOKIE_END = 17;
/** How long a peer has to say its KEXINIT first. */
const FIRST_WORD_MS = 200;

interface Lists {
  readonly cipher: { readonly array: readonly string[] };
  readonly mac: { readonly array: readonly string[] };
  readonly compress: { readonly array: readonly string[] };
}
interface Offer {
  readonly lists: {
    readonly kex: { readonly array: readonly string[] };
    readonly serverHostKey: { readonly array: readonly string[] };
    readonly cs: Lists;
    readonly sc: Lists;
  };
}
interface Handshaking {
  _offer: Offer;
  _cipher: { encrypt(packet: Buffer): void };
  readonly _decipher: { _onPayload: (payload: Buffer) => unknown };
}
interface KexModule {
  readonly KexInit: new (lists: unknown) => Offer;
  readonly kexinit: (protocol: Handshaking) => void;
}

/**
 * Lets the client say KEXINIT first, and of its ciphers offers it only those in `wanted` if it has any: RFC 4253 §7.1 takes the first of the
 * client's own list, and the usual one names slower ciphers before them. Call inside `connection`. A client that waits for our word has it after 200 ms.
 */
export function preferCiphers(peer: RawPeer, wanted: readonly string[]): void {
  const protocol = peer._protocol as unknown as Handshaking;
  const { kexinit, KexInit } = load("ssh2/lib/protocol/kex.js") as KexModule;
  const { _cipher: cipher, _decipher: decipher } = protocol;
  const onPayload = decipher._onPayload;
  const speak = (): void => {
    clearTimeout(timer);
    decipher._onPayload = onPayload;
    protocol._cipher = cipher;
    if (!peer._sock.destroyed) kexinit(protocol);
  };
  const timer = setTimeout(speak, FIRST_WORD_MS);
  peer._sock.once("close", () => clearTimeout(timer));
  // The library says its own as soon as `connection` was emitted: that one goes nowhere.
  protocol._cipher = Object.create(cipher, { encrypt: { value: () => undefined } }) as typeof cipher;
  decipher._onPayload = (payload) => {
    const theirs = payload[0] === KEXINIT ? namedCiphers(payload) : [];
    const best = wanted.filter((name) => theirs.includes(name));
    if (best.length > 0) protocol._offer = new KexInit(withCiphers(protocol._offer, best));
    speak();
    return onPayload(payload);
  };
}

/** The third name-list of a KEXINIT; empty when it is not whole. */
function namedCiphers(payload: Buffer): readonly string[] {
  let at = COOKIE_END;
  for (let list = 0; at + 4 <= payload.length; list += 1) {
    const end = at + 4 + payload.readUInt32BE(at);
    if (end > payload.length) return [];
    if (list === 2) return payload.toString("latin1", at + 4, end).split(",");
    at = end;
  }
  return [];
}

function withCiphers({ lists }: Offer, cipher: readonly string[]): unknown {
  const direction = ({ mac, compress }: Lists): unknown => ({
    cipher,
    mac: mac.array,
    compress: compress.array,
    lang: [],
  });
  const { kex, serverHostKey, cs, sc } = lists;
  return { kex: kex.array, serverHostKey: serverHostKey.array, cs: direction(cs), sc: direction(sc) };
}

const DISCONNECT = 1;
const BY_APPLICATION = 11;

/** Ends the connection with a line that the client shows (RFC 4253 §11.1); a peer that has left is closed all the same. */
export function hangUp(peer: RawPeer, text: string): void {
  try {
    sayDisconnect(peer._protocol, text);
  } catch {
    peer._sock.destroy();
  }
  peer._sock.destroySoon();
}

/** The library's own message of this kind has no text. Goes out also while a key exchange runs. */
function sayDisconnect(protocol: RawProtocol, text: string): void {
  const { _cipher: cipher, _packetRW: packets } = protocol;
  const line = Buffer.from(text);
  const body = Buffer.alloc(13 + line.length);
  body[0] = DISCONNECT;
  body.writeUInt32BE(BY_APPLICATION, 1);
  body.writeUInt32BE(line.length, 5);
  line.copy(body, 9);
  const packet = packets.write.alloc(body.length, true);
  body.copy(packet, packets.write.allocStartKEX);
  cipher.encrypt(packets.write.finalize(packet, true));
}

const USERAUTH_BANNER = 53;

/** Shows lines before signing in is done (RFC 4252 §5.4), the one place there where clients show more than ASCII; nothing while keys are exchanged. */
export function showBanner(peer: RawPeer, text: string): void {
  const { _cipher: cipher, _packetRW: packets, _kexinit: exchanging } = peer._protocol;
  if (exchanging !== undefined) return;
  const lines = Buffer.from(`${text}\r\n`);
  const body = Buffer.alloc(9 + lines.length);
  body[0] = USERAUTH_BANNER;
  body.writeUInt32BE(lines.length, 1);
  lines.copy(body, 5);
  const packet = packets.write.alloc(body.length, false);
  body.copy(packet, packets.write.allocStart);
  cipher.encrypt(packets.write.finalize(packet, false));
}

/** Calls every listener back when the peer closed the channel, also while its data lies unread. */
export function onPeerClose(channel: RawChannel, listener: () => void): void {
  closers.set(channel, [...(closers.get(channel) ?? []), listener]);
}

/** Encoded terminal modes by name, e.g. `{ECHO: 1}`. */
export type PtyModes = Readonly<Record<string, number>>;

let modesBeingAsked: PtyModes = {};
let installed = false;

/** The modes of the pty request that is being emitted now. */
export function ptyModesBeingAsked(): PtyModes {
  return modesBeingAsked;
}

/** Replaces the library's handler of CHANNEL_REQUEST (98), whose own parser starts one byte late and loses all modes. */
export function installPtyModes(): void {
  if (installed) return;
  installed = true;
  const table = load("ssh2/lib/protocol/handlers.js") as ((self: RawProtocol, payload: Buffer) => void)[];
  const constants = load("ssh2/lib/protocol/constants.js") as {
    readonly TERMINAL_MODE: Readonly<Record<string, number>>;
  };
  const names = new Map(Object.entries(constants.TERMINAL_MODE).map(([name, value]) => [value, name]));
  const original = table[98];
  table[98] = (self, payload) => {
    modesBeingAsked = {};
    const at = self._server ? ptyModesOffset(payload) : undefined;
    if (at === undefined) return original?.(self, payload);
    modesBeingAsked = parsePtyModes(payload.subarray(at + 4, at + 4 + payload.readUInt32BE(at)), names);
    // The library gets an empty list, so that its own misreading can neither fail nor confuse.
    original?.(self, Buffer.concat([payload.subarray(0, at), Buffer.from([0, 0, 0, 1, 0])]));
  };
}

/** Where the encoded modes (an SSH string) begin in a `pty-req` payload; undefined for other or malformed payloads. */
function ptyModesOffset(payload: Buffer): number | undefined {
  let at = 5;
  const skipString = (): boolean => {
    if (at + 4 > payload.length) return false;
    at += 4 + payload.readUInt32BE(at);
    return at <= payload.length;
  };
  if (!skipString() || payload.toString("latin1", 9, at) !== "pty-req") return undefined;
  at += 1;
  if (!skipString()) return undefined;
  at += 16;
  if (at + 4 > payload.length || at + 4 + payload.readUInt32BE(at) > payload.length) return undefined;
  return at;
}

/** RFC 4254 §8. Opcodes without a name are passed over; 160 and above end the list. */
export function parsePtyModes(blob: Buffer, names: ReadonlyMap<number, string>): PtyModes {
  const modes: Record<string, number> = {};
  for (let at = 0; at < blob.length; at += 5) {
    const opcode = blob[at] ?? 0;
    if (opcode === 0 || opcode >= 160 || at + 5 > blob.length) break;
    const name = names.get(opcode);
    if (name !== undefined) modes[name] = blob.readUInt32BE(at + 1);
  }
  return modes;
}
