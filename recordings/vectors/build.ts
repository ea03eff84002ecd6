/** Builds small containers with fixed keys, honest or bent in one chosen place. For vectors and tests only. */
import { createCipheriv, createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import {
  Flag,
  FRAME_HEAD_BYTES,
  HASH_BYTES,
  RecordKind,
  SUITE,
  closingMessage,
  concat,
  encodeClosingBody,
  encodeEvent,
  encodeHead,
  encodeJson,
  encodePrelude,
  makeNonce,
  toBase64,
} from "../codec/index.js";
import type { ClosingBody, ContainerHeader, RecordHead, StreamNumber } from "../codec/index.js";

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The two stream keys of every vector; no secrets, they are printed beside each. */
export const STREAM_KEYS = [new Uint8Array(32).fill(0x11), new Uint8Array(32).fill(0x22)] as const;

export interface TestSigner {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** An Ed25519 signer whose seed is `byte` 32 times. */
export function testSigner(byte: number): TestSigner {
  const seed = Buffer.alloc(32, byte);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return { publicKey: Uint8Array.from(spki.subarray(-32)), sign: (message) => sign(null, message, key) };
}

export interface TestEvent {
  readonly type: number;
  readonly channel: number;
  readonly atUs: number;
  readonly payload: Uint8Array;
}
export interface TestFrame {
  readonly stream: StreamNumber;
  readonly events: readonly TestEvent[];
  readonly origin?: 0 | 1;
  /** Wraps the plaintext in a zstd frame with one raw block, so that no compressor's version decides the bytes. */
  readonly zstd?: boolean;
  readonly firstEvent?: number;
}
export interface TestContainer {
  readonly header: ContainerHeader;
  readonly prelude: Uint8Array;
  /** Head ‖ body ‖ hash of each record. */
  readonly records: readonly Uint8Array[];
  readonly closing: ClosingBody | undefined;
}

export function testHeader(signer: TestSigner, recordingId: string): ContainerHeader {
  return {
    v: 1,
    suite: SUITE,
    recordingId,
    sessionId: "019a0000-0000-7000-8000-0000000000aa",
    nodeId: "019a0000-0000-7000-8000-0000000000bb",
    startedAt: 1_790_000_000_000,
    keys: { main: "vector-main", input: "vector-input" },
    signer: toBase64(signer.publicKey),
  };
}

/** A container in which everything holds, except what `bend` changes before it is hashed and signed. */
export function buildContainer(input: {
  readonly signer: TestSigner;
  readonly recordingId?: string;
  readonly frames: readonly TestFrame[];
  readonly because?: string;
  readonly open?: boolean;
  readonly bend?: (closing: ClosingBody) => ClosingBody;
  /** The closing head's time, where it is to differ from the JSON's. */
  readonly headTimeUs?: number;
}): TestContainer {
  const header = testHeader(input.signer, input.recordingId ?? "019a0000-0000-7000-8000-000000000001");
  const prelude = encodePrelude(header);
  const records: Uint8Array[] = [];
  const counts = [0, 0];
  const index: [number, number, number][] = [];
  let hash = sha256(prelude);
  let bytes = prelude.length;
  let endUs = 0;
  for (const [at, frame] of input.frames.entries()) {
    const firstEvent = frame.firstEvent ?? counts[frame.stream] ?? 0;
    const record = chained(hash, sealFrame(header.recordingId, frame, firstEvent, at));
    if (frame.stream === 0) index.push([frame.events[0]?.atUs ?? 0, bytes, firstEvent]);
    counts[frame.stream] = firstEvent + frame.events.length;
    endUs = Math.max(endUs, ...frame.events.map((event) => event.atUs));
    records.push(record);
    bytes += record.length;
    hash = record.subarray(-HASH_BYTES);
  }
  if (input.open === true) return { header, prelude, records, closing: undefined };
  const honest: ClosingBody = {
    because: input.because ?? "left",
    endedAt: header.startedAt + Math.floor(endUs / 1000),
    durationUs: endUs,
    frames: records.length,
    events: [counts[0] ?? 0, counts[1] ?? 0],
    bytes,
    index,
  };
  const closing = input.bend?.(honest) ?? honest;
  records.push(closeRecord(hash, closing, input.signer, input.headTimeUs));
  return { header, prelude, records, closing };
}

/** Head ‖ body ‖ hash of a closing record that follows `previous`. */
export function closeRecord(previous: Uint8Array, closing: ClosingBody, signer: TestSigner, timeUs = closing.durationUs): Uint8Array {
  const json = encodeClosingBody(closing);
  const head = encodeHead({
    kind: RecordKind.closing,
    stream: 0,
    flags: 0,
    firstEvent: 0,
    eventCount: 0,
    timeUs,
    plainLen: json.length,
    bodyLen: json.length + 64,
    nonce: new Uint8Array(12),
  });
  return chained(previous, [head, concat([json, signer.sign(closingMessage(previous, head, json))])]);
}

/** The bytes of a container, or of any selection of its records. */
export function containerBytes(container: TestContainer, records: readonly Uint8Array[] = container.records): Uint8Array {
  return concat([container.prelude, ...records]);
}

/** The record with a right hash for whatever head and body it has now. */
export function rechain(previous: Uint8Array, record: Uint8Array): Uint8Array {
  return chained(previous, [
    record.subarray(0, FRAME_HEAD_BYTES),
    record.subarray(FRAME_HEAD_BYTES, record.length - HASH_BYTES),
  ]);
}

export function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}

/** A JSON payload or text payload event. */
export function jsonEvent(type: number, channel: number, atUs: number, value: unknown): TestEvent {
  return { type, channel, atUs, payload: encodeJson(value) };
}

/** Head and sealed body of one frame. */
function sealFrame(
  recordingId: string,
  frame: TestFrame,
  firstEvent: number,
  counter: number,
): readonly [head: Uint8Array, body: Uint8Array] {
  const startUs = frame.events[0]?.atUs ?? 0;
  let before = startUs;
  const plain = concat(
    frame.events.map((event) => {
      const bytes = encodeEvent(event.type, event.channel, event.atUs - before, event.payload);
      before = event.atUs;
      return bytes;
    }),
  );
  const content = frame.zstd === true ? rawZstd(plain) : plain;
  const fields: RecordHead = {
    kind: RecordKind.frame,
    stream: frame.stream,
    flags: frame.zstd === true ? Flag.compressed : 0,
    firstEvent,
    eventCount: frame.events.length,
    timeUs: startUs,
    plainLen: plain.length,
    bodyLen: content.length + 16,
    nonce: makeNonce(frame.origin ?? 0, frame.stream, counter),
  };
  const head = encodeHead(fields);
  const cipher = createCipheriv("aes-256-gcm", STREAM_KEYS[frame.stream], fields.nonce);
  cipher.setAAD(Buffer.concat([Buffer.from(recordingId), head]));
  const sealed = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  return [head, Uint8Array.from(sealed)];
}

function chained(previous: Uint8Array, [head, body]: readonly [Uint8Array, Uint8Array]): Uint8Array {
  return concat([head, body, sha256(previous, head, body)]);
}

/** A zstd frame (RFC 8878 §3.1.1) of one raw block: single segment, four-byte content size, no checksum. */
function rawZstd(plain: Uint8Array): Uint8Array {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0xfd2fb528, 0);
  head.writeUInt8(0xa0, 4);
  head.writeUInt32LE(plain.length, 5);
  head.writeUIntLE((plain.length << 3) | 1, 9, 3);
  return concat([head, plain]);
}
