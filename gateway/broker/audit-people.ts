/**
 * Whom audit events show: who did it, and whom it is about where that is another. Vendor chain and contract are those of then
 * where they were written down: in the event itself, or in the session it is of. Otherwise they are those of now, and marked so.
 */
import type { AuditRow, PersonId, RecordingId, RequestId, GrantId, SessionId, Stores } from "../domain/index.js";
import type { NamedPerson, TracedPerson } from "./broker.js";
import { namedPeople, type NamingStores } from "./registry/named-people.js";
import { rowsById } from "./registry/rows-by-id.js";
import type { UnitScope } from "./scope.js";

type TracingStores = NamingStores & Pick<Stores, "sessions" | "recordings" | "requests" | "grants">;

interface EventPeople {
  readonly actor: TracedPerson | null;
  /** Null when it is nobody, or the actor himself. */
  readonly about: TracedPerson | null;
}

/** What an event says of the person it is about. */
interface Trace {
  readonly personId: PersonId | null;
  readonly then:
    (Pick<NamedPerson, "vendorChain" | "contractNumber"> & Partial<Pick<NamedPerson, "login" | "displayName">>) | null;
}

/** The people of a page of events, read in a few statements however many there are; contracts of now within the reader's units alone. */
export async function peopleOfEvents(
  stores: TracingStores,
  rows: readonly AuditRow[],
  scope: UnitScope,
): Promise<readonly EventPeople[]> {
  const details = rows.map(({ leaf }) => (JSON.parse(leaf) as { readonly detail: Detail }).detail);
  const linked = await linkedOf(stores, rows, details);
  const traces = rows.map((row, at) => traceOf(row, details[at] ?? {}, linked));
  const ids = [...rows.map((row) => row.actorId), ...traces.map((one) => one.personId)];
  const people = await namedPeople(stores, ids, scope);
  return rows.map(({ actorId }, at) => {
    const { personId, then } = traces[at] ?? NOBODY;
    const shown = (id: PersonId | null): TracedPerson | null => {
      const now = id === null ? undefined : people.get(id);
      if (now === undefined) return null;
      return id === personId && then !== null ? { ...now, ...then, asThen: true } : { ...now, asThen: false };
    };
    return { actor: shown(actorId), about: personId === actorId ? null : shown(personId) };
  });
}

type Detail = Readonly<Record<string, unknown>>;
const NOBODY: Trace = { personId: null, then: null };

/** The rows that events name by id, and that know whose they are. */
async function linkedOf(stores: TracingStores, rows: readonly AuditRow[], details: readonly Detail[]) {
  const ofKind = <Id extends string>(kind: string): Id[] =>
    rows.flatMap(({ objectKind, objectId }) => (objectKind === kind ? [objectId as Id] : []));
  const recordings = await rowsById(stores.recordings, ofKind<RecordingId>("recording"));
  const sessions = await rowsById(stores.sessions, [
    ...ofKind<SessionId>("session"),
    ...details.flatMap(({ sessionId }) => (typeof sessionId === "string" ? [sessionId as SessionId] : [])),
    ...[...recordings.values()].map((one) => one.sessionId),
  ]);
  const requests = await rowsById(stores.requests, ofKind<RequestId>("request"));
  const grants = await rowsById(stores.grants, ofKind<GrantId>("grant"));
  return { recordings, sessions, requests, grants };
}

function traceOf(row: AuditRow, detail: Detail, linked: Awaited<ReturnType<typeof linkedOf>>): Trace {
  const { objectKind: kind, objectId: id } = row;
  const sessionId = kind === "session" ? id : (linked.recordings.get(id)?.sessionId ?? detail["sessionId"]);
  const session = typeof sessionId === "string" ? linked.sessions.get(sessionId) : undefined;
  if (session !== undefined) {
    const { login, displayName, vendorChain, contract } = session.snapshot;
    return { personId: session.personId, then: { login, displayName, vendorChain, contractNumber: contract } };
  }
  const whose = kind === "person" ? id : (linked.requests.get(id)?.requesterId ?? linked.grants.get(id)?.personId);
  const personId = (whose ?? (typeof detail["personId"] === "string" ? detail["personId"] : null)) as PersonId | null;
  return { personId, then: writtenIn(detail) };
}

/** What `writtenDown` left there. */
function writtenIn({ vendorChain, contract }: Detail): Trace["then"] {
  if (!Array.isArray(vendorChain) || !vendorChain.every((name) => typeof name === "string")) return null;
  return { vendorChain, contractNumber: typeof contract === "string" ? contract : null };
}
