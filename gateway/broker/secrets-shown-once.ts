/**
 * Random texts that are shown once and kept only as hashes: cookies, link tokens (256 bits each) and recovery codes
 * (80 bits each).
 */
import { randomBytes } from "node:crypto";
import type { PersonId } from "../domain/index.js";
import { sha256Hex } from "./hashing.js";

const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** Crockford's alphabet: no letter that looks like a digit. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RECOVERY_CODES = 10;
const RECOVERY_LENGTH = 16;

export interface ShownOnce {
  readonly token: string;
  readonly hash: string;
}

/** 256 random bits in base64url, and the SHA-256 that is stored. */
export function newToken(): ShownOnce {
  const token = randomBytes(32).toString("base64url");
  return { token, hash: sha256Hex(token) };
}

/** The stored form of a token that came in; undefined for what cannot be one. */
export function hashOfToken(token: string): string | undefined {
  return TOKEN.test(token) ? sha256Hex(token) : undefined;
}

/** Ten codes as shown, `XXXX-XXXX-XXXX-XXXX`. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const letters = [...randomBytes(RECOVERY_LENGTH)].map((byte) => ALPHABET[byte & 31]);
    return letters.join("").replace(/(.{4})(?=.)/g, "$1-");
  });
}

/** The row's id of a code as typed (case, dashes and look-alikes do not matter); undefined when it has not the form of one. */
export function recoveryCodeId(personId: PersonId, typed: string): string | undefined {
  if (typed.length > 64) return undefined;
  const code = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  if (code.length !== RECOVERY_LENGTH || [...code].some((letter) => !ALPHABET.includes(letter))) return undefined;
  return sha256Hex(`${personId}:${code}`);
}
