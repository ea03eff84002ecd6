/**
 * Random texts that are shown once and kept only as hashes: cookies, link tokens (256 bits each), recovery codes and second parts
 * of links (80 bits each).
 */
import { randomBytes } from "node:crypto";
import type { PersonId } from "../domain/index.js";
import { sha256Hex } from "./hashing.js";

/** So long an enrolment link is good. */
export const ENROLMENT_MS = 24 * 3_600_000;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** Crockford's alphabet: no letter that looks like a digit. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RECOVERY_CODES = 10;
const WORD_LENGTH = 16;
/** Stands before a link's token that opens nothing without its second part. */
const TWO_PARTS = "2.";

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

export interface TwoParts {
  /** `2.` and 256 random bits in base64url. */
  readonly link: string;
  /** `XXXX-XXXX-XXXX-XXXX` */
  readonly secondPart: string;
  /** SHA-256 hex of both joined; all that is kept. */
  readonly hash: string;
}

/** A link's token in two parts, for two persons to hold. */
export function newTwoParts(): TwoParts {
  const link = TWO_PARTS + newToken().token;
  const word = newWord();
  return { link, secondPart: grouped(word), hash: sha256Hex(`${link} ${word}`) };
}

/** The stored form of an enrolment link as it came in, with its second part as typed; undefined when they cannot belong together. */
export function hashOfLink(token: string, secondPart: string | undefined): string | undefined {
  if (!token.startsWith(TWO_PARTS)) return secondPart === undefined ? hashOfToken(token) : undefined;
  const word = secondPart === undefined ? undefined : plainWord(secondPart);
  return word !== undefined && TOKEN.test(token.slice(TWO_PARTS.length)) ? sha256Hex(`${token} ${word}`) : undefined;
}

/** Ten codes as shown, `XXXX-XXXX-XXXX-XXXX`. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => grouped(newWord()));
}

/** The row's id of a code as typed (case, dashes and look-alikes do not matter); undefined when it has not the form of one. */
export function recoveryCodeId(personId: PersonId, typed: string): string | undefined {
  const code = plainWord(typed);
  return code === undefined ? undefined : sha256Hex(`${personId}:${code}`);
}

function newWord(): string {
  return [...randomBytes(WORD_LENGTH)].map((byte) => ALPHABET[byte & 31]).join("");
}

function grouped(word: string): string {
  return word.replace(/(.{4})(?=.)/g, "$1-");
}

/** Case, blanks, dashes and look-alikes do not matter; undefined for what has not the form of one. */
function plainWord(typed: string): string | undefined {
  if (typed.length > 64) return undefined;
  const word = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return word.length === WORD_LENGTH && [...word].every((letter) => ALPHABET.includes(letter)) ? word : undefined;
}
