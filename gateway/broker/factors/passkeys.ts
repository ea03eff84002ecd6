/**
 * A person's own passkeys: several, each with a name of his choice. Adding one asks for a recent second factor; an authenticator
 * that is registered already, with anybody, is refused.
 */
import {
  asId,
  done,
  GatehouseError,
  refused,
  sanitise,
  type Actor,
  type Outcome,
  type Passkey,
  type PasskeyId,
  type Stores,
} from "../../domain/index.js";
import type { Ceremony, FactorUseCases, PasskeyView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { isDisplayName, tellPerson } from "../identity-deps.js";
import { pageActor } from "../issue-ticket.js";
import { appendOwn } from "../own-proof.js";
import { standing } from "../standing.js";
import { requireStepUp } from "../step-up.js";
import { openChallenge, spendChallenge } from "./challenges.js";
import { passkeySite, passkeysOf, type ProofDeps } from "./passkey-proof.js";

export const MOST_PASSKEYS = 20;

type Deps = ProofDeps & Pick<BrokerDeps, "policy">;
const REGISTRATION = "passkey-registration";

/** What is shown of a passkey. */
export function passkeyView(passkey: Passkey): PasskeyView {
  const { publicKey: _key, counter: _counter, ...view } = passkey;
  return view;
}

/** See `FactorUseCases.beginPasskey`. */
export async function beginPasskey(deps: Deps, actor: Actor): Promise<Outcome<Ceremony>> {
  const { read } = deps.database;
  const person = await pageActor(read, actor);
  if (!person.ok) return person;
  const site = passkeySite(deps.config.publicUrl);
  if (site === undefined) return refused("passkey-refused", { field: "publicUrl" });
  const recent = await requireStepUp(read, deps.clock, deps.policy, actor);
  if (!recent.ok) return recent;
  const { personId, webSessionId, login, displayName } = person.value;
  const own = await passkeysOf(read, personId);
  if (own.length >= MOST_PASSKEYS) return refused("conflict", { field: "name" });
  const { handle, challenge } = await openChallenge(deps, { purpose: REGISTRATION, personId, webSessionId });
  const shown = { id: personId, login, displayName };
  const options = await deps.vault.passkeys.registrationOptions({ site, challenge, person: shown, exclude: own });
  return done({ handle, options });
}

/** See `FactorUseCases.addPasskey`. */
export async function addPasskey(
  deps: Deps,
  actor: Actor,
  input: Parameters<FactorUseCases["addPasskey"]>[1],
): Promise<Outcome<PasskeyView>> {
  if (!isDisplayName(input.name)) return refused("invalid-input", { field: "name" });
  const added = await deps.database.write((tx) => addIn(deps, tx, actor, input)).catch(asConflict);
  if (added.ok) tellPerson(deps, added.value.personId);
  return added;
}

/** An authenticator that is registered already meets the schema: nothing was written. */
function asConflict(error: unknown): Outcome<PasskeyView> {
  if (error instanceof GatehouseError && error.code === "conflict") return refused("conflict", { field: "response" });
  throw error;
}

async function addIn(
  deps: Deps,
  tx: Stores,
  actor: Actor,
  input: Parameters<FactorUseCases["addPasskey"]>[1],
): Promise<Outcome<PasskeyView>> {
  const person = await pageActor(tx, actor);
  if (!person.ok) return person;
  const site = passkeySite(deps.config.publicUrl);
  const { personId, webSessionId } = person.value;
  const now = deps.clock.now();
  const challenge = await spendChallenge(tx, now, input.handle, { purpose: REGISTRATION, personId, webSessionId });
  if (site === undefined || challenge === undefined) return notTaken(tx, actor, "challenge");
  const verdict = await deps.vault.passkeys.verifyRegistration({ site, challenge, response: input.response });
  if (verdict.kind === "refused") return notTaken(tx, actor, verdict.why);
  if ((await tx.passkeys.count({ personId, retiredAt: null })) >= MOST_PASSKEYS)
    return refused("conflict", { field: "name" });
  const { id, publicKey, counter, transports, backedUp } = verdict;
  if ((await tx.passkeys.get(asId(id))) !== undefined) {
    await notTaken(tx, actor, "known-passkey");
    return refused("conflict", { field: "response" });
  }
  const row: Passkey = {
    id: asId<PasskeyId>(id),
    personId,
    name: input.name,
    publicKey,
    counter,
    transports,
    backedUp,
    createdAt: now,
    lastUsedAt: null,
    retiredAt: null,
  };
  await tx.passkeys.insert(row);
  await appendOwn(tx, actor, "person.passkey-added", { passkey: row.id, name: row.name });
  return done(passkeyView(row));
}

/** Written down with why, which the browser does not read. */
async function notTaken(tx: Pick<Stores, "audit">, actor: Actor, why: string): Promise<ReturnType<typeof refused>> {
  await appendOwn(tx, actor, "person.sign-in-failed", { via: REGISTRATION, why: sanitise(why) });
  return refused("passkey-refused");
}

/** See `FactorUseCases.listPasskeys`: newest first, retired ones too. */
export async function listPasskeys(
  deps: Pick<Deps, "database">,
  actor: Actor,
): Promise<Outcome<readonly PasskeyView[]>> {
  const { read } = deps.database;
  if ((await standing(read, actor)) === undefined) return refused("unauthenticated");
  const { personId } = actor;
  return done((await read.passkeys.find({ personId }, { orderBy: "createdAt", descending: true })).map(passkeyView));
}

/** See `FactorUseCases.renamePasskey`. */
export async function renamePasskey(
  deps: Pick<Deps, "database">,
  actor: Actor,
  id: PasskeyId,
  name: string,
): Promise<Outcome<PasskeyView>> {
  if (!isDisplayName(name)) return refused("invalid-input", { field: "name" });
  return deps.database.write(async (tx): Promise<Outcome<PasskeyView>> => {
    if ((await standing(tx, actor)) === undefined) return refused("unauthenticated");
    const own = { personId: actor.personId, retiredAt: null };
    const passkey = await tx.passkeys.get(id);
    if (passkey === undefined || !(await tx.passkeys.update(id, { name }, own))) return refused("not-found");
    await appendOwn(tx, actor, "person.changed", { passkey: id, name });
    return done(passkeyView({ ...passkey, name }));
  });
}
