/** The short texts a waiting terminal shows, and whether two addresses are one place. Codes are kept only as hashes. */
import { randomBytes, randomInt } from "node:crypto";
import { sha256Hex } from "../hashing.js";
import { addressKey } from "../throttle.js";

/** Crockford's alphabet: no letter that looks like a digit. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE = /^[0-9A-HJKMNP-TV-Z]{8}$/;

export interface TerminalCode {
  /** `XXXX-XXXX`: 40 random bits, which only the person waited for can use, within 90 seconds. */
  readonly shown: string;
  readonly hash: string;
}

export function newTerminalCode(): TerminalCode {
  const code = [...randomBytes(8)].map((byte) => ALPHABET[byte & 31]).join("");
  return { shown: `${code.slice(0, 4)}-${code.slice(4)}`, hash: sha256Hex(code) };
}

/** The stored form of a code as typed (case, dash and look-alikes do not matter); undefined for what cannot be one. */
export function hashOfTerminalCode(typed: string): string | undefined {
  if (typed.length > 16) return undefined;
  const code = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return CODE.test(code) ? sha256Hex(code) : undefined;
}

/** 10 … 99: two digits whichever they are. */
export function newTerminalNumber(): string {
  return String(randomInt(10, 100));
}

/** The same IPv4 address, or the same /64 of IPv6, which one subscriber has whole. */
export function isSamePlace(one: string, other: string): boolean {
  return addressKey(one) === addressKey(other);
}
