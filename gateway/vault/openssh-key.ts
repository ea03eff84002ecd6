/**
 * Writes an unencrypted ed25519 private key in OpenSSH's own container, the only form ssh2 reads for that kind.
 * Layout: OpenSSH's PROTOCOL.key, "openssh-key-v1". It only writes; nothing is parsed here.
 */
import { createHash, randomBytes } from "node:crypto";

const BLOCK = 8;

function sshString(bytes: Uint8Array | string): Buffer {
  const body = Buffer.from(bytes as Uint8Array);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** The RFC 8709 §4 public key blob of a raw 32-byte key. */
function publicBlob(publicKey: Uint8Array): Buffer {
  return Buffer.concat([sshString("ssh-ed25519"), sshString(publicKey)]);
}

/** `ssh-ed25519 AAAA…` */
export function openSshPublicKey(publicKey: Uint8Array): string {
  return `ssh-ed25519 ${publicBlob(publicKey).toString("base64")}`;
}

/** `SHA256:…` without padding, as ssh-keygen prints it. */
export function openSshFingerprint(publicKey: Uint8Array): string {
  const digest = createHash("sha256").update(publicBlob(publicKey)).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** The private key text from its raw seed and public key, 32 bytes each. */
export function openSshPrivateKey(seed: Uint8Array, publicKey: Uint8Array): string {
  const check = randomBytes(4);
  const fields = Buffer.concat([
    check,
    check,
    sshString("ssh-ed25519"),
    sshString(publicKey),
    sshString(Buffer.concat([seed, publicKey])),
    sshString("gatehouse"),
  ]);
  const padding = Buffer.from(Array.from({ length: (BLOCK - (fields.length % BLOCK)) % BLOCK }, (_, i) => i + 1));
  const count = Buffer.alloc(4);
  count.writeUInt32BE(1);
  const container = Buffer.concat([
    Buffer.from("openssh-key-v1\0", "latin1"),
    sshString("none"),
    sshString("none"),
    sshString(""),
    count,
    sshString(publicBlob(publicKey)),
    sshString(Buffer.concat([fields, padding])),
  ]);
  const lines = container.toString("base64").match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
