/**
 * What a signed-in person does to himself: his password, language and SSH keys. What weakens or widens a way in asks for a fresh
 * one-time code, which is used up by it.
 */
import {
  GatehouseError,
  asId,
  done,
  refused,
  type Actor,
  type Locale,
  type Outcome,
  type Person,
  type PersonKey,
  type PersonKeyId,
  type Stores,
} from "../domain/index.js";
import type { IdentityUseCases } from "./broker.js";
import { isDisplayName, personView, tellPerson, totpBound, type IdentityDeps } from "./identity-deps.js";
import { checkNewPassword } from "./password-rules.js";
import { readPublicKey } from "./public-key.js";
import { standing } from "./standing.js";

const MOST_KEYS = 20;
const SIGN_INS_SHOWN = 20;

/** The person behind an actor that may still act. */
async function self(deps: IdentityDeps, actor: Actor): Promise<Person | undefined> {
  const now = await standing(deps.database.read, actor);
  return now === undefined ? undefined : deps.database.read.people.get(now.personId);
}

/** Counts a try like a sign-in does, so that a stolen cookie is no way to guess password or code. */
async function proven(
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
    sealed: person.totpSealed,
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

async function appendOwn(
  tx: Stores,
  actor: Actor,
  verb:
    "person.sign-in-failed" | "person.password-changed" | "person.changed" | "person.key-added" | "person.key-retired",
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

/** What a step must still find: the same person, and the code unused. */
function unused(person: Person, step: number): Parameters<Stores["people"]["update"]>[2] {
  return { state: "active", credentialEpoch: person.credentialEpoch, totpLastStep: { lt: step } };
}

/** Ends every page session and connection of the person, this one too. */
export async function changePassword(
  deps: IdentityDeps,
  actor: Actor,
  input: Parameters<IdentityUseCases["changePassword"]>[1],
): Promise<Outcome<void>> {
  const person = await self(deps, actor);
  if (person === undefined) return refused("unauthenticated");
  const acceptable = checkNewPassword(person.login, input.next);
  if (!acceptable.ok) return refused("weak-password", { field: "next" });
  if (input.next === input.current) return refused("weak-password", { field: "next" });
  const step = await proven(deps, actor, person, { password: input.current, code: input.code });
  if (!step.ok) return step;
  const patch = {
    passwordHash: await deps.vault.hashPassword(input.next),
    passwordChangedAt: deps.clock.now(),
    totpLastStep: step.value,
    credentialEpoch: person.credentialEpoch + 1,
  };
  const changed = await deps.database.write(async (tx) => {
    if (!(await tx.people.update(person.id, patch, unused(person, step.value)))) return false;
    await appendOwn(tx, actor, "person.password-changed");
    return true;
  });
  if (!changed) return refused("sign-in-refused");
  tellPerson(deps, person.id);
  return done(undefined);
}

export async function setLocale(deps: IdentityDeps, actor: Actor, locale: Locale): Promise<Outcome<void>> {
  return deps.database.write(async (tx): Promise<Outcome<void>> => {
    if ((await standing(tx, actor)) === undefined) return refused("unauthenticated");
    await tx.people.update(actor.personId, { locale });
    await appendOwn(tx, actor, "person.changed", { locale });
    return done(undefined);
  });
}

/** A key that is registered by anyone is refused as `conflict`. */
export async function addKey(
  deps: IdentityDeps,
  actor: Actor,
  input: Parameters<IdentityUseCases["addKey"]>[1],
): Promise<Outcome<PersonKey>> {
  const key = readPublicKey(input.publicKey);
  if (key === undefined) return refused("invalid-input", { field: "publicKey" });
  if (!isDisplayName(input.name)) return refused("invalid-input", { field: "name" });
  const person = await self(deps, actor);
  if (person === undefined) return refused("unauthenticated");
  const step = await proven(deps, actor, person, { code: input.code });
  if (!step.ok) return step;
  const row: PersonKey = {
    id: asId<PersonKeyId>(deps.ids.next()),
    personId: person.id,
    name: input.name,
    publicKey: key.line,
    fingerprint: key.fingerprint,
    createdAt: deps.clock.now(),
    retiredAt: null,
  };
  const added = deps.database.write(async (tx): Promise<Outcome<PersonKey>> => {
    if (!(await tx.people.update(person.id, { totpLastStep: step.value }, unused(person, step.value)))) {
      return refused("sign-in-refused");
    }
    const held = await tx.personKeys.count({ personId: person.id, retiredAt: null });
    if (held >= MOST_KEYS) return refused("conflict", { field: "publicKey" });
    await tx.personKeys.insert(row);
    await appendOwn(tx, actor, "person.key-added", { fingerprint: row.fingerprint, name: row.name });
    return done(row);
  });
  return added.catch((error: unknown): Outcome<PersonKey> => {
    if (error instanceof GatehouseError && error.code === "conflict")
      return refused("conflict", { field: "publicKey" });
    throw error;
  });
}

export async function retireKey(deps: IdentityDeps, actor: Actor, id: PersonKeyId): Promise<Outcome<void>> {
  return deps.database.write(async (tx): Promise<Outcome<void>> => {
    if ((await standing(tx, actor)) === undefined) return refused("unauthenticated");
    const expect = { personId: actor.personId, retiredAt: null };
    const key = await tx.personKeys.get(id);
    if (!(await tx.personKeys.update(id, { retiredAt: deps.clock.now() }, expect))) return refused("not-found");
    await appendOwn(tx, actor, "person.key-retired", { fingerprint: key?.fingerprint ?? "" });
    return done(undefined);
  });
}

/** Rejects with `unauthenticated` when the actor may not act any more. */
export async function me(deps: IdentityDeps, actor: Actor): ReturnType<IdentityUseCases["me"]> {
  const { read } = deps.database;
  const person = await self(deps, actor);
  if (person === undefined) throw new GatehouseError("unauthenticated", "the person may not act any more");
  const keys = await read.personKeys.find({ personId: person.id, retiredAt: null }, { orderBy: "createdAt" });
  const events = await read.audit.find(
    { objectId: person.id, verb: { in: ["person.signed-in", "person.sign-in-failed"] } },
    { orderBy: "at", descending: true, limit: SIGN_INS_SHOWN },
  );
  const signIns = events.map(({ at, verb, leaf }) => {
    const { source } = JSON.parse(leaf) as { readonly source: string | null };
    return { at, source, ok: verb === "person.signed-in" };
  });
  return { ...(await personView(read, person)), keys, signIns };
}
