/**
 * Retiring one's own passkey, as after a lost laptop: nothing that was obtained by it goes on. Pages it opened, device keys it approved
 * and what either opened end, as do terminals it let in; a second factor counts on no other page any more. Other passkeys keep working.
 */
import {
  done,
  refused,
  RUNNING_STATES,
  type Actor,
  type Outcome,
  type Passkey,
  type PasskeyId,
  type PersonId,
  type Stores,
  type WebSession,
  type WebSessionId,
  type Where,
} from "../../domain/index.js";
import type { PasskeyEnding } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { tellPerson } from "../identity-deps.js";
import { standing } from "../standing.js";
import { retireKey } from "./device-keys.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "notify">;

const BATCH = 1000;

/** See `FactorUseCases.passkeyEnding`. */
export async function passkeyEnding(
  { database: { read }, clock }: Deps,
  actor: Actor,
  id: PasskeyId,
): Promise<Outcome<PasskeyEnding>> {
  if ((await standing(read, actor)) === undefined) return refused("unauthenticated");
  const passkey = await own(read, actor, id);
  if (passkey === undefined) return refused("not-found");
  const now = clock.now();
  const { personId, webSessionId } = actor;
  const here = webSessionId === undefined ? undefined : await read.webSessions.get(webSessionId);
  const pages = await read.webSessions.count({ ...openPages(personId, now), passkeyId: id });
  const others = await read.passkeys.count({ personId, retiredAt: null });
  return done({
    pages: here?.passkeyId === id ? pages - 1 : pages,
    deviceKeys: await read.deviceKeys.count({ passkeyId: id, retiredAt: null, expiresAt: { gt: now } }),
    sessions: await read.sessions.count({ passkeyId: id, state: { in: RUNNING_STATES } }),
    otherPasskeys: others - 1,
  });
}

/** See `FactorUseCases.retirePasskey`. It is in the safe direction and asks for nothing more. */
export async function retirePasskey(deps: Deps, actor: Actor, id: PasskeyId): Promise<Outcome<void>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<void>> => {
    if ((await standing(tx, actor)) === undefined) return refused("unauthenticated");
    const passkey = await own(tx, actor, id);
    const now = deps.clock.now();
    if (passkey === undefined || !(await tx.passkeys.update(id, { retiredAt: now }, { retiredAt: null })))
      return refused("not-found");
    const ended = { pages: await endPagesOf(tx, actor, now, id), deviceKeys: await retireKeysOf(tx, actor, now, id) };
    await tx.audit.append({
      verb: "person.passkey-retired",
      actorId: actor.personId,
      actorName: actor.login,
      object: { kind: "person", id: actor.personId },
      sourceAddress: actor.sourceAddress,
      detail: { passkey: id, name: passkey.name, ...ended },
    });
    return done(undefined);
  });
  if (outcome.ok) tellPerson(deps, actor.personId);
  return outcome;
}

/** One's own that stands. */
async function own(stores: Pick<Stores, "passkeys">, actor: Actor, id: PasskeyId): Promise<Passkey | undefined> {
  const passkey = await stores.passkeys.get(id);
  return passkey?.personId === actor.personId && passkey.retiredAt === null ? passkey : undefined;
}

/** The person's pages that stand, the one it is done in among them. */
function openPages(personId: PersonId, now: number): Where<WebSession> {
  return { personId, endedAt: null, expiresAt: { gt: now } };
}

/** Ends the pages that it opened; on the others, where it may have been the second factor shown again, that counts no more. */
async function endPagesOf(tx: Stores, { personId, webSessionId }: Actor, now: number, id: PasskeyId): Promise<number> {
  const open = openPages(personId, now);
  const ended = await changePages(tx, { ...open, passkeyId: id }, { endedAt: now }, webSessionId);
  await changePages(tx, { ...open, steppedUpAt: { gt: 0 } }, { steppedUpAt: 0 }, webSessionId);
  return ended;
}

/** `change` takes a page out of `where`, so that the next reading finds others. Answers how many there were. */
async function changePages(
  tx: Stores,
  where: Where<WebSession>,
  change: Partial<WebSession>,
  but: WebSessionId | undefined,
): Promise<number> {
  let changed = 0;
  for (;;) {
    const open = await tx.webSessions.find(where, { limit: BATCH });
    const others = open.filter((page) => page.id !== but);
    for (const { id } of others) await tx.webSessions.update(id, change, { endedAt: null });
    changed += others.length;
    if (open.length < BATCH || others.length === 0) return changed;
  }
}

/** Keys whose time is over open nothing; what they opened ends with the passkey itself. */
async function retireKeysOf(tx: Stores, actor: Actor, now: number, passkeyId: PasskeyId): Promise<number> {
  const keys = await tx.deviceKeys.find({ passkeyId, retiredAt: null, expiresAt: { gt: now } });
  const retiring = { now, by: actor.personId, sourceAddress: actor.sourceAddress, why: "passkey-retired" } as const;
  for (const key of keys) await retireKey(tx, key, retiring);
  return keys.length;
}
