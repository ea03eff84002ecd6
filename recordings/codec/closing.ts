/** The closing record (FORMAT.md §2.2): its canonical JSON and the message that is signed. */
import { concat } from "./bytes.js";
import { decodeJson, encodeJson, exactMembers, isCanonical, wholeNumber } from "./json.js";
import { CLOSING_JSON_MAX, FormatError, SIGNATURE_BYTES } from "./types.js";
import type { ClosingBody } from "./types.js";
import { encodeUtf8 } from "./utf8.js";

const SIGNED_PREFIX = encodeUtf8("gatehouse recording v1\n");
const NAMES = ["because", "endedAt", "durationUs", "frames", "events", "bytes", "index"];
const BECAUSE_MAX = 64;

/** Canonical JSON, without the signature. Throws FormatError when `decodeClosingBody` would not take it. */
export function encodeClosingBody(body: ClosingBody): Uint8Array {
  const json = encodeJson(body);
  decodeClosingBody(json);
  return json;
}

/** The facts in the closing record's JSON (without the signature). Throws FormatError unless canonical and of this shape. */
export function decodeClosingBody(bytes: Uint8Array): ClosingBody {
  if (bytes.length > CLOSING_JSON_MAX) throw new FormatError("closing record is too long", 0);
  const members = exactMembers(decodeJson(bytes), NAMES, "closing record");
  const because = members["because"];
  if (typeof because !== "string" || because === "" || because.length > BECAUSE_MAX) {
    throw new FormatError("closing record without a reason", 0);
  }
  const [main, input] = numbers(members["events"], 2, "events");
  const body: ClosingBody = {
    because,
    endedAt: wholeNumber(members["endedAt"], "endedAt"),
    durationUs: wholeNumber(members["durationUs"], "durationUs"),
    frames: wholeNumber(members["frames"], "frames"),
    events: [main ?? 0, input ?? 0],
    bytes: wholeNumber(members["bytes"], "bytes"),
    index: index(members["index"]),
  };
  if (!isCanonical(bytes, body)) throw new FormatError("closing record is not canonical JSON", 0);
  return body;
}

/** JSON and signature of a closing record's body. Throws FormatError when the body is too short. */
export function splitClosing(body: Uint8Array): { readonly json: Uint8Array; readonly signature: Uint8Array } {
  const at = body.length - SIGNATURE_BYTES;
  if (at < 0) throw new FormatError("closing record is cut short", body.length);
  return { json: body.subarray(0, at), signature: body.subarray(at) };
}

/** What the signer signs: `"gatehouse recording v1\n" ‖ Hₙ₋₁ ‖ the 40 bytes ‖ JSON`. */
export function closingMessage(prevHash: Uint8Array, head40: Uint8Array, json: Uint8Array): Uint8Array {
  return concat([SIGNED_PREFIX, prevHash, head40, json]);
}

function index(value: unknown): ClosingBody["index"] {
  if (!Array.isArray(value)) throw new FormatError("index is not a list", 0);
  return value.map((entry: unknown) => {
    const [timeUs, offset, firstEvent] = numbers(entry, 3, "index entry");
    return [timeUs ?? 0, offset ?? 0, firstEvent ?? 0] as const;
  });
}

function numbers(value: unknown, count: number, what: string): number[] {
  if (!Array.isArray(value) || value.length !== count) {
    throw new FormatError(`${what} is not ${String(count)} numbers`, 0);
  }
  return value.map((item: unknown) => wholeNumber(item, what));
}
