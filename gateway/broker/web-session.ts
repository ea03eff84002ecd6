/**
 * Page sessions: an opaque cookie of 256 bits, known here only by its hash; 12 hours at most, 30 minutes without use, and dead
 * with the epoch it was made under. Each sign-in makes a new one and ends the one it replaces.
 */
import {
  asId,
  done,
  refused,
  type Actor,
  type Outcome,
  type Stores,
  type WebSession,
  type WebSessionId,
} from "../domain/index.js";
import type { Authenticate } from "./authenticate.js";
import type { IdentityUseCases, SignIn, WebSignIn } from "./broker.js";
import { actorOf, isEnrolled, type IdentityDeps } from "./identity-deps.js";
import { hashOfToken, newToken } from "./secrets-shown-once.js";

const LONGEST_MS = 12 * 3_600_000;
const IDLE_MS = 30 * 60_000;
export const SEEN_EVERY_MS = 60_000;
const LONGEST_AGENT = 256;

type Deps = Pick<IdentityDeps, "database" | "clock">;

/** Signs in by password and code (or recovery code) and opens a page session in the same transaction. */
export async function signInWeb(
  deps: Deps,
  authenticate: Authenticate,
  input: Parameters<IdentityUseCases["signInWeb"]>[0],
): Promise<Outcome<WebSignIn>> {
  const cookie = newToken();
  const now = deps.clock.now();
  const expiresAt = now + LONGEST_MS;
  const signIn: SignIn = { ...input, via: "web" };
  const outcome = await authenticate(signIn, async (tx, person) => {
    await tx.webSessions.insert({
      id: asId<WebSessionId>(cookie.hash),
      personId: person.id,
      credentialEpoch: person.credentialEpoch,
      createdAt: now,
      lastSeenAt: now,
      expiresAt,
      endedAt: null,
      sourceAddress: input.sourceAddress,
      userAgent: input.userAgent.slice(0, LONGEST_AGENT),
    });
    if (input.previous !== undefined) await endWithEvent(tx, input.previous, now, "replaced");
  });
  return outcome.ok ? done({ actor: outcome.value, cookie: cookie.token, expiresAt }) : outcome;
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
  if (session === undefined || !isAlive(session, now)) return refused("unauthenticated");
  const person = await deps.database.read.people.get(session.personId);
  if (person === undefined || person.state !== "active" || !isEnrolled(person)) return refused("unauthenticated");
  if (person.credentialEpoch !== session.credentialEpoch) return refused("unauthenticated");
  if (!quietly && now - session.lastSeenAt >= SEEN_EVERY_MS) {
    const seen = { lastSeenAt: session.lastSeenAt, endedAt: null };
    await deps.database.write((tx) => tx.webSessions.update(session.id, { lastSeenAt: now }, seen));
  }
  return done({ ...(await actorOf(deps.database.read, person, sourceAddress)), webSessionId: session.id });
}

/**
 * Of the page sessions named, those that stand: not signed out, not twelve hours old. Being unused is not asked: whoever works in
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

/** Counts as use of the page session, as a request would. */
export async function markSeen(deps: Deps, id: WebSessionId): Promise<void> {
  const lastSeenAt = deps.clock.now();
  await deps.database.write((tx) => tx.webSessions.update(id, { lastSeenAt }, { endedAt: null }));
}

function isAlive(session: WebSession, now: number): boolean {
  return session.endedAt === null && now < session.expiresAt && now - session.lastSeenAt < IDLE_MS;
}

/** Ends the session of a cookie; nothing happens for a cookie that is none. */
export async function signOut(deps: Deps, cookie: string): Promise<void> {
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
