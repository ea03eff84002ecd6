/**
 * Reading the audit log: listed, exported with its newest checkpoint, and each reading written down itself. An auditor reads
 * the events of his units; of the others an export holds the hashes, so that the whole still verifies.
 */
import {
  AUDIT_VERBS,
  done,
  refused,
  type Actor,
  type AuditRow,
  type Checkpoint,
  type Outcome,
  type PersonId,
  type Where,
} from "../domain/index.js";
import { peopleOfEvents } from "./audit-people.js";
import type { AuditEventView, AuditUseCases, Listing } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { leafHash } from "./hashing.js";
import { pageOfEither } from "./pages.js";
import { whileAllowed } from "./recording-access.js";
import { covers, scopeOf, withinEach, withinUnits } from "./scope.js";
import { standing } from "./standing.js";
import { requireStepUp } from "./step-up.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "checkpoints" | "policy">;
type ListPage = Parameters<AuditUseCases["list"]>[1];
type Range = Parameters<AuditUseCases["export"]>[1];

const CHECKPOINTS_SHOWN = 200;
const EXPORT_BATCH = 500;

async function auditor(deps: Pick<Deps, "database">, actor: Actor): Promise<Actor | undefined> {
  const reader = await standing(deps.database.read, actor);
  return reader?.power === "audit" ? reader : undefined;
}

/** Auditors only, cut to their units. Each page is an event: a cursor can be made by hand, so a later page proves no earlier one. */
export async function listAuditEvents(
  deps: Deps,
  actor: Actor,
  page: ListPage,
): Promise<Outcome<Listing<AuditEventView>>> {
  const reader = await auditor(deps, actor);
  if (reader === undefined) return refused("forbidden");
  if (page.verb !== undefined && page.verb !== "" && !AUDIT_VERBS.some((verb) => verb === page.verb)) {
    return refused("invalid-input", { field: "verb" });
  }
  const { read } = deps.database;
  const scope = await scopeOf(read, reader, ["audit"]);
  const wheres = withinEach(scope).flatMap((within) =>
    whoseOf(page).map((whose) => ({ ...whereOf(page), ...within, ...whose })),
  );
  const listing = await pageOfEither<AuditRow>(read.audit, wheres, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  await logViewed(deps, reader, page);
  const people = await peopleOfEvents(read, listing.items, scope);
  const items = listing.items.map((row, at) => {
    const { actor: by = null, about = null } = people[at] ?? {};
    return { ...row, actorLogin: by?.login ?? null, actor: by, about };
  });
  return done({ items, next: listing.next });
}

function whereOf(page: Omit<ListPage, "cursor" | "limit">): Where<AuditRow> {
  const where: { -readonly [K in keyof Where<AuditRow>]: Where<AuditRow>[K] } = {};
  const verb = AUDIT_VERBS.find((one) => one === page.verb);
  if (verb !== undefined) where.verb = verb;
  if (page.objectId !== undefined && page.objectId !== "") where.objectId = page.objectId;
  if (page.from !== undefined || page.to !== undefined)
    where.at = { gte: page.from ?? 0, lte: page.to ?? Number.MAX_SAFE_INTEGER };
  return where;
}

/** The events of one person, by both columns that name him; of everybody, one condition that asks nothing. */
function whoseOf({ person, objectId }: Pick<ListPage, "person" | "objectId">): readonly Where<AuditRow>[] {
  if (person === undefined || person === "") return [{}];
  const did = { actorId: person as PersonId };
  // Of an object that is named as well only what the person did to it is meant.
  return objectId === undefined || objectId === "" ? [did, { objectKind: "person", objectId: person }] : [did];
}

async function logViewed(deps: Deps, reader: Actor, page: ListPage): Promise<void> {
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "audit.viewed",
      actorId: reader.personId,
      object: { kind: "audit", id: page.objectId ?? "events" },
      sourceAddress: reader.sourceAddress,
      detail: {
        verb: page.verb ?? "",
        person: page.person ?? "",
        from: page.from ?? null,
        to: page.to ?? null,
        continued: page.cursor !== undefined,
      },
    }),
  );
}

/** Newest first; for the three powers, since a checkpoint tells nothing but that history stands. */
export async function listCheckpoints(deps: Deps, actor: Actor): Promise<Outcome<readonly Checkpoint[]>> {
  const reader = await standing(deps.database.read, actor);
  if (reader === undefined || reader.power === null) return refused("forbidden");
  return done(await deps.checkpoints.list(CHECKPOINTS_SHOWN));
}

/**
 * JSON lines: `{"note": …}` first, the newest signed checkpoint, then `{"seq": n, "leaf": "…"}` in the order of the tree, up to
 * the checkpoint's size; `{"seq": n, "hash": "…"}` for an event of a unit that is not the reader's. A range of times leaves
 * events out; each that is there then carries its inclusion `proof`. Needs a recent step-up.
 */
export async function exportAudit(deps: Deps, actor: Actor, range: Range): Promise<Outcome<AsyncIterable<string>>> {
  const reader = await auditor(deps, actor);
  if (reader === undefined) return refused("forbidden");
  const recent = await requireStepUp(deps.database.read, deps.clock, deps.policy, actor);
  if (!recent.ok) return recent;
  await deps.database.write((tx) =>
    tx.audit.append({
      verb: "audit.exported",
      actorId: reader.personId,
      object: { kind: "audit", id: "events" },
      sourceAddress: actor.sourceAddress,
      detail: { from: range.from ?? null, to: range.to ?? null },
    }),
  );
  const lines = exportLines(deps, reader, range, await deps.checkpoints.latest());
  return done(whileAllowed(lines, deps.clock, async () => (await auditor(deps, actor)) !== undefined));
}

async function* exportLines(
  deps: Deps,
  reader: Actor,
  range: Range,
  checkpoint: Checkpoint | undefined,
): AsyncGenerator<string> {
  const { read } = deps.database;
  if (checkpoint === undefined) return;
  yield `${JSON.stringify({ note: checkpoint.note })}\n`;
  const when = whereOf(range);
  const partial = range.from !== undefined || range.to !== undefined;
  for (let from = 0; from < checkpoint.size; from += EXPORT_BATCH) {
    const below = Math.min(from + EXPORT_BATCH, checkpoint.size);
    const scope = await scopeOf(read, reader, ["audit"]);
    const cut = partial ? { ...when, ...withinUnits(scope) } : when;
    const where: Where<AuditRow> = { ...cut, seq: { gte: from, lt: below } };
    const rows = await read.audit.find(where, { orderBy: "seq", limit: EXPORT_BATCH });
    for (const { seq, leaf, unitId } of rows) {
      if (seq === null) continue;
      const proof = partial ? { proof: await deps.checkpoints.inclusion(seq, checkpoint.size) } : {};
      // An event's random id stands in its leaf, so that nobody finds the leaf by trying.
      const shown = covers(scope, unitId) ? { seq, leaf, ...proof } : { seq, hash: leafHash(leaf) };
      yield `${JSON.stringify(shown)}\n`;
    }
  }
}
