/** Reading and answering the periodic review. A sponsor answers for those he sponsors, never for himself. */
import {
  done,
  refused,
  type Actor,
  type Outcome,
  type ReviewItem,
  type ReviewItemId,
  type Stores,
  type Where,
} from "../../domain/index.js";
import type { Listing, RegistryUseCases, ReviewView } from "../broker.js";
import type { BrokerDeps } from "../deps.js";
import { tellPerson } from "../identity-deps.js";
import { notice } from "../notices.js";
import { mapListing, pageOf } from "../pages.js";
import { scopeOf, withinUnits } from "../scope.js";
import { standing } from "../standing.js";
import { orUndone } from "../undone.js";
import { tellEnded, type Hanging } from "./ending.js";
import { lapse, logReview, reviewedBy } from "./review-endings.js";
import { vendorNames } from "./vendor-chain.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "notify">;
type ReviewPage = Parameters<RegistryUseCases["reviews"]>[1];

/** `mine`: those the actor answers for · `all`: for security and audit, of their units. Newest first. */
export async function listReviews(
  deps: Pick<Deps, "database">,
  actor: Actor,
  page: ReviewPage,
): Promise<Outcome<Listing<ReviewView>>> {
  const { read } = deps.database;
  const reader = await standing(read, actor);
  if (reader === undefined) return refused("forbidden");
  const oversees = reader.power === "security" || reader.power === "audit";
  if (page.view === "all" && !oversees) return refused("forbidden");
  const where: Where<ReviewItem> = {
    ...(page.view === "mine"
      ? { sponsorId: reader.personId }
      : withinUnits(await scopeOf(read, reader, ["security", "audit"]))),
    ...(page.state === undefined ? {} : { state: page.state }),
  };
  const listing = await pageOf(read.reviewItems, where, page);
  if (listing === undefined) return refused("invalid-input", { field: "cursor" });
  return done(await mapListing(listing, (item) => reviewView(read, item)));
}

async function reviewView(stores: Stores, item: ReviewItem): Promise<ReviewView> {
  const person = await stores.people.get(item.personId);
  const sponsor = await stores.people.get(item.sponsorId);
  const contract =
    person === undefined || person.contractId === null ? undefined : await stores.contracts.get(person.contractId);
  return {
    ...item,
    sponsorName: sponsor?.displayName ?? "",
    personLogin: person?.login ?? "",
    personName: person?.displayName ?? "",
    vendorChain: await vendorNames(stores, person?.vendorId ?? null),
    contractNumber: contract?.number ?? null,
    contractEndsAt: contract?.toAt ?? null,
    entitlement: await entitlementShown(stores, item),
    lastSignInAt: person?.lastSignInAt ?? null,
  };
}

async function entitlementShown(stores: Stores, item: ReviewItem): Promise<ReviewView["entitlement"]> {
  const row = item.entitlementId === null ? undefined : await stores.entitlements.get(item.entitlementId);
  if (row === undefined) return null;
  const { personId, accountId } = row;
  const account = await stores.accounts.get(accountId);
  const asset = account === undefined ? undefined : await stores.assets.get(account.assetId);
  const newest = { orderBy: "id", descending: true, limit: 1 } as const;
  const [session] = await stores.sessions.find({ personId, accountId }, newest);
  return {
    accountLogin: account?.login ?? "",
    assetName: asset?.name ?? "",
    actions: row.actions,
    lastUsedAt: session?.startedAt ?? null,
  };
}

/**
 * Confirms, or lapses at once. `not-found` for anyone but the sponsor there is now, `already-decided` when it is not open any more or
 * there is nothing left to confirm, `last-of-power` when the person cannot go.
 */
export async function decideReview(
  deps: Deps,
  actor: Actor,
  id: ReviewItemId,
  { keep }: { readonly keep: boolean },
): Promise<Outcome<void>> {
  const work = deps.database.write(async (tx): Promise<Outcome<{ item: ReviewItem; ended: Hanging | null }>> => {
    const sponsor = await standing(tx, actor);
    const item = await tx.reviewItems.get(id);
    if (sponsor === undefined || sponsor.vendorId !== null || item === undefined) return refused("not-found");
    const now = deps.clock.now();
    const person = await tx.people.get(item.personId);
    const answers = item.sponsorId === sponsor.personId && person?.sponsorId === sponsor.personId;
    if (!answers || item.personId === sponsor.personId) return refused("not-found");
    const reviewed = item.state === "open" && now < item.dueAt ? await reviewedBy(tx, item, now) : undefined;
    if (reviewed === undefined) return refused("already-decided");
    if (keep) return (await confirm(tx, item, sponsor, now)) ? done({ item, ended: null }) : refused("already-decided");
    const ended = await lapse(deps, tx, item, reviewed, sponsor);
    if (ended === "last") return refused("last-of-power");
    return ended === undefined ? refused("already-decided") : done({ item, ended });
  });
  const outcome = await orUndone(work, refused("stale"));
  if (!outcome.ok) return outcome;
  const { item, ended } = outcome.value;
  if (ended !== null) tellEnded(deps, ended);
  tellPerson(deps, item.personId);
  deps.notify(notice("registry", item.id, [item.sponsorId], [], ["security", "audit"]));
  return done(undefined);
}

async function confirm(tx: Stores, item: ReviewItem, sponsor: Actor, now: number): Promise<boolean> {
  const patch = { state: "confirmed", decidedBy: sponsor.personId, decidedAt: now } as const;
  if (!(await tx.reviewItems.update(item.id, patch, { state: "open" }))) return false;
  if (item.entitlementId === null) await tx.people.update(item.personId, { reviewedAt: now });
  await logReview(tx, "review.confirmed", item, sponsor);
  return true;
}
