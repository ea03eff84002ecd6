/**
 * Device keys: made by `gatehouse login`, approved by a passkey, good for the working day. A fresh signature by one stands for both
 * factors, so it is bound to its person's epoch and to the address it was made at, and no key is ever registered twice: not
 * one that somebody enrolled, not one that was retired.
 */
import {
  asId,
  done,
  refused,
  type Actor,
  type DeviceKey,
  type DeviceKeyId,
  type Outcome,
  type PasskeyId,
  type Person,
  type PersonId,
  type Stores,
  type TerminalApproval,
} from "../../domain/index.js";
import type { SignInPolicy } from "../../policy/index.js";
import { isAhead } from "../clock-skew.js";
import { notice } from "../notices.js";
import { readPublicKey, type PublicKeyLine } from "../public-key.js";
import { covers, scopeOf } from "../scope.js";
import { standing } from "../standing.js";
import type { TerminalDeps } from "./terminal-deps.js";

const MOST_KEYS = 10;
const SHOWN = 50;

/** Ed25519 and ECDSA alone: what `gatehouse login` makes, and what signs quickly. */
export function readDeviceKey(text: string): PublicKeyLine | undefined {
  const key = readPublicKey(text);
  return key === undefined || key.line.startsWith("ssh-rsa ") ? undefined : key;
}

/** Registers the key of an approved login, in the approval's transaction. `conflict` for a key that is or was somebody's, or one too many. */
export async function addDeviceKey(
  deps: Pick<TerminalDeps, "ids" | "calendar">,
  tx: Stores,
  row: TerminalApproval & { readonly passkeyId: PasskeyId },
  person: Pick<Person, "id" | "credentialEpoch">,
  rules: SignInPolicy["deviceKeys"],
  now: number,
): Promise<Outcome<DeviceKey>> {
  const read = readDeviceKey(row.publicKey ?? "");
  if (read === undefined || !rules.allowed) return refused("device-key-refused");
  const { fingerprint } = read;
  const known = (await tx.personKeys.count({ fingerprint })) + (await tx.deviceKeys.count({ fingerprint }));
  const live = await tx.deviceKeys.count({ personId: person.id, retiredAt: null, expiresAt: { gt: now } });
  if (known > 0 || live >= MOST_KEYS) return refused("conflict");
  const key: DeviceKey = {
    id: asId<DeviceKeyId>(deps.ids.next()),
    personId: person.id,
    name: row.subject,
    publicKey: read.line,
    fingerprint,
    sourceAddress: row.sourceAddress,
    credentialEpoch: person.credentialEpoch,
    passkeyId: row.passkeyId,
    createdAt: now,
    expiresAt: Math.min(now + rules.longestMs, deps.calendar.nextTime(rules.until, now)),
    lastUsedAt: null,
    retiredAt: null,
  };
  await tx.deviceKeys.insert(key);
  await tx.audit.append({
    verb: "person.device-key-added",
    actorId: person.id,
    object: { kind: "person", id: person.id },
    sourceAddress: row.sourceAddress,
    detail: { deviceKey: key.id, fingerprint, name: key.name, expiresAt: key.expiresAt, passkey: key.passkeyId },
  });
  return done(key);
}

/** Whether it opens now, whoever asks: neither retired nor over nor used by a later clock, and its person's epoch did not rise. */
export function deviceKeyStands(key: DeviceKey, person: Pick<Person, "id" | "credentialEpoch">, now: number): boolean {
  return (
    key.personId === person.id &&
    key.retiredAt === null &&
    now < key.expiresAt &&
    !isAhead(key.lastUsedAt ?? key.createdAt, now) &&
    key.credentialEpoch === person.credentialEpoch
  );
}

interface Retiring {
  readonly now: number;
  readonly by: PersonId;
  readonly sourceAddress: string;
  readonly why: "asked" | "signed-out" | "passkey-retired";
}

/** Retires a key that is not retired, with its event; says whether it was this call that did. */
export async function retireKey(
  tx: Stores,
  key: DeviceKey,
  { now, by, sourceAddress, why }: Retiring,
): Promise<boolean> {
  if (!(await tx.deviceKeys.update(key.id, { retiredAt: now }, { retiredAt: null }))) return false;
  await tx.audit.append({
    verb: "person.device-key-retired",
    actorId: by,
    object: { kind: "person", id: key.personId },
    sourceAddress,
    decidedBy: why,
    detail: { deviceKey: key.id, fingerprint: key.fingerprint },
  });
  return true;
}

/** The owner's pages, and the live sessions that the key opened. */
export function tellOwner(deps: Pick<TerminalDeps, "notify">, key: DeviceKey): void {
  deps.notify(notice("people", key.personId, [key.personId], [], ["security"]));
}

/** See `FactorUseCases.listDeviceKeys`. */
export async function listDeviceKeys(
  deps: Pick<TerminalDeps, "database">,
  actor: Actor,
): Promise<Outcome<readonly DeviceKey[]>> {
  const person = await standing(deps.database.read, actor);
  if (person === undefined) return refused("unauthenticated");
  const newest = { orderBy: "createdAt", descending: true, limit: SHOWN } as const;
  return done(await deps.database.read.deviceKeys.find({ personId: person.personId }, newest));
}

/** One's own, or anybody's within the scope of a security administrator; any other is `not-found`. */
export async function retireDeviceKey(
  deps: Pick<TerminalDeps, "database" | "clock" | "notify">,
  actor: Actor,
  id: DeviceKeyId,
): Promise<Outcome<void>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<DeviceKey>> => {
    const person = await standing(tx, actor);
    if (person === undefined) return refused("unauthenticated");
    const key = await tx.deviceKeys.get(id);
    if (key === undefined || !(await mayRetire(tx, person, key))) return refused("not-found");
    const { sourceAddress } = actor;
    const retiring = { now: deps.clock.now(), by: person.personId, sourceAddress, why: "asked" } as const;
    return (await retireKey(tx, key, retiring)) ? done(key) : refused("not-found");
  });
  if (!outcome.ok) return outcome;
  tellOwner(deps, outcome.value);
  return done(undefined);
}

async function mayRetire(tx: Stores, actor: Actor, key: DeviceKey): Promise<boolean> {
  if (key.personId === actor.personId) return true;
  const owner = await tx.people.get(key.personId);
  return owner !== undefined && covers(await scopeOf(tx, actor, ["security"]), owner.unitId);
}

const KEPT_MS = 25 * 3_600_000;

/** Forgets links that were over a day ago: until then the token of a login ends the key that came of it. */
export async function sweepTerminals(deps: Pick<TerminalDeps, "database" | "clock">): Promise<void> {
  const before = deps.clock.now() - KEPT_MS;
  if ((await deps.database.read.terminalApprovals.count({ expiresAt: { lt: before } })) === 0) return;
  await deps.database.write((tx) => tx.terminalApprovals.removeOlder(before));
}
