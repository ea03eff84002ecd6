/** What becomes of one line of the review: it lapses with what it was about, or is void because that ended by itself. */
import { refused, type Entitlement, type Person, type ReviewItem, type Stores } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { isLastOfPower } from "../settle.js";
import { Undone } from "../undone.js";
import { endOfDisabled } from "./after-change.js";
import { endHanging, hangingOn, type Ender, type Hanging } from "./ending.js";
import { rowsById } from "./rows-by-id.js";

/** What an open item is about, as it is now; undefined when there is nothing left to confirm. */
export type Reviewed = { readonly person: Person; readonly entitlement: Entitlement | null };

export async function reviewedBy(
  stores: Pick<Stores, "people" | "entitlements">,
  item: Pick<ReviewItem, "personId" | "entitlementId">,
  now: number,
): Promise<Reviewed | undefined> {
  const person = await stores.people.get(item.personId);
  const entitlement = item.entitlementId === null ? null : await stores.entitlements.get(item.entitlementId);
  return standingOf(person, entitlement, now);
}

/** The same of many items, by the item's id, read at once; those with nothing left to confirm are missing. */
export async function reviewedIn(
  stores: Pick<Stores, "people" | "entitlements">,
  items: readonly Pick<ReviewItem, "id" | "personId" | "entitlementId">[],
  now: number,
): Promise<ReadonlyMap<ReviewItem["id"], Reviewed>> {
  const people = await rowsById(
    stores.people,
    items.map((item) => item.personId),
  );
  const entitlements = await rowsById(
    stores.entitlements,
    items.flatMap((item) => item.entitlementId ?? []),
  );
  return new Map(
    items.flatMap(({ id, personId, entitlementId }) => {
      const entitlement = entitlementId === null ? null : entitlements.get(entitlementId);
      const reviewed = standingOf(people.get(personId), entitlement, now);
      return reviewed === undefined ? [] : [[id, reviewed] as const];
    }),
  );
}

/** `entitlement`: null where the item is about the person himself. */
function standingOf(
  person: Person | undefined,
  entitlement: Entitlement | null | undefined,
  now: number,
): Reviewed | undefined {
  if (person?.state !== "active" || person.sponsorId === null || entitlement === undefined) return undefined;
  if (entitlement === null) return { person, entitlement };
  const stands = entitlement.endedAt === null && (entitlement.to === null || entitlement.to > now);
  return stands ? { person, entitlement } : undefined;
}

/**
 * Ends the entitlement with its grants, or disables the person and takes his grants; with an event of the item first. Undefined,
 * with nothing written, when the item was decided meanwhile; `last` when nobody else could use the person's power. In the caller's transaction, which answers through `orUndone`.
 */
export async function lapse(
  deps: Pick<BrokerDeps, "clock">,
  tx: Stores,
  item: ReviewItem,
  { person, entitlement }: Reviewed,
  by: Ender,
): Promise<Hanging | "last" | undefined> {
  if (entitlement === null && (await isLastOfPower(tx, person.id))) return "last";
  const now = deps.clock.now();
  const patch = { state: "lapsed", decidedBy: by.personId, decidedAt: now } as const;
  if (!(await tx.reviewItems.update(item.id, patch, { state: "open" }))) return undefined;
  await logReview(tx, "review.lapsed", item, by);
  if (entitlement === null) {
    if (!(await disablePerson(tx, person, by, "person.lapsed"))) throw new Undone(refused("stale"));
    return endOfDisabled(deps, tx, by, person.id, "review-lapsed");
  }
  const hanging = await hangingOn(tx, { personIds: [person.id], contractIds: [] });
  const { accountId } = entitlement;
  const grants = hanging.grants.filter((grant) => grant.accountId === accountId);
  return endHanging(deps, tx, by, { entitlements: [entitlement], grants, requests: [] }, "review-lapsed");
}

/** Void, since there is nothing to confirm any more. */
export async function voidItem(tx: Stores, item: ReviewItem, now: number): Promise<void> {
  await tx.reviewItems.update(item.id, { state: "void", decidedAt: now }, { state: "open" });
}

/** Disables someone at once: the epoch rises. False when the row changed meanwhile. In the caller's transaction. */
export async function disablePerson(
  tx: Stores,
  person: Person,
  by: Ender,
  verb: "person.lapsed" | "person.dormant",
): Promise<boolean> {
  const { id, state, credentialEpoch } = person;
  const closed = { state: "disabled", enrolmentHash: null, enrolmentExpiresAt: null } as const;
  const patch = { ...closed, credentialEpoch: credentialEpoch + 1 };
  if (!(await tx.people.update(id, patch, { state, credentialEpoch }))) return false;
  await tx.audit.append({
    verb,
    actorId: by.personId,
    object: { kind: "person", id },
    sourceAddress: by.sourceAddress,
    detail: { lastSignInAt: person.lastSignInAt, reviewedAt: person.reviewedAt },
  });
  return true;
}

export async function logReview(
  tx: Stores,
  verb: "review.opened" | "review.confirmed" | "review.lapsed",
  item: ReviewItem,
  by: Ender,
): Promise<void> {
  const { id, unitId, sponsorId, personId, entitlementId, dueAt } = item;
  await tx.audit.append({
    verb,
    actorId: by.personId,
    object: { kind: "review", id },
    sourceAddress: by.sourceAddress,
    unitId,
    detail: { sponsorId, personId, entitlementId, dueAt },
  });
}
