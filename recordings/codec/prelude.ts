/** The container's prelude (FORMAT.md §1): magic, length and canonical JSON header. */
import { byteAt, concat, fromBase64, getU32, setU32 } from "./bytes.js";
import { decodeJson, encodeJson, exactMembers, isCanonical, wholeNumber } from "./json.js";
import { FormatError, HEADER_MAX, MAGIC, SUITE } from "./types.js";
import type { ContainerHeader } from "./types.js";

export const PRELUDE_FIXED_BYTES = 12;
const NAMES = ["v", "suite", "recordingId", "sessionId", "nodeId", "startedAt", "keys", "signer"];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ID_CHARACTERS_MAX = 64;

/** magic ‖ headerLen ‖ header. Throws FormatError when the header is not one that `decodePrelude` takes. */
export function encodePrelude(header: ContainerHeader): Uint8Array {
  const json = encodeJson(header);
  checkHeader(header);
  if (json.length > HEADER_MAX) throw new FormatError("header is too long", 8);
  const length = new Uint8Array(4);
  setU32(length, 0, json.length);
  return concat([MAGIC, length, json]);
}

/**
 * Header and length in bytes of the prelude at the start of `bytes`; `undefined` when more bytes are needed. Throws
 * FormatError as soon as the bytes cannot become a prelude of version 1 with a known suite.
 */
export function decodePrelude(
  bytes: Uint8Array,
): { readonly header: ContainerHeader; readonly length: number } | undefined {
  const length = preludeLength(bytes);
  if (length === undefined || bytes.length < length) return undefined;
  const json = bytes.subarray(PRELUDE_FIXED_BYTES, length);
  const header = checkHeader(decodeJson(json));
  if (!isCanonical(json, header)) throw new FormatError("header is not canonical JSON", PRELUDE_FIXED_BYTES);
  return { header, length };
}

/** Length of the whole prelude, once its first 12 bytes are there. Throws FormatError on a wrong magic or length. */
export function preludeLength(bytes: Uint8Array): number | undefined {
  for (let at = 0; at < Math.min(bytes.length, MAGIC.length); at++) {
    if (byteAt(bytes, at) !== byteAt(MAGIC, at)) throw new FormatError("not a gatehouse recording", at);
  }
  if (bytes.length < PRELUDE_FIXED_BYTES) return undefined;
  const headerLen = getU32(bytes, MAGIC.length);
  if (headerLen < 1 || headerLen > HEADER_MAX) throw new FormatError("header length is out of bounds", MAGIC.length);
  return PRELUDE_FIXED_BYTES + headerLen;
}

/** The signer's raw 32-byte public key. Throws FormatError when the header names none. */
export function signerKey(header: ContainerHeader): Uint8Array {
  const key = fromBase64(header.signer);
  if (key?.length !== 32) throw new FormatError("signer is not 32 bytes of base64", PRELUDE_FIXED_BYTES);
  return key;
}

/** True for the text form of a UUID in lower case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

function checkHeader(value: unknown): ContainerHeader {
  const members = exactMembers(value, NAMES, "header");
  if (members["v"] !== 1) throw new FormatError("unknown version", PRELUDE_FIXED_BYTES);
  if (members["suite"] !== SUITE) throw new FormatError("unknown suite", PRELUDE_FIXED_BYTES);
  const keys = exactMembers(members["keys"], ["main", "input"], "keys");
  const header: ContainerHeader = {
    v: 1,
    suite: SUITE,
    recordingId: text(members["recordingId"], ID_CHARACTERS_MAX, "recordingId"),
    sessionId: text(members["sessionId"], ID_CHARACTERS_MAX, "sessionId"),
    nodeId: text(members["nodeId"], ID_CHARACTERS_MAX, "nodeId"),
    startedAt: wholeNumber(members["startedAt"], "startedAt"),
    keys: { main: text(keys["main"], HEADER_MAX, "keys.main"), input: text(keys["input"], HEADER_MAX, "keys.input") },
    signer: text(members["signer"], ID_CHARACTERS_MAX, "signer"),
  };
  if (!isUuid(header.recordingId)) throw new FormatError("recordingId is not a UUID", PRELUDE_FIXED_BYTES);
  signerKey(header);
  return header;
}

function text(value: unknown, longest: number, what: string): string {
  if (typeof value !== "string" || value.length < 1 || value.length > longest) {
    throw new FormatError(`${what} is not a text of 1 to ${String(longest)} characters`, PRELUDE_FIXED_BYTES);
  }
  return value;
}
