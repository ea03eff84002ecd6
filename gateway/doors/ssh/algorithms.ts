/**
 * What is offered on each side. Towards operators: no SHA-1, no CBC, no chacha20-poly1305 (so Terrapin has no hold),
 * nothing that `ssh-audit` faults. Towards targets: the same and the common host-key types; an asset flagged for it adds
 * the old ones.
 */
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from "ssh2";

const KEX: KexAlgorithm[] = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group18-sha512",
];
/** They need no MAC beside them, which halves the work on bulk. */
export const FAST_CIPHERS: CipherAlgorithm[] = ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com"];
const CIPHERS: CipherAlgorithm[] = [...FAST_CIPHERS, "aes256-ctr", "aes192-ctr", "aes128-ctr"];
const MACS: MacAlgorithm[] = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"];

export const OPERATOR_ALGORITHMS: Algorithms = {
  kex: KEX,
  cipher: CIPHERS,
  hmac: MACS,
  serverHostKey: ["ssh-ed25519"],
  compress: ["none"],
};

const TARGET_KEX: KexAlgorithm[] = [
  ...KEX,
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group-exchange-sha256",
  "diffie-hellman-group14-sha256",
];
const LEGACY_KEX: KexAlgorithm[] = [
  "diffie-hellman-group14-sha1",
  "diffie-hellman-group-exchange-sha1",
  "diffie-hellman-group1-sha1",
];
const TARGET_MACS: MacAlgorithm[] = [...MACS, "hmac-sha2-256", "hmac-sha2-512"];
const TARGET_HOST_KEYS: ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/**
 * What is offered to a target. `keyType` (as in the pinned one-line key) narrows the host-key algorithms to the pinned
 * key, so that a target with several keys shows the one that was confirmed.
 */
export function targetAlgorithms(legacy: boolean, keyType?: string): Algorithms {
  const all: ServerHostKeyAlgorithm[] = legacy ? [...TARGET_HOST_KEYS, "ssh-rsa", "ssh-dss"] : TARGET_HOST_KEYS;
  const wanted = (name: string): boolean =>
    keyType === undefined || name === keyType || (keyType === "ssh-rsa" && name.startsWith("rsa-sha2-"));
  return {
    kex: legacy ? [...TARGET_KEX, ...LEGACY_KEX] : TARGET_KEX,
    cipher: legacy ? [...CIPHERS, "aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"] : CIPHERS,
    hmac: legacy ? [...TARGET_MACS, "hmac-sha1"] : TARGET_MACS,
    serverHostKey: all.filter(wanted),
    compress: ["none"],
  };
}
