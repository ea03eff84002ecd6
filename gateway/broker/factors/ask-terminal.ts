/**
 * A terminal, or `gatehouse login`, asks for a browser's word. Nobody is known yet: whatever login was typed gets a link, after the
 * same work, and only the person it belongs to could open it. How often it may be asked is bounded as sign-ins are, and by
 * how many links wait for one address and in all.
 */
import {
  asId,
  done,
  isPersonLogin,
  refused,
  sanitise,
  type Outcome,
  type Person,
  type Stores,
  type TerminalApproval,
  type TerminalApprovalId,
} from "../../domain/index.js";
import type { FactorUseCases, TerminalWait } from "../broker.js";
import { isEnrolled } from "../identity-deps.js";
import { newToken } from "../secrets-shown-once.js";
import { signInRules } from "../sign-in-rules.js";
import { readDeviceKey } from "./device-keys.js";
import { isKnownPlace } from "./known-place.js";
import { newTerminalCode, newTerminalNumber } from "./terminal-codes.js";
import type { TerminalDeps } from "./terminal-deps.js";

export const TERMINAL_MS = 90_000;
/** Links that wait at once: for one address (an office behind one), for one login from there, and in all. */
const WAITING = { address: 20, login: 3, all: 500 };
const LONGEST_LOGIN = 64;
const LONGEST_SUBJECT = 130;

type Input = Parameters<FactorUseCases["askTerminal"]>[0];
type Asked = TerminalWait & { readonly pollToken: string | null };

/** See `FactorUseCases.askTerminal`. */
export async function askTerminal(deps: TerminalDeps, input: Input): Promise<Outcome<Asked>> {
  const key = input.publicKey === undefined ? undefined : readDeviceKey(input.publicKey);
  if ((input.purpose === "device-key") !== (key !== undefined)) return refused("invalid-input", { field: "publicKey" });
  const rules = await signInRules(deps.database.read, deps.policy);
  if (input.purpose === "device-key" && !rules.deviceKeys.allowed) return refused("device-key-refused");
  const login = isPersonLogin(input.login) ? input.login : "";
  const [person] = await deps.database.read.people.find({ login }, { limit: 1 });
  const admitted = await deps.throttle.begin({
    login: input.login.slice(0, LONGEST_LOGIN),
    address: input.sourceAddress,
    kept: { failures: person?.failures ?? 0, at: person?.lastFailureAt ?? 0 },
    isKnownAddress: () => isKnownPlace(deps.database.read, person?.id, input.sourceAddress),
  });
  if (!admitted.ok) return refused("too-many-tries", { retryAfterMs: admitted.retryAfterMs });
  const code = newTerminalCode();
  const poll = key === undefined ? null : newToken();
  const now = deps.clock.now();
  const row: TerminalApproval = {
    id: asId<TerminalApprovalId>(deps.ids.next()),
    codeHash: code.hash,
    number: newTerminalNumber(),
    login: sanitise(input.login, LONGEST_LOGIN),
    personId: person !== undefined && mayAnswer(person) ? person.id : null,
    sourceAddress: input.sourceAddress,
    purpose: input.purpose,
    subject: sanitise(input.subject, LONGEST_SUBJECT),
    publicKey: key?.line ?? null,
    pollHash: poll?.hash ?? null,
    tries: 0,
    state: "pending",
    createdAt: now,
    expiresAt: now + TERMINAL_MS,
    decidedBy: null,
    decidedAt: null,
    passkeyId: null,
  };
  const written = await deps.database.write((tx) => write(tx, row, now));
  if (!written.ok) return written;
  const url = new URL(`/a/${code.shown}`, deps.config.publicUrl).href;
  const { id, number, expiresAt } = row;
  return done({ id, code: code.shown, url, number, expiresAt, pollToken: poll?.token ?? null });
}

function mayAnswer(person: Person): boolean {
  return person.state === "active" && isEnrolled(person);
}

async function write(tx: Stores, row: TerminalApproval, now: number): Promise<Outcome<void>> {
  const { sourceAddress, login } = row;
  const waiting = { state: "pending", expiresAt: { gt: now } } as const;
  const tooMany =
    (await tx.terminalApprovals.count(waiting)) >= WAITING.all ||
    (await tx.terminalApprovals.count({ ...waiting, sourceAddress })) >= WAITING.address ||
    (await tx.terminalApprovals.count({ ...waiting, sourceAddress, login })) >= WAITING.login;
  if (tooMany) return refused("too-many-tries", { retryAfterMs: TERMINAL_MS });
  await tx.terminalApprovals.insert(row);
  await tx.audit.append({
    verb: "person.terminal-asked",
    actorId: null,
    actorName: login,
    object: { kind: "person", id: row.personId ?? "unknown" },
    sourceAddress,
    detail: { terminal: row.id, purpose: row.purpose, subject: row.subject },
  });
  return done(undefined);
}
