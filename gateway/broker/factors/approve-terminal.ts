/**
 * The browser's side of a waiting terminal: what waits, yes with number and passkey, or no. Only the person whose login was typed
 * finds it; for anybody else, and for any code that is none, there is nothing there.
 */
import {
  GatehouseError,
  done,
  refused,
  type Actor,
  type DeviceKey,
  type ErrorCode,
  type Outcome,
  type PasskeyId,
  type Stores,
  type TerminalApproval,
} from "../../domain/index.js";
import type { SignInPolicy } from "../../policy/index.js";
import type { FactorUseCases } from "../broker.js";
import { pageActor, type PageActor } from "../issue-ticket.js";
import { readPublicKey } from "../public-key.js";
import { signInRules } from "../sign-in-rules.js";
import { addDeviceKey, tellOwner } from "./device-keys.js";
import { hashOfTerminalCode, isSamePlace } from "./terminal-codes.js";
import type { TerminalDeps } from "./terminal-deps.js";
import { isOver } from "./terminal-waits.js";

const MOST_TRIES = 3;

type Question = Awaited<ReturnType<FactorUseCases["terminalQuestion"]>>;
type Approval = Parameters<FactorUseCases["approveTerminal"]>[1];

/** See `FactorUseCases.terminalQuestion`. */
export async function terminalQuestion(deps: TerminalDeps, actor: Actor, code: string): Promise<Question> {
  const { read } = deps.database;
  const person = await pageActor(read, actor);
  if (!person.ok) return person;
  const row = await waitingFor(deps, read, person.value, code);
  if (row === undefined) return refused("not-found");
  const { personId, webSessionId } = person.value;
  const ceremony = await deps.passkeys.begin({ purpose: "terminal", personId, webSessionId });
  if (!ceremony.ok) return ceremony;
  const { id, purpose, subject, sourceAddress, expiresAt } = row;
  return done({
    id,
    purpose,
    subject,
    sourceAddress,
    sameAddress: isSamePlace(sourceAddress, actor.sourceAddress),
    keyFingerprint: row.publicKey === null ? null : (readPublicKey(row.publicKey)?.fingerprint ?? null),
    expiresAt,
    ceremony: ceremony.value,
  });
}

/** What waits under this code for exactly this person. */
async function waitingFor(
  deps: Pick<TerminalDeps, "clock">,
  stores: Pick<Stores, "terminalApprovals">,
  person: Actor,
  code: string,
): Promise<TerminalApproval | undefined> {
  const codeHash = hashOfTerminalCode(code);
  if (codeHash === undefined) return undefined;
  const [row] = await stores.terminalApprovals.find({ codeHash }, { limit: 1 });
  const waits = row?.personId === person.personId && row.state === "pending" && !isOver(row, deps.clock.now());
  return waits ? row : undefined;
}

/** What the transaction came to; a refusal commits what it counted. */
type Decided =
  | { readonly ok: true; readonly row: TerminalApproval; readonly key: DeviceKey | null }
  | { readonly ok: false; readonly code: ErrorCode; readonly field?: string; readonly ended?: TerminalApproval };

/** See `FactorUseCases.approveTerminal`. A wrong number is counted before the passkey is looked at, so that the ceremony is good for the next try. */
export async function approveTerminal(deps: TerminalDeps, actor: Actor, input: Approval): Promise<Outcome<void>> {
  const rules = await signInRules(deps.database.read, deps.policy);
  const decided = await deps.database.write((tx) => decide(deps, tx, actor, input, rules)).catch(asConflict);
  const row = decided.ok ? decided.row : decided.ended;
  if (row !== undefined) deps.waits.decided(row.id);
  if (!decided.ok) return refused(decided.code, decided.field === undefined ? {} : { field: decided.field });
  if (decided.key === null) return done(undefined);
  // A terminal's own wait takes its try back; a login on a device ends here.
  deps.throttle.succeeded(decided.row.login, decided.row.sourceAddress);
  tellOwner(deps, decided.key);
  return done(undefined);
}

/** Two logins with one key at the same time meet the schema: nothing of the second was written. */
function asConflict(error: unknown): Decided {
  if (error instanceof GatehouseError && error.code === "conflict") return { ok: false, code: "conflict" };
  throw error;
}

async function decide(
  deps: TerminalDeps,
  tx: Stores,
  actor: Actor,
  input: Approval,
  rules: SignInPolicy,
): Promise<Decided> {
  const person = await pageActor(tx, actor);
  if (!person.ok) return person;
  const row = await waitingFor(deps, tx, person.value, input.code);
  if (row === undefined) return { ok: false, code: "not-found" };
  if (!rules.terminal.otherAddress && !isSamePlace(row.sourceAddress, actor.sourceAddress)) {
    await append(tx, actor, row, "person.terminal-refused", "other-address");
    return { ok: false, code: "terminal-approval-refused" };
  }
  if (input.number !== row.number) return wrongNumber(deps, tx, actor, row);
  const { handle, response } = input;
  const { personId, webSessionId } = person.value;
  const proof = await deps.passkeys.verify(tx, { handle, response, purpose: "terminal", personId, webSessionId });
  if (!proof.ok) return { ok: false, code: proof.code };
  return approve(deps, tx, person.value, { ...row, passkeyId: proof.value }, rules);
}

/** Of tries made at once each needs a count of its own, so that three are three. */
async function wrongNumber(
  deps: Pick<TerminalDeps, "clock">,
  tx: Stores,
  actor: Actor,
  row: TerminalApproval,
): Promise<Decided> {
  const tries = row.tries + 1;
  const isLast = tries >= MOST_TRIES;
  const end = isLast ? ({ state: "refused", decidedBy: actor.personId, decidedAt: deps.clock.now() } as const) : {};
  const counted = await tx.terminalApprovals.update(row.id, { tries, ...end }, { state: "pending", tries: row.tries });
  if (!counted) return { ok: false, code: "stale" };
  if (!isLast) return { ok: false, code: "terminal-approval-refused", field: "number" };
  await append(tx, actor, row, "person.terminal-refused", "wrong-number");
  return { ok: false, code: "terminal-approval-refused", ended: row };
}

async function approve(
  deps: TerminalDeps,
  tx: Stores,
  person: PageActor,
  row: TerminalApproval & { readonly passkeyId: PasskeyId },
  rules: SignInPolicy,
): Promise<Decided> {
  const now = deps.clock.now();
  const { passkeyId } = row;
  const patch = { state: "approved", decidedBy: person.personId, decidedAt: now, passkeyId } as const;
  const expect = { state: "pending", tries: row.tries, expiresAt: { gt: now } } as const;
  if (row.purpose === "ssh") {
    if (!(await tx.terminalApprovals.update(row.id, patch, expect))) return { ok: false, code: "not-found" };
    await append(tx, person, row, "person.terminal-approved", "passkey");
    return { ok: true, row, key: null };
  }
  const owner = { id: person.personId, credentialEpoch: person.credentialEpoch };
  const key = await addDeviceKey(deps, tx, row, owner, rules.deviceKeys, now);
  const state = key.ok ? patch : ({ ...patch, state: "refused" } as const);
  if (!(await tx.terminalApprovals.update(row.id, state, expect)))
    throw new GatehouseError("conflict", "the login was decided meanwhile");
  if (key.ok) {
    await append(tx, person, row, "person.terminal-approved", "passkey");
    return { ok: true, row, key: key.value };
  }
  await append(tx, person, row, "person.terminal-refused", key.code);
  return { ok: false, code: key.code, ended: row };
}

/** See `FactorUseCases.refuseTerminal`. */
export async function refuseTerminal(deps: TerminalDeps, actor: Actor, code: string): Promise<Outcome<void>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<TerminalApproval>> => {
    const person = await pageActor(tx, actor);
    if (!person.ok) return person;
    const row = await waitingFor(deps, tx, person.value, code);
    const patch = { state: "refused", decidedBy: actor.personId, decidedAt: deps.clock.now() } as const;
    if (row === undefined || !(await tx.terminalApprovals.update(row.id, patch, { state: "pending" })))
      return refused("not-found");
    await append(tx, actor, row, "person.terminal-refused", "person");
    return done(row);
  });
  if (!outcome.ok) return outcome;
  deps.waits.decided(outcome.value.id);
  return done(undefined);
}

async function append(
  tx: Stores,
  actor: Actor,
  row: TerminalApproval,
  verb: "person.terminal-approved" | "person.terminal-refused",
  decidedBy: string,
): Promise<void> {
  await tx.audit.append({
    verb,
    actorId: actor.personId,
    actorName: actor.login,
    object: { kind: "person", id: actor.personId },
    sourceAddress: actor.sourceAddress,
    decidedBy,
    detail: { terminal: row.id, purpose: row.purpose, subject: row.subject, terminalAddress: row.sourceAddress },
  });
}
