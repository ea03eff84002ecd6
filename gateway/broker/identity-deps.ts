/** What the identity and people use cases take, and the few steps they share. */
import type { Actor, Person, PersonId, Stores } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import { notice } from "./notices.js";
import { holdings } from "./standing.js";
import type { Throttle } from "./throttle.js";

export type PeopleDeps = Pick<BrokerDeps, "database" | "clock" | "ids" | "notify" | "policy">;
export type IdentityDeps = PeopleDeps &
  Pick<BrokerDeps, "vault" | "config" | "directories" | "log"> & { readonly throttle: Throttle };

/** What a person's one-time-code secret is bound to. */
export function totpBound(id: PersonId): string {
  return `person:${id}`;
}

/** Has the second factor here, or a provider that lets nobody through without one; the first may be kept by a directory. */
export function isEnrolled(person: Person): boolean {
  const first = person.passwordHash !== null || person.passwordAt !== "here";
  const second = (person.totpSealed !== null && person.totpEnrolledAt !== null) || person.passwordAt === "oidc";
  return first && second;
}

/** The secret his codes are checked against; null until enrolment is complete: till then who opened the link has it alone. */
export function codeSecret(person: Pick<Person, "totpSealed" | "totpEnrolledAt">): string | null {
  return person.totpEnrolledAt === null ? null : person.totpSealed;
}

/** The actor a person is now. */
export async function actorOf(stores: Stores, person: Person, sourceAddress: string): Promise<Actor> {
  const held = await holdings(stores, person.id);
  return {
    personId: person.id,
    login: person.login,
    displayName: person.displayName,
    locale: person.locale,
    unitId: person.unitId,
    vendorId: person.vendorId,
    ...held,
    sourceAddress,
    credentialEpoch: person.credentialEpoch,
  };
}

/** One more sign-in of his that was refused. In the caller's transaction. */
export async function countFailure(tx: Pick<Stores, "people">, id: PersonId, now: number): Promise<void> {
  const failures = (await tx.people.get(id))?.failures ?? 0;
  await tx.people.update(id, { failures: failures + 1, lastFailureAt: now });
}

/** A person changed: himself, and those who administrate people. */
export function tellPerson(deps: Pick<PeopleDeps, "notify">, id: PersonId): void {
  deps.notify(notice("people", id, [id], [], ["security"]));
}

/** A name as people write it: 1 … 100 characters, no control characters and none that turn the writing direction. */
export function isDisplayName(text: string): boolean {
  return text.trim() === text && text.length >= 1 && text.length <= 100 && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text);
}
