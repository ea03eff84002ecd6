/**
 * The waiting side of a browser's word: the SSH door until it may let the person in, `gatehouse login` until its key stands. What was
 * approved is good once, and only while the person is as he was when the wait began.
 */
import {
  done,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type Stores,
  type TerminalApproval,
  type TerminalApprovalId,
} from "../../domain/index.js";
import type { FactorUseCases } from "../broker.js";
import { actorOf, isEnrolled } from "../identity-deps.js";
import { hashOfToken } from "../secrets-shown-once.js";
import { retireKey, tellOwner } from "./device-keys.js";
import type { TerminalDeps } from "./terminal-deps.js";
import { decidedTerminal, isOver, withdrawTerminal } from "./terminal-waits.js";

type Polled = Awaited<ReturnType<FactorUseCases["pollDeviceKey"]>>;

/** See `FactorUseCases.awaitTerminal`. A wait that ends without a person takes the link with it. */
export async function awaitTerminal(
  deps: TerminalDeps,
  id: TerminalApprovalId,
  signal: AbortSignal,
): Promise<Outcome<Actor>> {
  const began = await personOf(deps.database.read, await deps.database.read.terminalApprovals.get(id));
  const row = await decidedTerminal(deps, id, signal);
  const approved = row?.state === "approved" && row.purpose === "ssh" && !signal.aborted ? row : undefined;
  const actor = await deps.database.write(async (tx) => {
    const letInNow = approved === undefined ? undefined : await letIn(deps, tx, approved, began);
    if (letInNow === undefined) await withdrawTerminal(tx, id, deps.clock.now());
    return letInNow;
  });
  if (actor === undefined) return refused("terminal-approval-refused");
  deps.throttle.succeeded(actor.login, actor.sourceAddress);
  return done(actor);
}

async function personOf(
  stores: Pick<Stores, "people">,
  row: TerminalApproval | undefined,
): Promise<Person | undefined> {
  return row?.personId == null ? undefined : stores.people.get(row.personId);
}

/** Uses the approval up and lets the person in, or neither. An epoch that rose since the wait began ends it, as does the passkey's end. */
async function letIn(
  deps: TerminalDeps,
  tx: Stores,
  row: TerminalApproval,
  began: Person | undefined,
): Promise<Actor | undefined> {
  const now = deps.clock.now();
  const person = await personOf(tx, row);
  if (person === undefined || began === undefined || person.credentialEpoch !== began.credentialEpoch) return undefined;
  if (person.state !== "active" || !isEnrolled(person) || isOver(row, now)) return undefined;
  const { passkeyId } = row;
  if (passkeyId === null || (await tx.passkeys.get(passkeyId))?.retiredAt !== null) return undefined;
  if (!(await tx.terminalApprovals.update(row.id, { state: "used" }, { state: "approved" }))) return undefined;
  const expect = { state: "active", credentialEpoch: person.credentialEpoch } as const;
  const seen = { failures: 0, lastFailureAt: null, lastSignInAt: now };
  if (!(await tx.people.update(person.id, seen, expect))) return undefined;
  await tx.audit.append({
    verb: "person.signed-in",
    actorId: person.id,
    actorName: person.login,
    object: { kind: "person", id: person.id },
    sourceAddress: row.sourceAddress,
    detail: { via: "ssh-browser", terminal: row.id, passkey: passkeyId },
  });
  return { ...(await actorOf(tx, person, row.sourceAddress)), passkeyId };
}

/** See `FactorUseCases.pollDeviceKey`. */
export async function pollDeviceKey(deps: TerminalDeps, pollToken: string, signal?: AbortSignal): Promise<Polled> {
  const found = await byToken(deps.database.read, pollToken);
  if (found === undefined) return refused("not-found");
  const row = signal === undefined ? found : await decidedTerminal(deps, found.id, signal);
  if (row?.state === "pending" && !isOver(row, deps.clock.now())) return done({ state: "pending" });
  if (row?.state !== "approved") return refused("terminal-approval-refused");
  const key = await keyOf(deps.database.read, row);
  const person = await personOf(deps.database.read, row);
  if (key === undefined || key.retiredAt !== null || person === undefined) return refused("terminal-approval-refused");
  return done({ state: "done", key, login: person.login });
}

async function byToken(
  stores: Pick<Stores, "terminalApprovals">,
  token: string,
): Promise<TerminalApproval | undefined> {
  const pollHash = hashOfToken(token);
  if (pollHash === undefined) return undefined;
  const [row] = await stores.terminalApprovals.find({ pollHash }, { limit: 1 });
  return row;
}

/** The key that came of a login on a device. */
async function keyOf(stores: Pick<Stores, "deviceKeys">, row: TerminalApproval) {
  if (row.publicKey === null || row.personId === null) return undefined;
  const [key] = await stores.deviceKeys.find({ publicKey: row.publicKey, personId: row.personId }, { limit: 1 });
  return key;
}

/** See `FactorUseCases.endDeviceLogin`. */
export async function endDeviceLogin(
  deps: TerminalDeps,
  pollToken: string,
  sourceAddress: string,
): Promise<Outcome<void>> {
  // Looked up first: who guesses tokens makes nobody wait for his turn to write.
  if ((await byToken(deps.database.read, pollToken)) === undefined) return refused("not-found");
  const now = deps.clock.now();
  const ended = await deps.database.write(async (tx) => {
    const row = await byToken(tx, pollToken);
    if (row === undefined) return undefined;
    const key = row.state === "approved" ? await keyOf(tx, row) : undefined;
    if (key !== undefined) await retireKey(tx, key, { now, by: key.personId, sourceAddress, why: "signed-out" });
    await withdrawTerminal(tx, row.id, now);
    return { row, key };
  });
  if (ended === undefined) return refused("not-found");
  deps.waits.decided(ended.row.id);
  if (ended.key !== undefined) tellOwner(deps, ended.key);
  return done(undefined);
}
