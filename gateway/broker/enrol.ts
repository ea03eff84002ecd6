/**
 * Enrolment: who holds the link's token, and its second part where it has two, sees a fresh one-time-code secret, and sets password
 * and factor with one good code of it. The secret stays here, sealed and without effect until then; a page opened twice shows the same one.
 */
import { done, refused, type Outcome, type Person, type PersonId } from "../domain/index.js";
import type { EnrolmentOffer, IdentityUseCases } from "./broker.js";
import { spendRecoveryCodes } from "./reset-factors.js";
import { tellPerson, totpBound, type IdentityDeps } from "./identity-deps.js";
import { checkNewPassword, refuseFormer, rememberPassword } from "./password-rules.js";
import { hashOfLink, newRecoveryCodes, recoveryCodeId } from "./secrets-shown-once.js";
import { settleIfComplete } from "./settle.js";
import { signInRules } from "./sign-in-rules.js";

interface Opened {
  readonly person: Person;
  readonly hash: string;
}

interface Shown {
  readonly token: string;
  readonly secondPart?: string;
  readonly sourceAddress: string;
}

/** The person whose open enrolment the token names. Whatever is wrong with either part, the answer is the same. */
async function open(deps: IdentityDeps, { token, secondPart, sourceAddress }: Shown): Promise<Outcome<Opened>> {
  const admitted = deps.throttle.token(sourceAddress);
  if (!admitted.ok) return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  const hash = hashOfLink(token, secondPart);
  if (hash === undefined) return refused("enrolment-expired");
  const [person] = await deps.database.read.people.find({ enrolmentHash: hash }, { limit: 1 });
  if (person === undefined || person.state !== "active") return refused("enrolment-expired");
  if (deps.clock.now() >= (person.enrolmentExpiresAt ?? 0)) return refused("enrolment-expired");
  deps.throttle.tokenWasRight(sourceAddress);
  return done({ person, hash });
}

export async function beginEnrolment(
  deps: IdentityDeps,
  input: Parameters<IdentityUseCases["beginEnrolment"]>[0],
): Promise<Outcome<EnrolmentOffer>> {
  const opened = await open(deps, input);
  if (!opened.ok) return opened;
  const { person, hash } = opened.value;
  const bound = totpBound(person.id);
  const sealed = person.totpSealed ?? (await keepSecret(deps, person, hash, input.sourceAddress));
  if (sealed === undefined) return refused("enrolment-expired");
  const shown = deps.vault.showTotp(bound, person.login, sealed);
  const needsPassword = person.passwordAt === "here";
  return done({ login: person.login, displayName: person.displayName, needsPassword, ...shown });
}

/** Keeps a fresh secret; of two at once, both get the first one's. */
async function keepSecret(
  deps: IdentityDeps,
  person: Person,
  hash: string,
  sourceAddress: string,
): Promise<string | undefined> {
  const { sealed } = deps.vault.newTotp(totpBound(person.id), person.login);
  return deps.database.write(async (tx) => {
    const expect = { enrolmentHash: hash, totpSealed: null, state: "active" } as const;
    if (!(await tx.people.update(person.id, { totpSealed: sealed }, expect))) {
      const now = await tx.people.get(person.id);
      return now?.enrolmentHash === hash ? (now.totpSealed ?? undefined) : undefined;
    }
    await tx.audit.append({
      verb: "person.changed",
      actorId: person.id,
      actorName: person.login,
      object: { kind: "person", id: person.id },
      sourceAddress,
      detail: { what: "enrolment-opened" },
    });
    return sealed;
  });
}

export async function completeEnrolment(
  deps: IdentityDeps,
  input: Parameters<IdentityUseCases["completeEnrolment"]>[0],
): Promise<Outcome<{ readonly recoveryCodes: readonly string[] }>> {
  const opened = await open(deps, input);
  if (!opened.ok) return opened;
  const { person, hash } = opened.value;
  const password = await firstPassword(deps, person, input.password);
  if (!password.ok) return password;
  const step = await checkCode(deps, person, input.code);
  if (step === undefined || person.totpSealed === null) return refused("invalid-input", { field: "code" });
  const passwordHash = password.value === null ? null : await deps.vault.hashPassword(password.value);
  const recoveryCodes = newRecoveryCodes();
  const patch = factorsPatch(person, { passwordHash, step, now: deps.clock.now() });
  const complete = await deps.database.write(async (tx) => {
    const expect = {
      enrolmentHash: hash,
      totpSealed: person.totpSealed,
      credentialEpoch: person.credentialEpoch,
      state: "active",
    } as const;
    if (!(await tx.people.update(person.id, patch, expect))) return false;
    if (passwordHash !== null) await rememberPassword(deps, tx, person, passwordHash);
    await spendRecoveryCodes(tx, person.id, deps.clock.now());
    for (const id of idsOf(person.id, recoveryCodes))
      await tx.recoveryCodes.insert({ id, personId: person.id, usedAt: null });
    await settleIfComplete(deps, tx);
    await tx.audit.append({
      verb: "person.enrolled",
      actorId: person.id,
      actorName: person.login,
      object: { kind: "person", id: person.id },
      sourceAddress: input.sourceAddress,
    });
    return true;
  });
  if (!complete) return refused("enrolment-expired");
  // He proved both factors from here: what others try at his login must not keep him out of his first sign-in.
  deps.throttle.succeeded(person.login, input.sourceAddress);
  tellPerson(deps, person.id);
  return done({ recoveryCodes });
}

/** What he chose, if it will do; null where a directory keeps his password. */
async function firstPassword(
  deps: IdentityDeps,
  person: Person,
  password: string | undefined,
): Promise<Outcome<string | null>> {
  if (person.passwordAt !== "here") return done(null);
  if (password === undefined) return refused("weak-password", { field: "password" });
  const rules = (await signInRules(deps.database.read, deps.policy)).password;
  const acceptable = await checkNewPassword(deps.vault, rules, person.login, password);
  if (!acceptable.ok) return acceptable;
  const fresh = await refuseFormer({ vault: deps.vault, stores: deps.database.read }, rules, person, password);
  return fresh.ok ? done(password) : fresh;
}

function checkCode(deps: IdentityDeps, person: Person, code: string): Promise<number | undefined> {
  return deps.vault.checkTotp({
    bound: totpBound(person.id),
    sealed: person.totpSealed,
    code,
    afterStep: 0,
    nowMs: deps.clock.now(),
  });
}

function factorsPatch(
  person: Person,
  { passwordHash, step, now }: { readonly passwordHash: string | null; readonly step: number; readonly now: number },
): Partial<Person> {
  return {
    passwordHash,
    passwordChangedAt: passwordHash === null ? null : now,
    totpEnrolledAt: now,
    totpLastStep: step,
    enrolmentHash: null,
    enrolmentExpiresAt: null,
    failures: 0,
    lastFailureAt: null,
    credentialEpoch: person.credentialEpoch + 1,
  };
}

function idsOf(personId: PersonId, codes: readonly string[]): readonly string[] {
  return codes.map((code) => recoveryCodeId(personId, code)).filter((id) => id !== undefined);
}
