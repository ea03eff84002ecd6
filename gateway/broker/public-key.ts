/**
 * Reads the one-line public keys that people register for SSH (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4): ed25519, ECDSA on the NIST curves,
 * RSA of at least 3,072 bits. Every field is checked to the last byte; certificates, security keys and DSA are refused.
 */
import { createHash } from "node:crypto";

const LONGEST = 8192;
const LEAST_RSA_BITS = 3072;
const MOST_RSA_BITS = 16_384;
const CURVE_POINT_BYTES: Readonly<Record<string, number>> = { nistp256: 65, nistp384: 97, nistp521: 133 };

export interface PublicKeyLine {
  /** `type base64`, without comment or options. */
  readonly line: string;
  /** `SHA256:…` as OpenSSH prints it. */
  readonly fingerprint: string;
}

/** Undefined for anything that is not exactly one acceptable key. */
export function readPublicKey(text: string): PublicKeyLine | undefined {
  if (text.length > LONGEST) return undefined;
  const [type = "", base64 = ""] = text.trim().split(/[ \t]+/);
  if (/[\r\n\0]/.test(text.trim())) return undefined;
  const blob = Buffer.from(base64, "base64");
  if (blob.toString("base64") !== base64) return undefined;
  const fields = sshStrings(blob);
  if (fields === undefined || fields[0]?.toString("latin1") !== type || !isAcceptable(type, fields)) return undefined;
  const digest = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
  return { line: `${type} ${base64}`, fingerprint: `SHA256:${digest}` };
}

/** The blob as its length-prefixed fields; undefined when it does not end with one. */
function sshStrings(blob: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (blob.length - at < 4) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length || fields.length === 4) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

function isAcceptable(type: string, fields: readonly Buffer[]): boolean {
  const [, second, third] = fields;
  switch (type) {
    case "ssh-ed25519":
      return fields.length === 2 && second?.length === 32;
    case "ssh-rsa": {
      if (fields.length !== 3 || second === undefined || third === undefined) return false;
      const [exponent, modulus] = [integerBits(second), integerBits(third)];
      return exponent >= 2 && exponent <= 64 && modulus >= LEAST_RSA_BITS && modulus <= MOST_RSA_BITS;
    }
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521": {
      const curve = type.slice("ecdsa-sha2-".length);
      if (fields.length !== 3 || second?.toString("latin1") !== curve) return false;
      return third?.length === CURVE_POINT_BYTES[curve] && third?.[0] === 4;
    }
    default:
      return false;
  }
}

/** Bits of a positive mpint in its shortest form (RFC 4251 §5), 0 for any other. */
function integerBits(field: Buffer): number {
  const [first = 0, second = 0] = field;
  if (field.length === 0 || (first & 0x80) !== 0) return 0;
  if (first === 0) return field.length > 1 && (second & 0x80) !== 0 ? (field.length - 1) * 8 : 0;
  return (field.length - 1) * 8 + (32 - Math.clz32(first));
}
