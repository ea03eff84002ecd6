/**
 * Signing in. Whatever was wrong (login, password, key, code, state), the answer is `sign-in-refused` after the same work: one look-up, one
 * password check where a password belongs, one code check, one write. A code is used up in the same statement that lets it pass.
 */
import {
  done,
  isPersonLogin,
  refused,
  type Actor,
  type AlertId,
  type DirectoryPerson,
  type Outcome,
  type Person,
  type PersonId,
  type Stores,
} from "../domain/index.js";
import { raiseAlert } from "./alerts.js";
import type { SignIn } from "./broker.js";
import { isKnownPlace } from "./factors/known-place.js";
import { isSilentOn } from "./directories/silent.js";
import { passwordAtDirectory, settleAtDirectory } from "./directories/sign-in-ldap.js";
import { actorOf, codeSecret, countFailure, isEnrolled, totpBound, type IdentityDeps } from "./identity-deps.js";
import { alertNotice } from "./notices.js";
import { mustChangePassword } from "./password-rules.js";
import { topUnit } from "./registry/unit-tree.js";
import { recoveryCodeId } from "./secrets-shown-once.js";
import { signInRules } from "./sign-in-rules.js";

const NOBODY = "00000000-0000-7000-8000-000000000000" as PersonId;
const LONGEST_NAME = 64;
const LONGEST_CODE = 64;
/** More than so many at once wait for the password check; the next ones are asked to come again. */
const MAX_PENDING = 64;
const ALERT_FROM = 20;
const ALERT_EVERY = 10;
const AWAY = "directory-unavailable";

/** What else must happen in the transaction of a good sign-in. It may run more than once, so it only uses `tx`. */
export type Also = (tx: Stores, person: Person) => Promise<void>;
export type Authenticate = (input: SignIn, also?: Also) => Promise<Outcome<Actor>>;

type Factor = { readonly kind: "totp"; readonly step: number } | { readonly kind: "recovery"; readonly id: string };

export function createAuthenticate(deps: IdentityDeps): Authenticate {
  let pending = 0;
  return async (input, also) => {
    if (pending >= MAX_PENDING) return refused("too-many-tries", { retryAfterMs: 1000 });
    pending += 1;
    try {
      return await authenticate(deps, input, also);
    } finally {
      pending -= 1;
    }
  };
}

async function authenticate(deps: IdentityDeps, input: SignIn, also?: Also): Promise<Outcome<Actor>> {
  const mayExist = isPersonLogin(input.login);
  const login = mayExist ? input.login : input.login.slice(0, LONGEST_NAME);
  // What cannot be a login takes the same look-up, and need not be text that a column can hold.
  const [found] = await deps.database.read.people.find({ login: mayExist ? login : "" }, { limit: 1 });
  const admitted = await deps.throttle.begin({
    login,
    address: input.sourceAddress,
    kept: { failures: found?.failures ?? 0, at: found?.lastFailureAt ?? 0 },
    isKnownAddress: () => isKnownPlace(deps.database.read, found?.id, input.sourceAddress),
  });
  if (!admitted.ok) {
    if (admitted.tell) await tellThrottled(deps, login, found, input, admitted.by);
    return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  }
  const judged = await judge(deps, found, input);
  const settled =
    judged.entry === undefined || judged.factor === undefined
      ? found
      : await settleAtDirectory(deps, judged.entry, input.sourceAddress);
  // While the directory was asked, his entry may have become another's: the factor shown is not that one's.
  const person = settled?.id === found?.id ? settled : undefined;
  const proved = judged.factor !== undefined && person !== undefined;
  if (judged.why === AWAY || (proved && (await isSilentOn(deps, deps.database.read, person)))) {
    await fail(deps, login, found, input, AWAY, admitted.accountFailures);
    return refused(AWAY);
  }
  if (judged.factor !== undefined && person !== undefined && (await isTooOld(deps, person, input))) {
    await fail(deps, login, person, input, "password-expired", admitted.accountFailures);
    return refused("password-expired");
  }
  const actor =
    judged.factor === undefined || person === undefined
      ? undefined
      : await pass(deps, person, judged.factor, input, also);
  if (actor === undefined || person === undefined) {
    await fail(deps, login, found, input, judged.why ?? "code-used", admitted.accountFailures);
    return refused("sign-in-refused");
  }
  deps.throttle.succeeded(login, input.sourceAddress);
  if (judged.needsRehash) await rehash(deps, person, input.password ?? "");
  return done(actor);
}

/** An old password is changed in the page; a terminal has no way to. Asked only of who proved both factors. */
async function isTooOld(deps: IdentityDeps, person: Person, input: SignIn): Promise<boolean> {
  if (input.via === "web") return false;
  const { password } = await signInRules(deps.database.read, deps.policy);
  return mustChangePassword(person, password, deps.clock.now());
}

interface Judged {
  readonly factor: Factor | undefined;
  readonly why: string | undefined;
  readonly needsRehash: boolean;
  /** What the directory that keeps his password says of him. */
  readonly entry?: DirectoryPerson;
}

/** Always the same checks, against nobody's secrets where there is no person who may sign in. */
async function judge(deps: IdentityDeps, person: Person | undefined, input: SignIn): Promise<Judged> {
  const able = person !== undefined && person.state === "active" && isEnrolled(person) ? person : undefined;
  const first = await judgeFirst(deps, able, input);
  const factor = await judgeSecond(deps, able, input);
  const why = whyNot({ person, able, first, factor }, input.via);
  const { needsRehash, entry } = first;
  return {
    factor: why === undefined ? factor : undefined,
    why,
    needsRehash,
    ...(entry === undefined ? {} : { entry }),
  };
}

/** What was wrong, for the log alone; undefined where nothing was. */
function whyNot(
  {
    person,
    able,
    first,
    factor,
  }: {
    readonly person: Person | undefined;
    readonly able: Person | undefined;
    readonly first: First;
    readonly factor: Factor | undefined;
  },
  via: SignIn["via"],
): string | undefined {
  if (person === undefined) return "unknown-login";
  if (able === undefined) return person.state === "active" ? "not-enrolled" : "not-active";
  if (first.ok) return factor === undefined ? "wrong-code" : undefined;
  if (first.away === true && factor !== undefined) return AWAY;
  return via === "ssh-key" ? "wrong-key" : "wrong-password";
}

interface First {
  readonly ok: boolean;
  readonly needsRehash: boolean;
  readonly entry?: DirectoryPerson;
  /** The directory that would know did not answer; told only to who shows his second factor. */
  readonly away?: true;
}

/** A password is checked here or at the directory, never at both: what is the gate's is not told elsewhere. */
async function judgePassword(deps: IdentityDeps, able: Person | undefined, password: string): Promise<First> {
  const here = await deps.vault.verifyPassword(able?.passwordAt === "here" ? able.passwordHash : null, password);
  if (able?.passwordAt !== "ldap") return here;
  const there = await passwordAtDirectory(deps, able, password);
  if (there.state === "unreachable") return { ok: false, needsRehash: false, away: true };
  return there.state === "ok"
    ? { ok: true, needsRehash: false, entry: there.entry }
    : { ok: false, needsRehash: false };
}

async function judgeFirst(deps: IdentityDeps, able: Person | undefined, input: SignIn): Promise<First> {
  if (input.via !== "ssh-key") return judgePassword(deps, able, input.password ?? "");
  const fingerprint = input.keyFingerprint ?? "";
  const keys = await deps.database.read.personKeys.find({ fingerprint, retiredAt: null }, { limit: 1 });
  return { ok: able !== undefined && keys[0]?.personId === able.id, needsRehash: false };
}

async function judgeSecond(deps: IdentityDeps, able: Person | undefined, input: SignIn): Promise<Factor | undefined> {
  const code = input.code.slice(0, LONGEST_CODE);
  const step = await deps.vault.checkTotp({
    bound: totpBound(able?.id ?? NOBODY),
    sealed: able === undefined ? null : codeSecret(able),
    code,
    afterStep: able?.totpLastStep ?? 0,
    nowMs: deps.clock.now(),
  });
  if (step !== undefined) return { kind: "totp", step };
  const id = input.via === "web" ? recoveryCodeId(able?.id ?? NOBODY, code) : undefined;
  if (id === undefined) return undefined;
  const row = await deps.database.read.recoveryCodes.get(id);
  return row !== undefined && row.personId === able?.id && row.usedAt === null ? { kind: "recovery", id } : undefined;
}

/** Uses the code up and lets the person in, or neither: of two with one code, the second finds it used. */
async function pass(
  deps: IdentityDeps,
  person: Person,
  factor: Factor,
  input: SignIn,
  also?: Also,
): Promise<Actor | undefined> {
  return deps.database.write(async (tx) => {
    if (
      factor.kind === "recovery" &&
      !(await tx.recoveryCodes.update(factor.id, { usedAt: deps.clock.now() }, { usedAt: null }))
    ) {
      return undefined;
    }
    const step = factor.kind === "totp" ? factor.step : person.totpLastStep;
    const used = await tx.people.update(
      person.id,
      { totpLastStep: step, failures: 0, lastFailureAt: null, lastSignInAt: deps.clock.now() },
      {
        state: "active",
        credentialEpoch: person.credentialEpoch,
        totpLastStep: factor.kind === "totp" ? { lt: step } : step,
      },
    );
    if (!used) return undefined;
    if (factor.kind === "recovery") await append(tx, person, input, "person.recovery-code-used");
    await append(tx, person, input, "person.signed-in");
    await also?.(tx, person);
    return actorOf(tx, person, input.sourceAddress);
  });
}

async function append(
  tx: Stores,
  person: Person,
  input: SignIn,
  verb: "person.recovery-code-used" | "person.signed-in",
): Promise<void> {
  await tx.audit.append({
    verb,
    actorId: person.id,
    actorName: person.login,
    object: { kind: "person", id: person.id },
    sourceAddress: input.sourceAddress,
    detail: { via: input.via },
  });
}

async function fail(
  deps: IdentityDeps,
  login: string,
  person: Person | undefined,
  input: SignIn,
  why: string,
  failures: number,
): Promise<void> {
  const alert = await deps.database.write(async (tx) => {
    await tx.audit.append({
      verb: "person.sign-in-failed",
      actorId: null,
      actorName: login,
      object: { kind: "person", id: person?.id ?? "unknown" },
      sourceAddress: input.sourceAddress,
      decidedBy: why,
      detail: { via: input.via },
    });
    if (person === undefined) return undefined;
    await countFailure(tx, person.id, deps.clock.now());
    const loud = failures >= ALERT_FROM && failures % ALERT_EVERY === 0;
    return loud ? raiseAttack(deps, tx, `person:${person.id}`, person, { login, failures }) : undefined;
  });
  if (alert !== undefined) deps.notify(alertNotice(alert));
}

async function tellThrottled(
  deps: IdentityDeps,
  login: string,
  person: Person | undefined,
  input: SignIn,
  by: "address" | "account",
): Promise<void> {
  const alert = await deps.database.write(async (tx) => {
    await tx.audit.append({
      verb: "person.throttled",
      actorId: null,
      actorName: login,
      object: { kind: "person", id: person?.id ?? "unknown" },
      sourceAddress: input.sourceAddress,
      decidedBy: `throttle-${by}`,
      detail: { via: input.via },
    });
    if (by === "account") return undefined;
    return raiseAttack(deps, tx, `address:${input.sourceAddress}`, person, { address: input.sourceAddress });
  });
  if (alert !== undefined) deps.notify(alertNotice(alert));
}

async function raiseAttack(
  deps: IdentityDeps,
  tx: Stores,
  subject: string,
  person: Person | undefined,
  detail: Readonly<Record<string, string | number>>,
): Promise<AlertId | undefined> {
  const unitId = person?.unitId ?? (await topUnit(tx))?.id;
  return unitId === undefined ? undefined : raiseAlert(deps, tx, { unitId, kind: "login-attack", subject, detail });
}

/** The same password under today's parameters; lost without harm when the password changed meanwhile. */
async function rehash(deps: IdentityDeps, person: Person, password: string): Promise<void> {
  const passwordHash = await deps.vault.hashPassword(password);
  await deps.database.write((tx) =>
    tx.people.update(person.id, { passwordHash }, { passwordHash: person.passwordHash }),
  );
}
