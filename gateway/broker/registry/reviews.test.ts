/** The periodic review over time: who is asked again, until when an answer counts, whom it reminds, and what one line takes with it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { must } from "../../../test/support/access-house.js";
import { createRows } from "../../../test/support/rows.js";
import { buildSisterUnits, type SisterUnits } from "../../../test/support/sister-units.js";
import { asId, type Actor, type Grant, type ReviewItem, type VendorId } from "../../domain/index.js";
import type { BrokerDeps } from "../deps.js";
import { reviewRound } from "./review-rounds.js";

const DAY_MS = 86_400_000;
const GONE = { ok: false, code: "not-found" };

let units: SisterUnits;
let boss: Actor;
beforeEach(async () => {
  units = await buildSisterUnits();
  boss = await units.join("boss", units.here, []);
  await sponsoredBy(boss);
});
afterEach(() => {
  units.house.close();
});

const alice = () => units.house.people.alice.personId;
const sponsoredBy = ({ personId }: Actor) =>
  units.house.deps.database.write((tx) => tx.people.update(alice(), { sponsorId: personId }));
const read = () => units.house.deps.database.read;
const items = (state?: ReviewItem["state"]) =>
  read().reviewItems.find(state === undefined ? {} : { state }, { orderBy: "id" });
const reminders = () => read().alerts.find({ kind: "review-due" });
const answer = (id: ReviewItem["id"], keep: boolean, by = boss) =>
  units.house.broker.registry.decideReview(by, id, { keep });
async function days(count: number, deps: BrokerDeps = units.house.deps): Promise<void> {
  units.house.clock.advance(count * DAY_MS);
  await reviewRound(deps);
}

test("who was confirmed is asked about again when his time has come, and not before", async () => {
  await days(91);
  for (const { id } of await items()) must(await answer(id, true));
  const at = units.house.clock.now();
  expect((await read().people.get(alice()))?.reviewedAt).toBe(at);
  await days(89);
  expect((await items()).map(({ state }) => state)).toEqual(["confirmed", "confirmed"]);
  await days(2);
  const open = await items("open");
  expect(open.map(({ entitlementId }) => entitlementId === null)).toEqual([true, false]);
  expect(open.map(({ dueAt }) => dueAt)).toEqual([at + 105 * DAY_MS, at + 105 * DAY_MS]);
});

test("after the last day a yes comes too late, also where the clock has not passed yet", async () => {
  await days(91);
  const lines = await items();
  expect(lines).toHaveLength(2);
  units.house.clock.advance(14 * DAY_MS);
  for (const { id } of lines)
    for (const keep of [true, false]) expect(await answer(id, keep)).toEqual({ ok: false, code: "already-decided" });
  await reviewRound(units.house.deps);
  expect(await items("confirmed")).toEqual([]);
  expect((await read().people.get(alice()))?.state).toBe("disabled");
});

test("a sponsor is reminded as many days before as policy says, and again for lines that came after", async () => {
  const { deps, clock } = units.house;
  const review = { everyDays: 90, remindDays: 3, answerDays: 14 } as const;
  const policy = {
    ...deps.policy,
    signIn: (...given: Parameters<typeof deps.policy.signIn>) => ({ ...deps.policy.signIn(...given), review }),
  };
  const strict = { ...deps, policy };
  await days(91, strict);
  await days(10, strict);
  expect(await items("open")).toHaveLength(2);
  expect(await reminders()).toEqual([]);
  await days(2, strict);
  await days(0, strict);
  expect((await reminders()).map(({ count }) => count)).toEqual([1]);
  const late = { sponsorId: boss.personId, reviewedAt: clock.now() - 100 * DAY_MS };
  await units.join("late", units.here, [], late);
  await days(0, strict);
  expect((await reminders()).map(({ count }) => count)).toEqual([1]);
  await days(12, strict);
  expect((await reminders()).map(({ count }) => count)).toEqual([2]);
});

test("every sponsor is reminded, however many lines lie before his", async () => {
  const { ids, database } = units.house.deps;
  const heir = await units.join("heir", units.here, []);
  const late = await units.join("late", units.here, [], { sponsorId: heir.personId });
  const now = units.house.clock.now();
  const about = (sponsor: Actor, personId: ReviewItem["personId"], dueAt: number): ReviewItem => {
    const subject = {
      id: asId<ReviewItem["id"]>(ids.next()),
      unitId: units.here,
      sponsorId: sponsor.personId,
      personId,
    };
    return { ...subject, entitlementId: null, openedAt: now, dueAt, state: "open", decidedBy: null, decidedAt: null };
  };
  await database.write(async (tx) => {
    for (let nth = 0; nth < 1000; nth += 1) await tx.reviewItems.insert(about(boss, alice(), now + DAY_MS));
    await tx.reviewItems.insert(about(heir, late.personId, now + 3 * DAY_MS));
    await tx.reviewItems.insert(about(heir, late.personId, now + 2 * DAY_MS));
  });
  await days(0);
  const told = (await reminders()).map(({ subject, detail }) => [subject, detail["open"], detail["dueAt"]]);
  expect(told).toEqual([
    [`person:${boss.personId}`, 1000, now + DAY_MS],
    [`person:${heir.personId}`, 2, now + 2 * DAY_MS],
  ]);
});

test("a no to one account takes its grants and no other's", async () => {
  const { deps, accountId } = units.house;
  const rows = createRows(deps.ids);
  const mine = { personId: alice(), unitId: units.here, state: "active" } as const;
  const [its, other] = [rows.grant({ ...mine, accountId }), rows.grant(mine)];
  await deps.database.write(async (tx) => {
    for (const grant of [its, other]) await tx.grants.insert(grant);
  });
  await days(91);
  const [what] = (await items()).filter(({ entitlementId }) => entitlementId !== null);
  must(await answer(what?.id ?? asId(""), false));
  const state = async ({ id }: Grant) => (await read().grants.get(id))?.state;
  expect([await state(its), await state(other)]).toEqual(["revoked", "active"]);
  expect((await read().people.get(alice()))?.state).toBe("active");
});

test("nobody of a vendor answers, were he named a sponsor", async () => {
  const vendorId = asId<VendorId>(units.house.deps.ids.next());
  const guest = await units.join("guest", units.here, [], { vendorId });
  await sponsoredBy(guest);
  await days(91);
  for (const { id, sponsorId } of await items()) {
    expect(sponsorId).toBe(guest.personId);
    for (const keep of [true, false]) expect(await answer(id, keep, guest)).toEqual(GONE);
  }
  expect(await items("open")).toHaveLength(2);
});
