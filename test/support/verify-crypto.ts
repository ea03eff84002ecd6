/** The codec's `VerifyCrypto` over node:crypto, for tests that must not lean on a room of the gateway. */
import { createHash, createPublicKey, verify } from "node:crypto";
import type { VerifyCrypto } from "../../recordings/codec/index.js";

const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");

export const verifyCrypto: VerifyCrypto = {
  sha256(parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  verifyEd25519(publicKey, message, signature) {
    const key = createPublicKey({ key: Buffer.concat([SPKI_ED25519, publicKey]), format: "der", type: "spki" });
    return verify(null, message, key, signature);
  },
};
