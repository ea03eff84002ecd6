/**
 * What a password must be: as long and as varied as policy says, not the login, none of those that are tried first, none of the
 * person's last ones; and how long it lasts. Two presets are in policy: the one of NIST SP 800-63B §3.1.1.2 and that of 等保.
 */
import { done, refused, type Outcome, type Person, type Stores } from "../domain/index.js";
import type { PasswordPolicy } from "../policy/index.js";
import type { Vault } from "../vault/index.js";
import type { BrokerDeps } from "./deps.js";

const DAY_MS = 86_400_000;
const MOST_BYTES = 1024;
const LEAST_DIFFERENT = 5;

/** Refuses with `weak-password`. The person's former passwords are `refuseFormer`'s matter. */
export async function checkNewPassword(
  vault: Pick<Vault, "isCommonPassword">,
  rules: PasswordPolicy,
  login: string,
  password: string,
): Promise<Outcome<void>> {
  const weak = refused("weak-password", { field: "password" });
  const folded = password.normalize("NFKC").toLowerCase();
  if (Buffer.byteLength(password, "utf8") > MOST_BYTES) return weak;
  if ([...password].length < rules.leastCharacters || kindsIn(password) < rules.leastKinds) return weak;
  if (folded.includes(login.toLowerCase()) && folded.length - login.length < rules.leastCharacters) return weak;
  if (new Set(folded).size < LEAST_DIFFERENT || isRun(folded)) return weak;
  return (await vault.isCommonPassword(password)) ? weak : done(undefined);
}

/** Of capital letters, small letters, digits and everything else. Letters without case, as Chinese has, count as everything else. */
function kindsIn(password: string): number {
  return [/\p{Lu}/u, /\p{Ll}/u, /\p{Nd}/u, /[^\p{Lu}\p{Ll}\p{Nd}]/u].filter((kind) => kind.test(password)).length;
}

/** Most characters follow their neighbour in the alphabet or repeat it: `abcdefghijkl`, `111122223333`. */
function isRun(text: string): boolean {
  let steps = 0;
  for (let at = 1; at < text.length; at += 1) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps += 1;
  }
  return steps >= (text.length - 1) * 0.7;
}

/** Refuses with `weak-password` one that the person has now or had among the last so many. */
export async function refuseFormer(
  deps: { readonly vault: Pick<Vault, "verifyPassword">; readonly stores: Pick<Stores, "passwordHistory"> },
  rules: PasswordPolicy,
  person: Person,
  password: string,
): Promise<Outcome<void>> {
  const last = await deps.stores.passwordHistory.find(
    { personId: person.id },
    { orderBy: "at", descending: true, limit: rules.history + 1 },
  );
  for (const hash of new Set([person.passwordHash, ...last.map((row) => row.hash)])) {
    if (hash !== null && (await deps.vault.verifyPassword(hash, password)).ok)
      return refused("weak-password", { field: "password" });
  }
  return done(undefined);
}

/** Notes a password that is set now, and the one before it where nobody noted that. A reset takes none of them away. */
export async function rememberPassword(
  deps: Pick<BrokerDeps, "ids" | "clock">,
  tx: Pick<Stores, "passwordHistory">,
  person: Person,
  hash: string,
): Promise<void> {
  const now = deps.clock.now();
  const note = (each: string, at: number): Promise<void> =>
    tx.passwordHistory.insert({ id: deps.ids.next(), personId: person.id, hash: each, at });
  const first = (await tx.passwordHistory.count({ personId: person.id })) === 0;
  if (first && person.passwordHash !== null) await note(person.passwordHash, person.passwordChangedAt ?? now - 1);
  await note(hash, now);
}

/** When the password must have been changed; null where policy forces no change, or a directory keeps it. */
export function passwordExpiresAt(person: Person, rules: PasswordPolicy): number | null {
  if (person.passwordAt !== "here" || person.passwordChangedAt === null || rules.longestDays === null) return null;
  return person.passwordChangedAt + rules.longestDays * DAY_MS;
}

/** Whether nothing is open to the person but changing it. */
export function mustChangePassword(person: Person, rules: PasswordPolicy, now: number): boolean {
  const expiresAt = passwordExpiresAt(person, rules);
  return expiresAt !== null && now >= expiresAt;
}
