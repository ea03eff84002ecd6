/**
 * Tells a damaged length from a cut. One flipped bit in a length field can make the rest of a container look like the
 * beginning of a longer record; this looks whether undoing one such flip makes the tail hold.
 */
import { concat, equal, getU32, setU32 } from "./bytes.js";
import { decodePrelude } from "./prelude.js";
import { FRAME_HEAD_BYTES, FormatError, HASH_BYTES, MAGIC } from "./types.js";
import type { VerifyCrypto } from "./types.js";

const BODY_LEN_AT = 24;

/**
 * True when `pending`, the unfinished bytes at a container's end, become whole by turning back one bit of their length
 * field. `previousHash` is Hₙ₋₁, or `undefined` when the prelude itself is unfinished.
 */
export async function lengthBitFlipped(
  pending: Uint8Array,
  previousHash: Uint8Array | undefined,
  crypto: VerifyCrypto,
): Promise<boolean> {
  const at = previousHash === undefined ? MAGIC.length : BODY_LEN_AT;
  if (pending.length < at + 4) return false;
  for (let bit = 0; bit < 32; bit++) {
    const mended = Uint8Array.from(pending);
    const length = (getU32(pending, at) ^ (1 << bit)) >>> 0;
    setU32(mended, at, length);
    const whole =
      previousHash === undefined ? preludeHolds(mended) : await recordHolds(mended, length, previousHash, crypto);
    if (whole) return true;
  }
  return false;
}

function preludeHolds(bytes: Uint8Array): boolean {
  try {
    return decodePrelude(bytes) !== undefined;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

async function recordHolds(
  bytes: Uint8Array,
  bodyLen: number,
  previous: Uint8Array,
  crypto: VerifyCrypto,
): Promise<boolean> {
  const end = FRAME_HEAD_BYTES + bodyLen;
  if (end + HASH_BYTES > bytes.length) return false;
  const hash = await crypto.sha256([concat([previous, bytes.subarray(0, end)])]);
  return equal(hash, bytes.subarray(end, end + HASH_BYTES));
}
