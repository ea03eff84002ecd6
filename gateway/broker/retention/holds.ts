/** Legal holds: placed by one auditor at once, listed, and what retention asks before it removes. Releasing is a proposal. */
import {
  done,
  refused,
  type Actor,
  type LegalHold,
  type Outcome,
  type PersonId,
  type SessionId,
  type Stores,
} from "../../domain/index.js";
import type { LegalHoldView, Listing, Page, ProposalUseCases } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { pageOf } from "../pages.js";
import { namedPeople } from "../registry/named-people.js";
import { namedSessions } from "../registry/named-sessions.js";
import { reasonFits } from "../request-access.js";
import { covers, scopeOf, withinUnits } from "../scope.js";
import { standing } from "../standing.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids">;

/** Whether a hold keeps this session's recording. */
export async function isHeld(stores: Pick<Stores, "legalHolds">, sessionId: SessionId): Promise<boolean> {
  return (await stores.legalHolds.count({ sessionId, releasedAt: null })) > 0;
}

/** For auditors, of their units; newest first, the released ones too. */
export async function listHolds(
  deps: Pick<Deps, "database">,
  actor: Actor,
  page: Page,
): Promise<Outcome<Listing<LegalHoldView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader?.power !== "audit") return refused("forbidden");
  const within = withinUnits(await scopeOf(read, reader, ["audit"]));
  const listing = await pageOf<LegalHold>(read.legalHolds, within, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done({ items: await holdViews(read, listing.items), next: listing.next });
}

async function holdViews(stores: Stores, holds: readonly LegalHold[]): Promise<readonly LegalHoldView[]> {
  const sessions = await namedSessions(
    stores,
    holds.map((one) => one.sessionId),
  );
  const people = await namedPeople(
    stores,
    holds.flatMap((one) => [one.placedBy, one.releasedBy, one.releaseConfirmedBy]),
  );
  const nameOf = (id: PersonId | null) => (id === null ? null : (people.get(id) ?? null));
  return holds.map((hold) => ({
    ...hold,
    session: sessions.get(hold.sessionId) ?? null,
    placer: nameOf(hold.placedBy),
    releaser: nameOf(hold.releasedBy),
    releaseConfirmer: nameOf(hold.releaseConfirmedBy),
  }));
}

/** `not-found` outside the auditor's units; `conflict` when he holds it already, or the recording is gone. */
export async function placeHold(
  deps: Deps,
  actor: Actor,
  input: Parameters<ProposalUseCases["placeHold"]>[1],
): Promise<Outcome<LegalHold>> {
  if (!reasonFits(input.reason)) return refused("invalid-input", { field: "reason" });
  return deps.database.write(async (tx): Promise<Outcome<LegalHold>> => {
    const reader = await standing(tx, actor);
    if (reader?.power !== "audit") return refused("forbidden");
    const session = await tx.sessions.get(input.sessionId);
    if (session === undefined || !covers(await scopeOf(tx, reader, ["audit"]), session.unitId))
      return refused("not-found");
    const recording = await tx.recordings.get(session.recordingId);
    if (recording?.state === "removed") return refused("conflict", { field: "sessionId" });
    const mine = { sessionId: session.id, placedBy: reader.personId, releasedAt: null };
    if ((await tx.legalHolds.count(mine)) > 0) return refused("conflict", { field: "sessionId" });
    const hold: LegalHold = {
      ...mine,
      id: deps.ids.next(),
      unitId: session.unitId,
      reason: input.reason.trim(),
      placedAt: deps.clock.now(),
      releasedBy: null,
      releaseConfirmedBy: null,
    };
    await tx.legalHolds.insert(hold);
    await tx.audit.append({
      verb: "hold.placed",
      actorId: reader.personId,
      object: { kind: "hold", id: hold.id },
      sourceAddress: actor.sourceAddress,
      unitId: hold.unitId,
      detail: { sessionId: hold.sessionId, recordingId: session.recordingId, reason: hold.reason },
    });
    return done(hold);
  });
}
