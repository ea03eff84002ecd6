/**
 * The clock of the periodic review: opens a line for each sponsored person and each standing entitlement of his that nobody
 * confirmed for so long, reminds before it is due, and lets lapse what is not confirmed then. Several nodes may do it at once.
 */
import {
  asId,
  type Entitlement,
  type EntitlementId,
  type Person,
  type PersonId,
  type ReviewItem,
  type ReviewItemId,
  type Stores,
} from "../../domain/index.js";
import { raiseAlert } from "../alerts.js";
import { everyRow } from "../batches.js";
import type { BrokerDeps } from "../deps.js";
import { tellPerson } from "../identity-deps.js";
import { alertNotice, notice } from "../notices.js";
import { signInRules } from "../sign-in-rules.js";
import { orUndone } from "../undone.js";
import { tellEnded } from "./ending.js";
import { lapse, logReview, reviewedBy, reviewedIn, voidItem } from "./review-endings.js";
import { commonUnit } from "./unit-tree.js";

type Deps = Pick<BrokerDeps, "database" | "clock" | "ids" | "policy" | "notify">;

const DAY_MS = 86_400_000;
const BATCH = 500;
const NOBODY = { personId: null, sourceAddress: null };

/** One pass. */
export async function reviewRound(deps: Deps): Promise<void> {
  await openDue(deps);
  await remind(deps);
  await closeOverdue(deps);
}

async function openDue(deps: Deps): Promise<void> {
  const { review } = await signInRules(deps.database.read, deps.policy);
  const now = deps.clock.now();
  const before = now - review.everyDays * DAY_MS;
  const dueAt = now + review.answerDays * DAY_MS;
  for await (const people of peoplePages(deps, before))
    await openItems(deps, people.map(aboutPerson), now, dueAt, before);
  for await (const entitlements of entitlementPages(deps, before)) {
    const ids = [...new Set(entitlements.map((row) => row.personId))];
    const people = new Map((await deps.database.read.people.find({ id: { in: ids } }, { limit: BATCH })).map(byId));
    const items = entitlements.flatMap((row) => aboutEntitlement(row, people.get(row.personId), now));
    await openItems(deps, items, now, dueAt, before);
  }
}

type Subject = Pick<ReviewItem, "unitId" | "sponsorId" | "personId" | "entitlementId">;

function byId(person: Person): readonly [PersonId, Person] {
  return [person.id, person];
}

function aboutPerson(person: Person): Subject {
  return {
    unitId: person.unitId,
    sponsorId: person.sponsorId as PersonId,
    personId: person.id,
    entitlementId: null,
  };
}

function aboutEntitlement(row: Entitlement, person: Person | undefined, now: number): readonly Subject[] {
  if (person?.state !== "active" || person.sponsorId === null || (row.to !== null && row.to <= now)) return [];
  return [{ unitId: row.unitId, sponsorId: person.sponsorId, personId: person.id, entitlementId: row.id }];
}

/** Sponsored people not confirmed since `before`, in pages by id. */
async function* peoplePages({ database }: Deps, before: number): AsyncGenerator<readonly Person[]> {
  const where = { state: "active", sponsorId: { not: null }, reviewedAt: { lte: before } } as const;
  for (let after = ""; ;) {
    const page = { ...where, id: { gt: asId<PersonId>(after) } };
    const rows = await database.read.people.find(page, { orderBy: "id", limit: BATCH });
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH) return;
    after = rows.at(-1)?.id ?? "";
  }
}

async function* entitlementPages({ database }: Deps, before: number): AsyncGenerator<readonly Entitlement[]> {
  for (let after = ""; ;) {
    const page = { endedAt: null, createdAt: { lte: before }, id: { gt: asId<EntitlementId>(after) } };
    const rows = await database.read.entitlements.find(page, { orderBy: "id", limit: BATCH });
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH) return;
    after = rows.at(-1)?.id ?? "";
  }
}

/** Those that are neither open nor were confirmed since `before`. Asked again where it is written: another node does the same. */
async function openItems(
  deps: Deps,
  subjects: readonly Subject[],
  now: number,
  dueAt: number,
  before: number,
): Promise<void> {
  const wanted = await unanswered(deps.database.read, subjects, before);
  if (wanted.length === 0) return;
  const opened = await deps.database.write(async (tx) => {
    const items: ReviewItem[] = [];
    for (const one of wanted) {
      // Writing the person's row as it is makes two nodes wait for one another.
      const stands = await tx.people.update(one.personId, { state: "active" }, { state: "active" });
      if (!stands || (await unanswered(tx, [one], before)).length === 0) continue;
      const id = asId<ReviewItemId>(deps.ids.next());
      const item: ReviewItem = { ...one, id, openedAt: now, dueAt, state: "open", decidedBy: null, decidedAt: null };
      await tx.reviewItems.insert(item);
      await logReview(tx, "review.opened", item, NOBODY);
      items.push(item);
    }
    return items;
  });
  for (const { id, sponsorId } of opened) deps.notify(notice("registry", id, [sponsorId], [], ["security", "audit"]));
}

/** Those of a batch about which no line is open, and none was confirmed since `before`. */
async function unanswered(
  stores: Pick<Stores, "reviewItems">,
  subjects: readonly Subject[],
  before: number,
): Promise<readonly Subject[]> {
  const personId = { in: [...new Set(subjects.map((one) => one.personId))] };
  const open = await everyRow(stores.reviewItems, { personId, state: "open" });
  const confirmed = await everyRow(stores.reviewItems, { personId, state: "confirmed", decidedAt: { gt: before } });
  const answered = new Set([...open, ...confirmed].map(keyOf));
  return subjects.filter((one) => !answered.has(keyOf(one)));
}

function keyOf({ personId, entitlementId }: Pick<ReviewItem, "personId" | "entitlementId">): string {
  return `${personId}:${entitlementId ?? ""}`;
}

/** One alert and one word to each sponsor whose open lines are due soon; again only for lines that came to be so after it. */
async function remind(deps: Deps): Promise<void> {
  const { review } = await signInRules(deps.database.read, deps.policy);
  const beforeMs = review.remindDays * DAY_MS;
  const soon = deps.clock.now() + beforeMs;
  const bySponsor = new Map<PersonId, ReviewItem[]>();
  for (const item of await everyRow(deps.database.read.reviewItems, { state: "open", dueAt: { lte: soon } })) {
    const his = bySponsor.get(item.sponsorId);
    if (his === undefined) bySponsor.set(item.sponsorId, [item]);
    else his.push(item);
  }
  for (const [sponsorId, items] of bySponsor) await remindSponsor(deps, sponsorId, items, beforeMs);
}

async function remindSponsor(
  deps: Deps,
  sponsorId: PersonId,
  items: readonly ReviewItem[],
  beforeMs: number,
): Promise<void> {
  const [first] = [...items].sort((a, b) => a.dueAt - b.dueAt);
  if (first === undefined) return;
  const subject = `person:${sponsorId}`;
  const newest = Math.max(...items.map(({ openedAt, dueAt }) => Math.max(openedAt, dueAt - beforeMs)));
  const told = { kind: "review-due", subject, lastAt: { gte: newest } } as const;
  if ((await deps.database.read.alerts.count(told)) > 0) return;
  const alertId = await deps.database.write(async (tx) => {
    if ((await tx.alerts.count(told)) > 0) return undefined;
    const sponsor = await tx.people.get(sponsorId);
    const detail = { login: sponsor?.login ?? "", open: items.length, dueAt: first.dueAt };
    // Whoever sees the alert covers every line that it counts.
    const unitId = await commonUnit(
      tx,
      items.map((item) => item.unitId),
    );
    return raiseAlert(deps, tx, { unitId, kind: "review-due", subject, detail });
  });
  if (alertId === undefined) return;
  deps.notify(alertNotice(alertId));
  deps.notify(notice("registry", first.id, [sponsorId], [], []));
}

/** Follows what changed under open lines, and lets lapse what is due; each line in a transaction of its own. */
async function closeOverdue(deps: Deps): Promise<void> {
  const now = deps.clock.now();
  for (let after = ""; ;) {
    const where = { state: "open", id: { gt: asId<ReviewItemId>(after) } } as const;
    const open = await deps.database.read.reviewItems.find(where, { orderBy: "id", limit: BATCH });
    const reviewed = await reviewedIn(deps.database.read, open, now);
    for (const item of open) {
      const about = reviewed.get(item.id);
      if (about?.person.sponsorId !== item.sponsorId || now >= item.dueAt) await settleItem(deps, item.id);
    }
    if (open.length < BATCH) return;
    after = open.at(-1)?.id ?? "";
  }
}

async function settleItem(deps: Deps, id: ReviewItemId): Promise<void> {
  const now = deps.clock.now();
  const work = deps.database.write(async (tx) => {
    const item = await tx.reviewItems.get(id);
    if (item?.state !== "open") return { ok: true, value: undefined } as const;
    const reviewed = await reviewedBy(tx, item, now);
    if (reviewed === undefined) {
      await voidItem(tx, item, now);
      return { ok: true, value: undefined } as const;
    }
    const { sponsorId } = reviewed.person;
    if (sponsorId !== null && sponsorId !== item.sponsorId)
      await tx.reviewItems.update(id, { sponsorId }, { state: "open" });
    if (now < item.dueAt) return { ok: true, value: undefined } as const;
    const ended = await lapse(deps, tx, item, reviewed, NOBODY);
    return { ok: true, value: ended === undefined ? undefined : { ended, person: reviewed.person } } as const;
  });
  const outcome = await orUndone(work, { ok: false, code: "stale" });
  const lapsed = outcome.ok ? outcome.value : undefined;
  if (lapsed === undefined) return;
  if (lapsed.ended === "last") {
    await alertLastOfPower(deps, lapsed.person, "review");
    return;
  }
  tellEnded(deps, lapsed.ended);
  tellPerson(deps, lapsed.person.id);
}

/** The house cannot do without him: said once while the alert is open. */
export async function alertLastOfPower(deps: Deps, person: Person, why: "review" | "dormant"): Promise<void> {
  const fact = { kind: "last-of-power", subject: `person:${person.id}` } as const;
  const alertId = await deps.database.write(async (tx) => {
    if ((await tx.alerts.count({ ...fact, state: { in: ["open", "acknowledged"] } })) > 0) return undefined;
    const detail = { login: person.login, why };
    return raiseAlert(deps, tx, { ...fact, unitId: person.unitId, detail });
  });
  if (alertId !== undefined) deps.notify(alertNotice(alertId));
}
