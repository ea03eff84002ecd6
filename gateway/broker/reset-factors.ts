/** Takes password, code, recovery codes, passkeys, keys and what he linked himself from a person; he enrols again by the link's token. */
import type { Person, PersonId, Stores } from "../domain/index.js";
import type { BrokerDeps } from "./deps.js";
import { endLink, linkerOf } from "./directories/find-link.js";
import type { By } from "./powers.js";
import { dropKeptOf } from "./proposals/kept-secrets.js";
import { withdrawOpenOf } from "./proposals/withdraw-open.js";
import { ENROLMENT_MS } from "./secrets-shown-once.js";

/** So long his approvals and confirmations count for nothing after a reset: time for him to say that it was not he who asked. */
const APPROVES_LATER_MS = 24 * 3_600_000;

/**
 * Ends all sessions by the epoch, what he proposed, and what waited for him. False when the row changed meanwhile. `weighty`: he holds a power, or
 * approves or confirms, and does so again only a day from now.
 */
export async function takeFactors(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  person: Person,
  input: { readonly hash: string; readonly by: By; readonly weighty: boolean },
): Promise<boolean> {
  const now = deps.clock.now();
  const { hash, by, weighty } = input;
  const patch: Partial<Person> = {
    passwordHash: null,
    passwordChangedAt: null,
    totpSealed: null,
    totpEnrolledAt: null,
    enrolmentHash: hash,
    enrolmentExpiresAt: now + ENROLMENT_MS,
    credentialEpoch: person.credentialEpoch + 1,
    ...(weighty ? { approvesFrom: now + APPROVES_LATER_MS } : {}),
  };
  const expected = { state: "active", credentialEpoch: person.credentialEpoch } as const;
  if (!(await tx.people.update(person.id, patch, expected))) return false;
  await spendRecoveryCodes(tx, person.id, now);
  await withdrawOpenOf(tx, person.id, now);
  await dropKeptOf(tx, person.id, now);
  const keys = await retireKeys(tx, person.id, now);
  await endOwnLinks(deps, tx, person.id, by);
  const both = by.confirmedBy === undefined ? {} : { proposedBy: by.personId, confirmedBy: by.confirmedBy };
  await tx.audit.append({
    verb: "person.factor-reset",
    actorId: by.personId,
    object: { kind: "person", id: person.id },
    sourceAddress: by.sourceAddress,
    detail: { keys, ...both },
  });
  return true;
}

/** A reset answers a loss or a theft: what a thief added is gone with the rest. Answers the SSH keys' fingerprints. */
async function retireKeys(tx: Stores, personId: PersonId, now: number): Promise<readonly string[]> {
  const standing = { personId, retiredAt: null } as const;
  const keys = await tx.personKeys.find(standing, { limit: 1000 });
  for (const { id } of keys) await tx.personKeys.update(id, { retiredAt: now }, { retiredAt: null });
  for (const { id } of await tx.passkeys.find(standing, { limit: 1000 }))
    await tx.passkeys.update(id, { retiredAt: now }, { retiredAt: null });
  for (const { id } of await tx.deviceKeys.find(standing, { limit: 1000 }))
    await tx.deviceKeys.update(id, { retiredAt: now }, { retiredAt: null });
  return keys.map((key) => key.fingerprint);
}

/** What he linked himself, whoever he was then; what a directory or an administrator linked stays. */
async function endOwnLinks(deps: Pick<BrokerDeps, "clock">, tx: Stores, personId: PersonId, by: By): Promise<void> {
  for (const link of await tx.externalIdentities.find({ personId, retiredAt: null }, { limit: 1000 }))
    if ((await linkerOf(tx, personId, link))?.id === personId) await endLink(deps, tx, link, by);
}

/** Codes that were not used count as used: new ones replace them. */
export async function spendRecoveryCodes(tx: Stores, personId: PersonId, now: number): Promise<void> {
  for (const { id } of await tx.recoveryCodes.find({ personId, usedAt: null })) {
    await tx.recoveryCodes.update(id, { usedAt: now }, { usedAt: null });
  }
}
