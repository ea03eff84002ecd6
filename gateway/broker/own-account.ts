/**
 * What a signed-in person does to himself: his password, language and SSH keys. What weakens or widens a way in asks for a fresh
 * one-time code, which is used up by it.
 */
import {
  asId,
  done,
  GatehouseError,
  refused,
  type Actor,
  type Locale,
  type Outcome,
  type PersonKey,
  type PersonKeyId,
} from "../domain/index.js";
import type { IdentityUseCases } from "./broker.js";
import { isDisplayName, tellPerson, type IdentityDeps } from "./identity-deps.js";
import { appendOwn, proven, self, unused } from "./own-proof.js";
import { checkNewPassword, refuseFormer, rememberPassword } from "./password-rules.js";
import { readPublicKey } from "./public-key.js";
import { signInRules } from "./sign-in-rules.js";
import { standing } from "./standing.js";
import { endPages } from "./web-session.js";

const MOST_KEYS = 20;

/**
 * Ends every page session, connection and device key of the person, this one too. `weak-password` for one that policy refuses,
 * that is tried first, or that he had before.
 */
export async function changePassword(
  deps: IdentityDeps,
  actor: Actor,
  input: Parameters<IdentityUseCases["changePassword"]>[1],
): Promise<Outcome<void>> {
  const person = await self(deps, actor);
  if (person === undefined) return refused("unauthenticated");
  if (person.passwordAt !== "here") return refused("forbidden");
  const rules = (await signInRules(deps.database.read, deps.policy)).password;
  const acceptable = await checkNewPassword(deps.vault, rules, person.login, input.next);
  if (!acceptable.ok) return refused("weak-password", { field: "next" });
  const step = await proven(deps, actor, person, { password: input.current, code: input.code });
  if (!step.ok) return step;
  const fresh = await refuseFormer({ vault: deps.vault, stores: deps.database.read }, rules, person, input.next);
  if (!fresh.ok) return refused("weak-password", { field: "next" });
  const now = deps.clock.now();
  const patch = {
    passwordHash: await deps.vault.hashPassword(input.next),
    passwordChangedAt: now,
    totpLastStep: step.value,
    credentialEpoch: person.credentialEpoch + 1,
  };
  const changed = await deps.database.write(async (tx) => {
    if (!(await tx.people.update(person.id, patch, unused(person, step.value)))) return false;
    await rememberPassword(deps, tx, person, patch.passwordHash);
    await endPages(tx, person.id, now);
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

/** A key that is or was anyone's is refused as `conflict`, also one of a device: that one opened without a code. */
export async function addKey(
  deps: IdentityDeps,
  actor: Actor,
  input: Parameters<IdentityUseCases["addKey"]>[1],
): Promise<Outcome<PersonKey>> {
  const key = readPublicKey(input.publicKey);
  if (key === undefined) return refused("invalid-input", { field: "publicKey" });
  if (!isDisplayName(input.name)) return refused("invalid-input", { field: "name" });
  const now = await standing(deps.database.read, actor);
  const person = now === undefined ? undefined : await deps.database.read.people.get(now.personId);
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
    const ofDevices = await tx.deviceKeys.count({ fingerprint: row.fingerprint });
    if (held >= MOST_KEYS || ofDevices > 0) return refused("conflict", { field: "publicKey" });
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
