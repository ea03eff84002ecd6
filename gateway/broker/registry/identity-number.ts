/** Identity numbers of people: one form however they were typed, kept sealed, compared by a blind index, shown by their end. */
import type { Person, PersonId } from "../../domain/index.js";
import type { Vault } from "../../vault/index.js";

export type IdentityColumns = Pick<Person, "identityKey" | "identitySealed" | "identityTail">;

const TAIL = 4;

/**
 * Full-width digits and small letters are the same number, blanks and hyphens are none of it; undefined unless 6 … 32 letters and
 * digits, and for a resident's number that a spreadsheet took for a quantity.
 */
export function normalIdentity(typed: string): string | undefined {
  if (typed.length > 100) return undefined;
  const number = typed.normalize("NFKC").replace(/[\s-]/gu, "").toUpperCase();
  return /^[0-9A-Z]{6,32}$/.test(number) && !isRounded(number) ? number : undefined;
}

/** What a spreadsheet makes of 18 digits when their column is not text: three zeros at the end, with which the check character (GB 11643) is wrong. */
function isRounded(number: string): boolean {
  if (!/^[0-9]{15}000$/.test(number)) return false;
  // ISO 7064 MOD 11-2: weights 2^17 … 2^0, and the whole leaves 1.
  const sum = [...number].reduce((left, digit) => (left * 2 + Number(digit)) % 11, 0);
  return sum !== 1;
}

/** The columns that keep a number in normal form. The index is 128 bits of HMAC, so that two numbers do not meet by chance. */
export function keepIdentity(
  vault: Pick<Vault, "seal" | "blind">,
  id: PersonId,
  number: string,
): { readonly identityKey: string; readonly identitySealed: string; readonly identityTail: string } {
  return {
    identityKey: identityKey(vault, number),
    identitySealed: vault.seal("identity", identityBound(id), number),
    identityTail: number.slice(-TAIL),
  };
}

/** The blind index alone. */
export function identityKey(vault: Pick<Vault, "blind">, number: string): string {
  return vault.blind([`identity:0:${number}`, `identity:1:${number}`]).join("");
}

/** What a person's identity number is sealed to. */
export function identityBound(id: PersonId): string {
  return `identity:${id}`;
}
