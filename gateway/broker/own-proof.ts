/**
 * What a person shows again before he changes his own account: his code, and where it matters his password. A try counts like
 * one of a sign-in, so that a stolen cookie is no way to guess either.
 */
import { done, refused, type Actor, type AuditVerb, type Outcome, type Person, type Stores } from "../domain/index.js";
import { codeSecret, totpBound, type IdentityDeps } from "./identity-deps.js";
import { standing } from "./standing.js";

/** The person behind an actor that may still act; an overdue password is no hindrance to looking at oneself and changing it. */
export async function self(deps: Pick<IdentityDeps, "database">, actor: Actor): Promise<Person | undefined> {
  const now = await standing(deps.database.read, { ...actor, mustChangePassword: false });
  return now === undefined ? undefined : deps.database.read.people.get(now.personId);
}

/** The time step of the code shown, which the caller uses up by `unused`; `sign-in-refused` whatever was wrong. */
export async function proven(
  deps: IdentityDeps,
  actor: Actor,
  person: Person,
  proof: { readonly password?: string; readonly code: string },
): Promise<Outcome<number>> {
  const admitted = await deps.throttle.begin({
    login: person.login,
    address: actor.sourceAddress,
    kept: { failures: person.failures, at: person.lastFailureAt ?? 0 },
    isKnownAddress: async () => true,
  });
  if (!admitted.ok) return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  const password =
    proof.password === undefined ? undefined : await deps.vault.verifyPassword(person.passwordHash, proof.password);
  const step = await deps.vault.checkTotp({
    bound: totpBound(person.id),
    sealed: codeSecret(person),
    code: proof.code,
    afterStep: person.totpLastStep,
    nowMs: deps.clock.now(),
  });
  if (password?.ok === false || step === undefined) {
    await deps.database.write((tx) => appendOwn(tx, actor, "person.sign-in-failed", { why: "own-account" }));
    return refused("sign-in-refused");
  }
  deps.throttle.succeeded(person.login, actor.sourceAddress);
  return done(step);
}

/** What a step must still find: the same person, and the code unused. */
export function unused(person: Person, step: number): Parameters<Stores["people"]["update"]>[2] {
  return { state: "active", credentialEpoch: person.credentialEpoch, totpLastStep: { lt: step } };
}

/** An event of a person about himself. */
export async function appendOwn(
  tx: Pick<Stores, "audit">,
  actor: Actor,
  verb: AuditVerb,
  detail: Readonly<Record<string, string>> = {},
): Promise<void> {
  await tx.audit.append({
    verb,
    actorId: actor.personId,
    actorName: actor.login,
    object: { kind: "person", id: actor.personId },
    sourceAddress: actor.sourceAddress,
    detail,
  });
}
