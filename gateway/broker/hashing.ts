/** The hashes this room needs: digests, pins, host-key fingerprints and the root over open recordings. */
import { createHash } from "node:crypto";
import { assetPinInput, requestDigestInput, type DigestedRequest } from "../domain/index.js";

/** SHA-256 in hex of a text's UTF-8. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** What an approver's yes is bound to. */
export function requestDigest(request: DigestedRequest): string {
  return sha256Hex(requestDigestInput(request));
}

/** What a grant and a credential are bound to. */
export function assetPin(asset: Parameters<typeof assetPinInput>[0]): string {
  return sha256Hex(assetPinInput(asset));
}

/** `SHA256:…` as OpenSSH prints it, of an OpenSSH one-line key; pairs of hex digits, as certificate viewers print them, of a certificate. */
export function fingerprint(publicKey: string): string {
  const certificate = normaliseCertificate(publicKey);
  if (certificate !== undefined) return hexPairs(certificate.slice(CERTIFICATE_PREFIX.length));
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

const CERTIFICATE_PREFIX = "x509-sha256 ";
const CERTIFICATE = /^x509-sha256 [0-9a-f]{64}$/;

/** `x509-sha256 <64 hex digits>`, in small letters; undefined when it is not that. */
export function normaliseCertificate(text: string): string | undefined {
  if (text.length > 256) return undefined;
  const lower = text.trim().toLowerCase();
  return CERTIFICATE.test(lower) ? lower : undefined;
}

function hexPairs(hex: string): string {
  return (hex.toUpperCase().match(/../g) ?? []).join(":");
}

const KEY_TYPE = /^(?:ssh-ed25519|ssh-rsa|ssh-dss|ecdsa-sha2-nistp(?:256|384|521))$/;

/** `type base64` without comment; undefined when it is not a well-formed OpenSSH public key (RFC 4253 §6.6). */
export function normaliseHostKey(text: string): string | undefined {
  if (text.length > 8192) return undefined;
  const [type = "", base64 = ""] = text.trim().split(/[ \t]+/);
  if (!KEY_TYPE.test(type)) return undefined;
  const blob = Buffer.from(base64, "base64");
  if (blob.length < 4 + type.length || blob.toString("base64") !== base64) return undefined;
  const inner = blob.readUInt32BE(0) === type.length && blob.toString("latin1", 4, 4 + type.length) === type;
  return inner ? `${type} ${base64}` : undefined;
}

/** RFC 6962 §2.1 root over the leaves, in hex. */
export function merkleRoot(leaves: readonly string[]): string {
  return treeHash(leaves.map((leaf) => node(0, [Buffer.from(leaf, "utf8")]))).toString("hex");
}

/** RFC 6962 §2.1 hash of one leaf, in base64. */
export function leafHash(leaf: string): string {
  return node(0, [Buffer.from(leaf, "utf8")]).toString("base64");
}

function treeHash(hashes: readonly Buffer[]): Buffer {
  const [first] = hashes;
  if (first === undefined) return createHash("sha256").digest();
  if (hashes.length === 1) return first;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return node(1, [treeHash(hashes.slice(0, split)), treeHash(hashes.slice(split))]);
}

function node(prefix: 0 | 1, parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha256").update(Uint8Array.of(prefix));
  for (const part of parts) hash.update(part);
  return hash.digest();
}
