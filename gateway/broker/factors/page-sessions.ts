/**
 * Page sessions as people see them: one's own, and everybody's for a security administrator over his units. Ending one ends what
 * its cookie opens; signing out everywhere raises the person's epoch, so that terminals and device keys end with the pages.
 */
import {
  asId,
  done,
  refused,
  type Actor,
  type Outcome,
  type Person,
  type PersonId,
  type Stores,
  type WebSession,
  type WebSessionId,
  type Where,
} from "../../domain/index.js";
import type { FactorUseCases, Listing, WebSessionView } from "../broker.js";
import { tellPerson, type IdentityDeps } from "../identity-deps.js";
import { rowsById } from "../registry/rows-by-id.js";
import { covers, scopeOf } from "../scope.js";
import { signInRules } from "../sign-in-rules.js";
import { standing } from "../standing.js";
import { endPages, isAlive } from "../web-session.js";

type Deps = Pick<IdentityDeps, "database" | "clock" | "policy" | "notify">;
type Asked = Parameters<FactorUseCases["sessions"]>[1];

const DEFAULT_LIMIT = 50;
const MOST = 200;
const BATCH = 500;
const ID = /^[0-9a-f]{64}$/;

/** See `FactorUseCases.sessions`: those that stand. */
export async function listPageSessions(
  deps: Deps,
  actor: Actor,
  page: Asked,
): Promise<Outcome<Listing<WebSessionView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined) return refused("unauthenticated");
  const personId = page.everybody === true ? undefined : (page.personId ?? reader.personId);
  if (personId !== reader.personId && reader.power !== "security") return refused("forbidden");
  if (page.cursor !== undefined && !ID.test(page.cursor)) return refused("invalid-input", { field: "cursor" });
  const scope = await scopeOf(read, reader, ["security"]);
  const rules = await signInRules(read, deps.policy);
  const now = deps.clock.now();
  const limit = Math.min(MOST, Math.max(1, Math.trunc(page.limit ?? DEFAULT_LIMIT)));
  const alive: Where<WebSession> = {
    endedAt: null,
    expiresAt: { gt: now },
    lastSeenAt: { gt: now - rules.idleMs },
    ...(personId === undefined ? {} : { personId }),
  };
  const items: WebSessionView[] = [];
  for await (const { row, person } of standingRows(read, alive, page.cursor)) {
    if (person.credentialEpoch !== row.credentialEpoch || !isAlive(row, rules, now)) continue;
    if (person.id !== reader.personId && !covers(scope, person.unitId)) continue;
    // The cursor names the last one shown, never one that he may not see.
    if (items.length === limit) return done({ items, next: items.at(-1)?.id ?? null });
    items.push(viewOf(row, person, actor));
  }
  return done({ items, next: null });
}

/** Those below the cursor, with whose they are. */
async function* standingRows(
  stores: Pick<Stores, "webSessions" | "people">,
  alive: Where<WebSession>,
  cursor: string | undefined,
): AsyncGenerator<{ readonly row: WebSession; readonly person: Person }> {
  for (let before = cursor; ;) {
    const where = before === undefined ? alive : { ...alive, id: { lt: asId<WebSessionId>(before) } };
    const rows = await stores.webSessions.find(where, { orderBy: "id", descending: true, limit: BATCH });
    const people = await rowsById(
      stores.people,
      rows.map((row) => row.personId),
    );
    for (const row of rows) {
      const person = people.get(row.personId);
      if (person !== undefined) yield { row, person };
    }
    if (rows.length < BATCH) return;
    before = rows.at(-1)?.id;
  }
}

function viewOf(row: WebSession, person: Person, actor: Actor): WebSessionView {
  const { credentialEpoch: _epoch, ...shown } = row;
  const current = row.id === actor.webSessionId;
  return { ...shown, current, personLogin: person.login, personName: person.displayName };
}

/** See `FactorUseCases.endSession`: one's own, or one within a security administrator's units; `not-found` for any other. */
export async function endPageSession(deps: Deps, actor: Actor, id: WebSessionId): Promise<Outcome<void>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<PersonId>> => {
    const session = await tx.webSessions.get(id);
    const owner = session === undefined ? undefined : await tx.people.get(session.personId);
    if (owner === undefined || !(await mayEnd(tx, actor, owner))) return refused("not-found");
    if (!(await tx.webSessions.update(id, { endedAt: deps.clock.now() }, { endedAt: null })))
      return refused("not-found");
    await append(tx, actor, owner, "person.session-ended");
    return done(owner.id);
  });
  if (!outcome.ok) return outcome;
  tellPerson(deps, outcome.value);
  return done(undefined);
}

/** See `FactorUseCases.signOutEverywhere`. */
export async function signOutEverywhere(deps: Deps, actor: Actor, personId: PersonId): Promise<Outcome<void>> {
  const outcome = await deps.database.write(async (tx): Promise<Outcome<void>> => {
    const owner = await tx.people.get(personId);
    if (owner === undefined || !(await mayEnd(tx, actor, owner))) return refused("not-found");
    const { credentialEpoch } = owner;
    if (!(await tx.people.update(personId, { credentialEpoch: credentialEpoch + 1 }, { credentialEpoch })))
      return refused("stale");
    await endPages(tx, personId, deps.clock.now());
    await append(tx, actor, owner, "person.signed-out-everywhere");
    return done(undefined);
  });
  if (outcome.ok) tellPerson(deps, personId);
  return outcome;
}

async function mayEnd(tx: Stores, actor: Actor, owner: Person): Promise<boolean> {
  const by = await standing(tx, actor);
  if (by === undefined) return false;
  return by.personId === owner.id || covers(await scopeOf(tx, by, ["security"]), owner.unitId);
}

async function append(
  tx: Stores,
  actor: Actor,
  owner: Person,
  verb: "person.session-ended" | "person.signed-out-everywhere",
): Promise<void> {
  await tx.audit.append({
    verb,
    actorId: actor.personId,
    actorName: actor.login,
    object: { kind: "person", id: owner.id },
    sourceAddress: actor.sourceAddress,
    detail: { login: owner.login },
  });
}
