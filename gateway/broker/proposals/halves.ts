/**
 * Codes of the break-glass envelopes: 256 random bits as two halves of 128, each printed as 28 letters of Crockford's
 * alphabet in groups of four. 26 of them carry the bits, one says which half of which power's code it is, the last checks the
 * others (Luhn's sum modulo 32), so that a slip of the pen is found before it counts as a try.
 */
import { randomInt } from "node:crypto";
import type { Power } from "../../domain/index.js";
import { sha256Hex } from "../hashing.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BITS_LETTERS = 26;
const LENGTH = BITS_LETTERS + 2;
export const SEALED_POWERS: readonly Power[] = ["system", "security", "audit"];
/** Two codes for security: one administrator alone could neither confirm a second nor seal anew. */
const SEALED_CODES: readonly Power[] = ["system", "security", "security", "audit"];

export interface SealedCode {
  readonly power: Power;
  /** As printed; the first belongs to the proposer, the second to who confirmed. */
  readonly halves: readonly [string, string];
  /** SHA-256 hex of the two halves joined; all that is kept. */
  readonly hash: string;
}

/** A fresh code for each envelope of one sealing. */
export function newCodes(): readonly SealedCode[] {
  return SEALED_CODES.map(newCode);
}

/** Powers of which not every code of a sealing is among these. */
export function missingOf(good: readonly { readonly power: Power }[]): readonly Power[] {
  const count = (codes: readonly Power[], power: Power): number => codes.filter((one) => one === power).length;
  const there = good.map((one) => one.power);
  return SEALED_POWERS.filter((power) => count(there, power) < count(SEALED_CODES, power));
}

/** A fresh code for a power. */
export function newCode(power: Power): SealedCode {
  const first = newHalf(power, 1);
  const second = newHalf(power, 2);
  return { power, halves: [grouped(first), grouped(second)], hash: hashOf(first, second) };
}

/** The hash of two halves as typed, in either order; undefined unless they are the two of this power's code in form. */
export function hashOfHalves(power: Power, typed: readonly [string, string]): string | undefined {
  const [first, second] = typed
    .map(plain)
    .sort((a, b) => (a?.[BITS_LETTERS] ?? "").localeCompare(b?.[BITS_LETTERS] ?? ""));
  if (first === undefined || second === undefined) return undefined;
  const inForm = first[BITS_LETTERS] === mark(power, 1) && second[BITS_LETTERS] === mark(power, 2);
  return inForm ? hashOf(first, second) : undefined;
}

function newHalf(power: Power, half: 1 | 2): string {
  const bits = Array.from({ length: BITS_LETTERS }, () => ALPHABET[randomInt(ALPHABET.length)] ?? "").join("");
  const body = bits + mark(power, half);
  return body + checkLetter(body);
}

function mark(power: Power, half: 1 | 2): string {
  return ALPHABET[10 + SEALED_POWERS.indexOf(power) * 2 + half] ?? "";
}

/** Case, blanks, hyphens and look-alikes do not matter; undefined when the check letter is another. */
function plain(typed: string): string | undefined {
  if (typed.length > 64) return undefined;
  const code = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  if (code.length !== LENGTH || [...code].some((letter) => !ALPHABET.includes(letter))) return undefined;
  return checkLetter(code.slice(0, -1)) === code.at(-1) ? code : undefined;
}

function checkLetter(body: string): string {
  const base = ALPHABET.length;
  const sum = [...body].reverse().reduce((total, letter, index) => {
    const value = ALPHABET.indexOf(letter) * (index % 2 === 0 ? 2 : 1);
    return total + Math.floor(value / base) + (value % base);
  }, 0);
  return ALPHABET[(base - (sum % base)) % base] ?? "";
}

function grouped(code: string): string {
  return code.replace(/(.{4})(?=.)/g, "$1-");
}

function hashOf(first: string, second: string): string {
  return sha256Hex(`gatehouse break-glass v1 ${first} ${second}`);
}
