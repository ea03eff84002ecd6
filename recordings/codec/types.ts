/** The container's vocabulary: see FORMAT.md, whose section numbers are quoted here. */

export const MAGIC: Uint8Array = Uint8Array.of(0x47, 0x48, 0x52, 0x45, 0x43, 0x00, 0x01, 0x0a);
export const SUITE = "zstd+aes-256-gcm+sha-256+ed25519";
export const FRAME_PLAIN_MAX = 65_536;
/** §2.1: one event may pass the bound by its own head. */
export const FRAME_PLAIN_SPARE = 64;
/** §2.1: room for what zstd may add to bytes that do not compress, and the tag. */
export const FRAME_BODY_MAX = 66_560;
/** §3: one event's payload. */
export const EVENT_PAYLOAD_MAX = 65_536;
export const EVENT_HEAD_MIN = 4;
/** §2.2 */
export const CLOSING_JSON_MAX = 4_194_304;
export const SIGNATURE_BYTES = 64;
export const FRAME_HEAD_BYTES = 40;
export const HASH_BYTES = 32;
export const TAG_BYTES = 16;
export const HEADER_MAX = 65_536;

export const RecordKind = { frame: 1, closing: 2 } as const;
export const Stream = { main: 0, input: 1 } as const;
export type StreamNumber = (typeof Stream)[keyof typeof Stream];
export const Flag = { compressed: 1, continued: 2, dictionary: 4 } as const;

export const EventType = {
  session: 0,
  output: 1,
  errorOutput: 2,
  resize: 3,
  channelOpen: 4,
  channelClose: 5,
  exit: 6,
  inputMark: 7,
  input: 8,
  transfer: 9,
  digest: 10,
  gate: 11,
  note: 12,
  graphics: 13,
  pointer: 14,
  clipboard: 15,
} as const;

/** §1 */
export interface ContainerHeader {
  readonly v: 1;
  readonly suite: string;
  readonly recordingId: string;
  readonly sessionId: string;
  readonly nodeId: string;
  readonly startedAt: number;
  readonly keys: { readonly main: string; readonly input: string };
  readonly signer: string;
}

/** §2: the 40 bytes before every body. */
export interface RecordHead {
  readonly kind: number;
  readonly stream: number;
  readonly flags: number;
  readonly firstEvent: number;
  readonly eventCount: number;
  readonly timeUs: number;
  readonly plainLen: number;
  readonly bodyLen: number;
  readonly nonce: Uint8Array;
}

/** §3: one decoded event with its absolute event time. */
export interface RecordedEvent {
  readonly type: number;
  readonly channel: number;
  readonly atUs: number;
  readonly payload: Uint8Array;
}

/** §2.2 */
export interface ClosingBody {
  readonly because: string;
  readonly endedAt: number;
  readonly durationUs: number;
  readonly frames: number;
  readonly events: readonly [main: number, input: number];
  readonly bytes: number;
  readonly index: readonly (readonly [timeUs: number, offset: number, firstEvent: number])[];
}

/** §4 */
export type Verdict =
  | {
      readonly verdict: "complete" | "recovered";
      readonly header: ContainerHeader;
      readonly closing: ClosingBody;
      readonly closingHash: string;
      readonly records: number;
    }
  | {
      readonly verdict: "truncated";
      readonly header: ContainerHeader | undefined;
      readonly records: number;
      readonly goodBytes: number;
      readonly headHash: string;
    }
  | { readonly verdict: "altered"; readonly record: number; readonly offset: number; readonly what: string };

/** Hashing and signature checking come in from outside, so that Node and a browser verify with the same code. */
export interface VerifyCrypto {
  sha256(parts: readonly Uint8Array[]): Uint8Array | Promise<Uint8Array>;
  /** `publicKey`: raw 32 bytes. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** Malformed bytes: the only thing the codec throws. `offset` is where in the given input. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
