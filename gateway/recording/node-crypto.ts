/** Hashing and signature checks of the codec's verifier, by Node's own cryptography. */
import { createHash, createPublicKey, verify } from "node:crypto";
import type { VerifyCrypto } from "../../recordings/codec/index.js";

/** DER of an Ed25519 SubjectPublicKeyInfo up to the raw key (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export function sha256(parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export const nodeVerifyCrypto: VerifyCrypto = {
  sha256,
  verifyEd25519(publicKey, message, signature) {
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
    return verify(null, message, key, signature);
  },
};
