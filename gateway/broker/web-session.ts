/**
 * Page sessions: an opaque cookie of 256 bits, known here only by its hash; unused and in all they last as long as policy says, and
 * are dead with the epoch they were made under. Each sign-in makes a new one and ends the one it replaces.
 */
import {
  asId,
  done,
  refused,
  type Actor,
  type Outcome,
  type PasskeyId,
  type Person,
  type PersonId,
  type Stores,
  type WebSession,
  type WebSessionId,
} from "../domain/index.js";
import type { SignInPolicy } from "../policy/index.js";
import type { Authenticate } from "./authenticate.js";
import type { IdentityUseCases, SignIn, WebSignIn } from "./broker.js";
import { isAhead } from "./clock-skew.js";
import { actorOf, isEnrolled, type IdentityDeps } from "./identity-deps.js";
import { mustChangePassword } from "./password-rules.js";
import { hashOfToken, newToken } from "./secrets-shown-once.js";
import { signInRules } from "./sign-in-rules.js";

export const SEEN_EVERY_MS = 60_000;
const LONGEST_AGENT = 256;
const BATCH = 1000;

type Deps = Pick<IdentityDeps, "database" | "clock" | "policy">;

/** The browser that signs in, and what it proved. */
export interface Visit {
  readonly sourceAddress: string;
  readonly userAgent: string;
  /** A cookie to end. */
  readonly previous?: string;
  readonly via: WebSession["via"];
  /** When the second factor was shown, where that was not now but at a provider: null when it does not say. */
  readonly provedAt?: number | null;
}

export interface NewPage {
  readonly id: WebSessionId;
  readonly cookie: string;
  readonly expiresAt: number;
  /** Writes it, in the transaction of the sign-in, with the passkey that was shown. It may run more than once. */
  open(tx: Stores, person: Person, passkeyId?: PasskeyId): Promise<void>;
}

/** A page session that begins now, with a second factor just shown, or shown when the visit says. */
export function newPage(rules: Pick<SignInPolicy, "longestMs">, now: number, visit: Visit): NewPage {
  const cookie = newToken();
  const id = asId<WebSessionId>(cookie.hash);
  const expiresAt = now + rules.longestMs;
  return {
    id,
    cookie: cookie.token,
    expiresAt,
    async open(tx, person, passkeyId) {
      await tx.webSessions.insert({
        id,
        personId: person.id,
        credentialEpoch: person.credentialEpoch,
        createdAt: now,
        lastSeenAt: now,
        expiresAt,
        endedAt: null,
        sourceAddress: visit.sourceAddress,
        userAgent: visit.userAgent.slice(0, LONGEST_AGENT),
        steppedUpAt: visit.provedAt === undefined ? now : Math.min(now, visit.provedAt ?? 0),
        via: visit.via,
        passkeyId: passkeyId ?? null,
      });
      if (visit.previous !== undefined) await endWithEvent(tx, visit.previous, now, "replaced");
    },
  };
}

/** Signs in by password and code (or recovery code) and opens a page session in the same transaction. */
export async function signInWeb(
  deps: Deps,
  authenticate: Authenticate,
  input: Parameters<IdentityUseCases["signInWeb"]>[0],
): Promise<Outcome<WebSignIn>> {
  const rules = await signInRules(deps.database.read, deps.policy);
  const page = newPage(rules, deps.clock.now(), { ...input, via: "password" });
  const signIn: SignIn = { ...input, via: "web" };
  const outcome = await authenticate(signIn, (tx, person) => page.open(tx, person));
  return outcome.ok ? signedIn(deps, page, outcome.value) : outcome;
}

/** What a sign-in answers once its page session is written. */
export async function signedIn(deps: Deps, page: NewPage, actor: Actor): Promise<Outcome<WebSignIn>> {
  const person = await deps.database.read.people.get(actor.personId);
  const { password } = await signInRules(deps.database.read, deps.policy);
  const owes = person !== undefined && mustChangePassword(person, password, deps.clock.now());
  return done({
    actor: { ...actor, webSessionId: page.id, ...(owes ? { mustChangePassword: true } : {}) },
    cookie: page.cookie,
    expiresAt: page.expiresAt,
  });
}

/** The actor behind a cookie, from rows, now. `quietly` does not count as use. */
export async function resume(
  deps: Deps,
  cookie: string,
  sourceAddress: string,
  quietly = false,
): Promise<Outcome<Actor>> {
  const id = hashOfToken(cookie);
  if (id === undefined) return refused("unauthenticated");
  const now = deps.clock.now();
  const session = await deps.database.read.webSessions.get(asId(id));
  if (session === undefined) return refused("unauthenticated");
  const rules = await signInRules(deps.database.read, deps.policy);
  if (!isAlive(session, rules, now)) return refused("unauthenticated");
  const person = await deps.database.read.people.get(session.personId);
  if (person === undefined || person.state !== "active" || !isEnrolled(person)) return refused("unauthenticated");
  if (person.credentialEpoch !== session.credentialEpoch) return refused("unauthenticated");
  if (!quietly && now - session.lastSeenAt >= SEEN_EVERY_MS) {
    const seen = { lastSeenAt: session.lastSeenAt, endedAt: null };
    await deps.database.write((tx) => tx.webSessions.update(session.id, { lastSeenAt: now }, seen));
  }
  const actor = await actorOf(deps.database.read, person, sourceAddress);
  const owes = mustChangePassword(person, rules.password, now);
  return done({ ...actor, webSessionId: session.id, ...(owes ? { mustChangePassword: true } : {}) });
}

/**
 * Of the page sessions named, those that stand: not signed out, not past their longest time. Being unused is not asked: whoever works in
 * a desktop sends the page's server nothing, and the desktop has an idle clock of its own.
 */
export async function standingPages(
  stores: Pick<Stores, "webSessions">,
  ids: readonly WebSessionId[],
  now: number,
): Promise<ReadonlySet<WebSessionId>> {
  const where = { id: { in: [...new Set(ids)] }, endedAt: null, expiresAt: { gt: now } };
  return new Set((await stores.webSessions.find(where, { limit: 1000 })).map((row) => row.id));
}

/** When the page session is over whatever is done in it; `Infinity` where there is none. */
export async function endOfPage(stores: Pick<Stores, "webSessions">, id: WebSessionId | null): Promise<number> {
  const row = id === null ? undefined : await stores.webSessions.get(id);
  return row?.expiresAt ?? Infinity;
}

/** Counts as use of the page session, as a request would; a clock that was set back does not make one younger that it saw before. */
export async function markSeen(deps: Pick<Deps, "database" | "clock">, id: WebSessionId): Promise<void> {
  const lastSeenAt = deps.clock.now();
  await deps.database.write((tx) =>
    tx.webSessions.update(id, { lastSeenAt }, { endedAt: null, lastSeenAt: { lt: lastSeenAt } }),
  );
}

/** Neither signed out, nor too old, nor unused for too long, nor seen by a clock that was set back since; its epoch is not asked here. */
export function isAlive(session: WebSession, rules: Pick<SignInPolicy, "idleMs" | "longestMs">, now: number): boolean {
  if (session.endedAt !== null || now >= session.expiresAt || isAhead(session.lastSeenAt, now)) return false;
  return now - session.createdAt < rules.longestMs && now - session.lastSeenAt < rules.idleMs;
}

/** Ends every page session of a person. What ends them is one event of the caller's. */
export async function endPages(tx: Pick<Stores, "webSessions">, personId: PersonId, now: number): Promise<void> {
  for (;;) {
    const open = await tx.webSessions.find({ personId, endedAt: null }, { limit: BATCH });
    for (const { id } of open) await tx.webSessions.update(id, { endedAt: now }, { endedAt: null });
    if (open.length < BATCH) return;
  }
}

/** Ends the session of a cookie; nothing happens for a cookie that is none. */
export async function signOut(deps: Pick<Deps, "database" | "clock">, cookie: string): Promise<void> {
  await deps.database.write((tx) => endWithEvent(tx, cookie, deps.clock.now(), "asked"));
}

async function endWithEvent(tx: Stores, cookie: string, now: number, why: "asked" | "replaced"): Promise<void> {
  const session = await endSession(tx, cookie, now);
  if (session === undefined) return;
  await tx.audit.append({
    verb: "person.signed-out",
    actorId: session.personId,
    object: { kind: "person", id: session.personId },
    sourceAddress: session.sourceAddress,
    detail: { why },
  });
}

async function endSession(tx: Stores, cookie: string, now: number): Promise<WebSession | undefined> {
  const id = hashOfToken(cookie);
  const session = id === undefined ? undefined : await tx.webSessions.get(asId(id));
  if (session === undefined) return undefined;
  return (await tx.webSessions.update(session.id, { endedAt: now }, { endedAt: null })) ? session : undefined;
}
