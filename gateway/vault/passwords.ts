/**
 * Passwords under argon2id with the parameters of OWASP's Password Storage Cheat Sheet (19 MiB, two passes, one lane). At most
 * two run at a time and the rest wait, so that a flood of sign-ins costs time and never memory.
 */
import { randomBytes } from "node:crypto";
import argon2 from "argon2";
import { GatehouseError } from "../domain/index.js";
import type { Vault } from "./contract.js";

const PARAMETERS = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const AT_ONCE = 2;
const MAX_PASSWORD_BYTES = 1024;
/** The PHC string form; libraries order the parameters differently. */
const PHC = /^\$argon2id\$v=(\d{1,3})\$((?:[mtp]=\d{1,9},?){3})\$/;

/** Runs at most `atOnce` of the works given to it, in order of arrival. */
export function createGate(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** Resolves once a hash that no password matches exists: unknown people are checked against it, in the same time. */
export async function createPasswords(): Promise<Pick<Vault, "hashPassword" | "verifyPassword">> {
  const gate = createGate(AT_ONCE);
  const nobody = await argon2.hash(randomBytes(32), PARAMETERS);
  return {
    hashPassword: async (password) => {
      const bytes = encode(password);
      if (bytes === undefined) throw new GatehouseError("invalid-input", "the password is too long");
      return gate(() => argon2.hash(bytes, PARAMETERS));
    },
    verifyPassword: async (hash, password) => {
      const bytes = encode(password);
      const known = hash !== null && bytes !== undefined && PHC.test(hash);
      const matches = await gate(() => argon2.verify(known ? hash : nobody, bytes ?? Buffer.alloc(0)));
      const ok = known && matches;
      return { ok, needsRehash: ok && isWeaker(hash) };
    },
  };
}

/** UTF-8 of the NFC form (RFC 8265 §4.2), or undefined when it is longer than is looked at. */
function encode(password: string): Buffer | undefined {
  if (password.length > MAX_PASSWORD_BYTES) return undefined;
  const bytes = Buffer.from(password.normalize("NFC"), "utf8");
  return bytes.length > MAX_PASSWORD_BYTES ? undefined : bytes;
}

function isWeaker(hash: string): boolean {
  const match = PHC.exec(hash);
  if (match === null) return true;
  const named = new Map((match[2] as string).split(",").map((pair) => [pair[0], Number(pair.slice(2))]));
  const under = (name: string, wanted: number): boolean => (named.get(name) ?? 0) < wanted;
  return Number(match[1]) < 0x13 || under("m", PARAMETERS.memoryCost) || under("t", PARAMETERS.timeCost);
}
