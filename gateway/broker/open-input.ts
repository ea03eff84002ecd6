/**
 * Kept input: asked for by one auditor with a reason, agreed by another, then read by the first within a quarter of an
 * hour. The proof that the vault asks for is made here and nowhere else, from the row of that agreement.
 */
import {
  asId,
  done,
  refused,
  type Actor,
  type InputOpening,
  type InputOpeningId,
  type Outcome,
  type RecordingId,
  type Stores,
} from "../domain/index.js";
import { KeyText } from "../recording/index.js";
import type { InputProof } from "../vault/index.js";
import type { InputOpeningView, Listing, Page, RecordingUseCases } from "./broker.js";
import type { BrokerDeps } from "./deps.js";
import { pageOfKept } from "./pages.js";
import { logReading, mayRead } from "./recording-access.js";
import { namedPeople } from "./registry/named-people.js";
import { namedSessions } from "./registry/named-sessions.js";
import { rowsById } from "./registry/rows-by-id.js";
import { RECORDED } from "./replay-events.js";
import { reasonFits } from "./request-access.js";
import { covers, scopeOf } from "./scope.js";
import { standing } from "./standing.js";
import { requireStepUp } from "./step-up.js";

type Deps = Pick<BrokerDeps, "database" | "policy" | "library" | "clock" | "ids" | "vault">;
type InputLines = Awaited<ReturnType<RecordingUseCases["readInput"]>>;

const ASKED_FOR_MS = 7 * 86_400_000;
const AGREED_FOR_MS = 15 * 60_000;
/** One answer holds at most so much; a person who pastes gigabytes must not fill the reader's memory. */
const LINES_MOST = 100_000;
const BYTES_MOST = 16 * 1024 * 1024;

/** Asks; waits a week at most for the other person. */
export async function requestInput(
  deps: Deps,
  actor: Actor,
  id: RecordingId,
  reason: string,
): Promise<Outcome<InputOpening>> {
  if (!reasonFits(reason)) return refused("invalid-input", { field: "reason" });
  const may = await mayRead(deps, actor, id, "open-input");
  if (!may.ok) return may;
  const now = deps.clock.now();
  const opening: InputOpening = {
    id: asId<InputOpeningId>(deps.ids.next()),
    recordingId: id,
    requestedBy: may.value.reader.personId,
    reason: reason.trim(),
    requestedAt: now,
    approvedBy: null,
    approvedAt: null,
    expiresAt: now + ASKED_FOR_MS,
    usedAt: null,
  };
  return deps.database.write(async (tx): Promise<Outcome<InputOpening>> => {
    if ((await standing(tx, actor)) === undefined) return refused("not-found");
    await tx.inputOpenings.insert(opening);
    await tx.audit.append({
      verb: "recording.input-requested",
      actorId: opening.requestedBy,
      object: { kind: "recording", id },
      sourceAddress: actor.sourceAddress,
      decidedBy: may.value.decidedBy,
      detail: { openingId: opening.id, reason: opening.reason },
    });
    return done(opening);
  });
}

/** Another person's yes: `own-request` for the one who asked, `already-decided`, `stale` when it waited too long. */
export async function approveInput(deps: Deps, actor: Actor, id: InputOpeningId): Promise<Outcome<InputOpening>> {
  const opening = await deps.database.read.inputOpenings.get(id);
  if (opening === undefined) return refused("not-found");
  const may = await mayRead(deps, actor, opening.recordingId, "open-input");
  if (!may.ok) return may;
  if (opening.requestedBy === actor.personId) return refused("own-request");
  const recent = await requireStepUp(deps.database.read, deps.clock, deps.policy, actor);
  if (!recent.ok) return recent;
  const now = deps.clock.now();
  if (opening.approvedBy !== null) return refused("already-decided");
  if (now >= opening.expiresAt) return refused("stale");
  const patch = { approvedBy: actor.personId, approvedAt: now, expiresAt: now + AGREED_FOR_MS };
  return deps.database.write(async (tx): Promise<Outcome<InputOpening>> => {
    if ((await standing(tx, actor)) === undefined) return refused("not-found");
    if (!(await tx.inputOpenings.update(id, patch, { approvedBy: null }))) return refused("already-decided");
    await tx.audit.append({
      verb: "recording.input-approved",
      actorId: actor.personId,
      object: { kind: "recording", id: opening.recordingId },
      sourceAddress: actor.sourceAddress,
      decidedBy: may.value.decidedBy,
      detail: { openingId: id, requestedBy: opening.requestedBy },
    });
    return done({ ...opening, ...patch });
  });
}

/** Only by who asked, only after the other's yes, only until it expires. The event comes before the first byte. */
export async function readInput(deps: Deps, actor: Actor, id: InputOpeningId): Promise<InputLines> {
  const opening = await deps.database.read.inputOpenings.get(id);
  if (opening === undefined || opening.requestedBy !== actor.personId) return refused("not-found");
  const may = await mayRead(deps, actor, opening.recordingId, "open-input");
  if (!may.ok) return may;
  const recent = await requireStepUp(deps.database.read, deps.clock, deps.policy, actor);
  if (!recent.ok) return recent;
  const now = deps.clock.now();
  if (opening.approvedBy === null || opening.approvedBy === opening.requestedBy) return refused("needs-second-person");
  if (now >= opening.expiresAt) return refused("stale");
  await deps.database.write((tx) => tx.inputOpenings.update(id, { usedAt: now }));
  await logReading(deps, may.value, "recording.input-read", { openingId: id, approvedBy: opening.approvedBy });
  const proof: InputProof = {
    recordingId: opening.recordingId,
    requestedBy: opening.requestedBy,
    approvedBy: opening.approvedBy,
  };
  return readLines(deps, opening.recordingId, proof);
}

async function readLines(deps: Deps, id: RecordingId, proof: InputProof): Promise<InputLines> {
  const container = await deps.library.read(id);
  if (container === undefined) return refused("not-found");
  const wrapped = container.header.keys.input;
  await container.close();
  const lines: { readonly channel: number; readonly atUs: number; readonly text: string }[] = [];
  let bytes = 0;
  const desktops = await desktopKeys(deps, id);
  for await (const { type, channel, atUs, payload } of deps.library.input(id, deps.vault.inputOpener(proof, wrapped))) {
    if (type !== RECORDED.input) continue;
    bytes += payload.length;
    if (bytes > BYTES_MOST || lines.length >= LINES_MOST) break;
    const keys = desktops.get(channel);
    if (keys === undefined) lines.push({ channel, atUs, text: Buffer.from(payload).toString("utf8") });
    else lines.push(...keys.feed(payload, atUs).map((line) => ({ channel, ...line })));
  }
  for (const [channel, keys] of desktops) lines.push(...keys.end().map((line) => ({ channel, ...line })));
  return done(lines);
}

/** Desktops keep keys, not characters. */
async function desktopKeys(deps: Pick<Deps, "library">, id: RecordingId): Promise<ReadonlyMap<number, KeyText>> {
  const { channels } = await deps.library.derived(id);
  return new Map(channels.filter(({ kind }) => kind === "desktop").map(({ channel }) => [channel, new KeyText()]));
}

/** For auditors, those of their units' recordings. */
export async function listInputOpenings(
  deps: Pick<Deps, "database">,
  actor: Actor,
  page: Page,
): Promise<Outcome<Listing<InputOpeningView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader?.power !== "audit") return refused("forbidden");
  const scope = await scopeOf(read, reader, ["audit"]);
  const listing = await pageOfKept(read.inputOpenings, page, async ({ recordingId }) =>
    covers(scope, (await read.recordings.get(recordingId))?.unitId ?? null),
  );
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done({ items: await openingViews(read, listing.items), next: listing.next });
}

async function openingViews(stores: Stores, openings: readonly InputOpening[]): Promise<readonly InputOpeningView[]> {
  const recordings = await rowsById(
    stores.recordings,
    openings.map((one) => one.recordingId),
  );
  const sessions = await namedSessions(
    stores,
    [...recordings.values()].map((one) => one.sessionId),
  );
  const people = await namedPeople(
    stores,
    openings.flatMap((one) => [one.requestedBy, one.approvedBy]),
  );
  return openings.map((opening) => ({
    ...opening,
    session: sessions.get(recordings.get(opening.recordingId)?.sessionId ?? "") ?? null,
    requester: people.get(opening.requestedBy) ?? null,
    approver: opening.approvedBy === null ? null : (people.get(opening.approvedBy) ?? null),
  }));
}
