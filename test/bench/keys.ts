/** Ed25519 keys for measurements. The library's own generator now and then makes one that nobody can read, so each is read back. */
import ssh2 from "ssh2";
import { readPublicKey, type PublicKeyLine } from "../../gateway/broker/public-key.js";

export interface KeyPair extends PublicKeyLine {
  /** OpenSSH text. */
  readonly privateKey: string;
}

export function newKey(): KeyPair {
  for (;;) {
    const { public: line, private: privateKey } = ssh2.utils.generateKeyPairSync("ed25519");
    const read = readPublicKey(line);
    if (read !== undefined && !(ssh2.utils.parseKey(privateKey) instanceof Error)) return { ...read, privateKey };
  }
}
