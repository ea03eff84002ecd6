/** What a person hangs on when he is entered; what he signs; how he is reviewed, forgotten, and how he leaves. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must, type House } from "../../../test/support/access-house.js";
import { createRows } from "../../../test/support/rows.js";
import { buildSisterUnits, type SisterUnits } from "../../../test/support/sister-units.js";
import {
  asId,
  type Actor,
  type Contract,
  type Person,
  type PersonId,
  type Stores,
  type Vendor,
} from "../../domain/index.js";
import { scopeOf } from "../scope.js";
import { unsigned } from "./declarations.js";
import { disableDormant } from "./dormant.js";
import { identityBound } from "./identity-number.js";
import { checkPersonBonds, type BondsAsked } from "./person-bonds.js";
import { reviewRound } from "./review-rounds.js";

const DAY_MS = 86_400_000;
let units: SisterUnits;
let house: House;
let vendor: Vendor;
let under: Vendor;
let contract: Contract;

const read = (): Stores => house.deps.database.read;
const person = async (id: PersonId): Promise<Person> => {
  const row = await read().people.get(id);
  if (row === undefined) throw new Error("nobody");
  return row;
};

beforeEach(async () => {
  units = await buildSisterUnits();
  ({ house } = units);
  const rows = createRows(house.deps.ids);
  const now = house.clock.now();
  vendor = rows.vendor({ unitId: units.here });
  under = rows.vendor({ unitId: units.here, parentId: vendor.id });
  const dates = { fromAt: now - DAY_MS, toAt: now + 500 * DAY_MS };
  contract = rows.contract(vendor.id, { unitId: units.here, ...dates });
  await house.deps.database.write(async (tx) => {
    await tx.vendors.insert(vendor);
    await tx.vendors.insert(under);
    await tx.contracts.insert(contract);
  });
});
afterEach(async () => {
  await house.broker.sessions.drain(0);
  house.close();
});

describe("what a person hangs on", () => {
  const asked = (more: Partial<BondsAsked> = {}): BondsAsked => ({
    personId: asId(house.deps.ids.next()),
    before: null,
    displayName: "张三",
    vendorId: under.id,
    contractId: contract.id,
    sponsorId: house.people.bob.personId,
    identityNumber: "110101199001011234",
    ...more,
  });
  const check = async (input: BondsAsked, by: Actor = house.people.sec1) =>
    house.deps.database.write(async (tx) =>
      checkPersonBonds(house.deps, tx, await scopeOf(tx, by, ["security"]), input),
    );

  test("the columns of a sub-contractor's person: his contract's unit, his number sealed to him", async () => {
    const input = asked({ identityNumber: "１１０１０１19900101123x" });
    const bonds = must(await check(input));
    expect(bonds).toMatchObject({ unitId: units.here, contractId: contract.id, identityTail: "123X" });
    const number = await house.deps.vault.lend(
      "identity",
      identityBound(input.personId),
      bonds.identitySealed ?? "",
      (secret) => secret,
    );
    expect(number).toBe("11010119900101123X");
    expect(must(await check(asked({ identityNumber: "110101 19900101 123x" }))).identityKey).toBe(bonds.identityKey);
    // Three zeros at the end are somebody's number too, where the check character is right (GB 11643).
    expect(must(await check(asked({ identityNumber: "110105198001011000" }))).identityTail).toBe("1000");
  });

  const other = createRows({ next: () => "01900000-0000-7000-8000-0000000000ff" });
  test.each<[string, () => Partial<BondsAsked> | Promise<Partial<BondsAsked>>, string, string]>([
    ["no contract", () => ({ contractId: null }), "invalid-input", "contractId"],
    ["a contract that is not there", () => ({ contractId: asId("no") }), "not-found", "contractId"],
    ["no sponsor", () => ({ sponsorId: null }), "invalid-input", "sponsorId"],
    ["no identity number", () => ({ identityNumber: null }), "invalid-input", "identityNumber"],
    ["a short number", () => ({ identityNumber: "12345" }), "invalid-input", "identityNumber"],
    ["a number of other signs", () => ({ identityNumber: "12345_7" }), "invalid-input", "identityNumber"],
    [
      "a number that a spreadsheet rounded",
      () => ({ identityNumber: "110101199003070000" }),
      "invalid-input",
      "identityNumber",
    ],
    ["himself as sponsor", () => ({ personId: house.people.bob.personId }), "invalid-input", "sponsorId"],
    ["a name of two scripts", () => ({ displayName: "Аcme" }), "invalid-input", "displayName"],
    ["no e-mail address", () => ({ email: "a b@c" }), "invalid-input", "email"],
    ["another unit than the contract's", () => ({ unitId: units.there }), "invalid-input", "unitId"],
    ["a vendor that is not there", () => ({ vendorId: other.vendor().id }), "not-found", "vendorId"],
    [
      "a contract for a unit's own person",
      () => ({ vendorId: null, unitId: units.here }),
      "invalid-input",
      "contractId",
    ],
    [
      "a sponsor who is disabled",
      async () => {
        await house.deps.database.write((tx) => tx.people.update(house.people.bob.personId, { state: "disabled" }));
        return {};
      },
      "not-under-contract",
      "sponsorId",
    ],
    [
      "a sponsor who is a vendor's",
      async () => ({ sponsorId: (await units.join("v", units.here, [], { vendorId: vendor.id })).personId }),
      "not-under-contract",
      "sponsorId",
    ],
    [
      "a vendor above that is retired",
      async () => {
        await house.deps.database.write((tx) => tx.vendors.update(vendor.id, { state: "retired" }));
        return {};
      },
      "not-under-contract",
      "vendorId",
    ],
    [
      "a contract that has ended",
      async () => {
        await house.deps.database.write((tx) => tx.contracts.update(contract.id, { state: "ended" }));
        return {};
      },
      "not-under-contract",
      "contractId",
    ],
    [
      "a contract whose last day has passed",
      () => {
        house.clock.advance(600 * DAY_MS);
        return {};
      },
      "not-under-contract",
      "contractId",
    ],
  ])("refuses %s", async (_, more, code, field) => {
    expect(await check(asked(await more()))).toEqual({ ok: false, code, field });
  });

  test("refuses somebody else's number, and a name that looks like one of the same vendor", async () => {
    const first = asked();
    const bonds = must(await check(first));
    await units.join("first", units.here, [], { ...bonds, id: first.personId, displayName: "Zhang San" });
    expect(await check(asked())).toEqual({ ok: false, code: "conflict", field: "identityNumber" });
    const alike = asked({ identityNumber: "220101199001011234", displayName: "ZHANG  SAN" });
    expect(await check(alike)).toEqual({ ok: false, code: "name-taken", field: "displayName" });
    expect((await check({ ...alike, displayName: "Zhang Si" })).ok).toBe(true);
  });

  test("a security administrator of a sister unit finds neither contract nor sponsor", async () => {
    const sister = await units.join("sister", units.there, ["security"]);
    expect(await check(asked(), sister)).toMatchObject({ code: "not-found", field: "contractId" });
    const own = asked({ vendorId: null, contractId: null, unitId: units.there });
    expect(await check(own, sister)).toMatchObject({ code: "not-found", field: "sponsorId" });
  });
});

describe("signing", () => {
  test("what was shown is signed, once, and by its digest; another text is stale", async () => {
    const { registry } = house.broker;
    const { bob } = house.people;
    const texts = must(await registry.declarations(bob, "en"));
    expect(texts.map((one) => [one.kind, one.signedAt])).toEqual([
      ["confidentiality", null],
      ["recording", null],
    ]);
    for (const { kind, digest } of texts) {
      expect(await registry.sign(bob, { kind, digest, locale: "zh-CN" })).toMatchObject({ code: "stale" });
      must(await registry.sign(bob, { kind, digest, locale: "en" }));
      must(await registry.sign(bob, { kind, digest, locale: "en" }));
    }
    expect(await unsigned(read(), house.deps.policy, bob.personId)).toEqual([]);
    expect(must(await registry.declarations(bob, "zh-CN")).every((one) => one.signedAt !== null)).toBe(true);
    expect(await house.audit("person.signed-declaration")).toHaveLength(2);
  });
});

describe("leaving", () => {
  test("shows what it ends, then ends all of it, with those he sponsors", async () => {
    const { registry } = house.broker;
    const { alice, sec1 } = house.people;
    const boss = await units.join("boss", units.here, []);
    await house.deps.database.write((tx) => tx.people.update(alice.personId, { sponsorId: boss.personId }));
    await house.grant(["ssh.shell"], 3_600_000);
    let ended = "";
    await house.open((because) => (ended = String(because)));
    const ending = must(await registry.personEnding(sec1, boss.personId));
    expect(ending).toMatchObject({ entitlements: 1, grants: 1, blockedBy: null });
    expect(ending.sponsored.map((one) => one.login)).toEqual(["alice"]);
    expect(ending.sessions.map((one) => one.login)).toEqual(["alice"]);
    must(await registry.leave(sec1, boss.personId, "人员离职"));
    await house.broker.live.changed();
    await house.broker.live.allClosed();
    expect(ended).not.toBe("");
    expect((await person(boss.personId)).state).toBe("retired");
    expect((await person(alice.personId)).state).toBe("active");
    expect((await read().webSessions.get(boss.webSessionId as never))?.endedAt).not.toBeNull();
    expect((await read().grants.find({})).map((grant) => [grant.state, grant.endReason])).toEqual([
      ["revoked", "sponsor-left"],
    ]);
    const verbs = (await house.audit()).map((row) => row.verb);
    const order = ["person.left", "entitlement.ended", "grant.revoked", "session.ended"] as const;
    const places = order.map((verb) => verbs.lastIndexOf(verb));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(-1);
  });

  test("of the last of a power, of oneself, and of one who left is refused", async () => {
    const { registry } = house.broker;
    const { sec1, aud1, aud2 } = house.people;
    expect(await registry.leave(sec1, sec1.personId, "人员离职")).toMatchObject({ code: "forbidden" });
    must(await registry.leave(sec1, aud1.personId, "人员离职"));
    expect(await registry.leave(sec1, aud1.personId, "人员离职")).toMatchObject({ code: "conflict" });
    expect(must(await registry.personEnding(sec1, aud2.personId)).blockedBy).toBe("last-of-power");
    expect(await registry.leave(sec1, aud2.personId, "人员离职")).toMatchObject({ code: "last-of-power" });
    expect((await person(aud2.personId)).state).toBe("active");
  });
});

describe("the review", () => {
  let boss: Actor;
  const days = async (count: number): Promise<void> => {
    house.clock.advance(count * DAY_MS);
    await reviewRound(house.deps);
  };
  const items = async (where: object = {}) => read().reviewItems.find(where, { orderBy: "id" });

  beforeEach(async () => {
    boss = await units.join("boss", units.here, []);
    await house.deps.database.write((tx) =>
      tx.people.update(house.people.alice.personId, { sponsorId: boss.personId }),
    );
  });

  test("opens a line for the person and for each entitlement when its time has come, once, and reminds once", async () => {
    await days(80);
    expect(await items()).toEqual([]);
    await days(11);
    await days(0);
    expect((await items()).map((one) => [one.sponsorId, one.entitlementId === null, one.state])).toEqual([
      [boss.personId, true, "open"],
      [boss.personId, false, "open"],
    ]);
    const alerts = await read().alerts.find({ kind: "review-due" });
    expect(alerts.map((one) => [one.subject, one.count, one.detail["open"]])).toEqual([
      [`person:${boss.personId}`, 1, 2],
    ]);
    expect(must(await house.broker.registry.reviews(boss, { view: "mine" })).items).toHaveLength(2);
    expect(await house.broker.registry.reviews(boss, { view: "all" })).toMatchObject({ code: "forbidden" });
  });

  test("reminds of lines of several units where somebody covers them all, and of one unit's there", async () => {
    const { alice, mallory } = house.people;
    const other = await units.join("other", units.there, []);
    await house.deps.database.write(async (tx) => {
      await tx.people.update(alice.personId, { unitId: units.here });
      await tx.people.update(mallory.personId, { sponsorId: boss.personId, unitId: units.there });
      await tx.people.update(house.people.carol.personId, { sponsorId: other.personId, unitId: units.there });
    });
    await days(91);
    const alerts = await read().alerts.find({ kind: "review-due" }, { orderBy: "id" });
    const placed = new Map(alerts.map((one) => [one.subject, [one.unitId, one.detail["open"]]]));
    expect(placed.get(`person:${boss.personId}`)).toEqual([units.top, 3]);
    expect(placed.get(`person:${other.personId}`)).toEqual([units.there, 1]);
  });

  test("a confirmed line stays for its time; what is not confirmed lapses with its grants", async () => {
    await days(91);
    const [who, what] = await items();
    if (who === undefined || what === undefined) throw new Error("no lines");
    must(await house.broker.registry.decideReview(boss, who.id, { keep: true }));
    expect(await house.broker.registry.decideReview(boss, who.id, { keep: false })).toMatchObject({
      code: "already-decided",
    });
    await days(13);
    await house.grant(["ssh.shell"], 30 * DAY_MS).catch(() => undefined);
    await days(2);
    expect((await items()).map((one) => one.state)).toEqual(["confirmed", "lapsed"]);
    expect((await read().entitlements.find({}))[0]?.endedAt).not.toBeNull();
    expect((await person(house.people.alice.personId)).state).toBe("active");
    expect(await house.audit("review.lapsed")).toHaveLength(1);
  });

  test("a person who is not confirmed is disabled at once", async () => {
    await days(91);
    const before = await person(house.people.alice.personId);
    await days(15);
    const after = await person(house.people.alice.personId);
    expect([after.state, after.credentialEpoch]).toEqual(["disabled", before.credentialEpoch + 1]);
    expect(await house.audit("person.lapsed")).toHaveLength(1);
  });

  test("only the sponsor there is now answers, and never about himself", async () => {
    const heir = await units.join("heir", units.here, []);
    await days(91);
    const [who] = await items({ entitlementId: null });
    if (who === undefined) throw new Error("no line");
    for (const actor of [heir, house.people.sec1, house.people.alice])
      expect(await house.broker.registry.decideReview(actor, who.id, { keep: true })).toMatchObject({
        code: "not-found",
      });
    await house.deps.database.write((tx) =>
      tx.people.update(house.people.alice.personId, { sponsorId: heir.personId }),
    );
    expect(await house.broker.registry.decideReview(boss, who.id, { keep: true })).toMatchObject({ code: "not-found" });
    await days(0);
    must(await house.broker.registry.decideReview(heir, who.id, { keep: true }));
  });

  test("a line whose subject ended meanwhile is void", async () => {
    await days(91);
    await house.deps.database.write((tx) => tx.people.update(house.people.alice.personId, { state: "retired" }));
    await days(0);
    expect((await items()).map((one) => one.state)).toEqual(["void", "void"]);
  });

  test("the last of a power does not lapse; an alert says so", async () => {
    const { aud1, aud2 } = house.people;
    await house.deps.database.write(async (tx) => {
      await tx.people.update(aud1.personId, { state: "disabled" });
      await tx.people.update(aud2.personId, { sponsorId: boss.personId });
    });
    await days(91);
    await days(15);
    await days(0);
    expect((await person(aud2.personId)).state).toBe("active");
    const kept = (await read().alerts.find({ subject: `person:${aud2.personId}` })).map((one) => [
      one.kind,
      one.count,
      one.detail,
    ]);
    expect(kept).toEqual([["last-of-power", 1, { login: "aud2", why: "review" }]]);
  });
});

describe("accounts that nobody uses", () => {
  test("are disabled when policy says so, but never the last of a power, and not who was just made active again", async () => {
    const { alice, mallory, sec1 } = house.people;
    house.clock.advance(1000 * DAY_MS);
    const now = house.clock.now();
    await house.deps.database.write(async (tx) => {
      await tx.people.update(alice.personId, { lastSignInAt: now - DAY_MS });
      const object = { kind: "person", id: mallory.personId };
      await tx.audit.append({ verb: "person.changed", actorId: sec1.personId, object, sourceAddress: null });
    });
    await disableDormant(house.deps);
    const state = async (of: Actor): Promise<string> => (await person(of.personId)).state;
    expect([await state(alice), await state(mallory)]).toEqual(["active", "active"]);
    for (const power of ["system", "security", "audit"] as const) {
      const holders = await read().powers.find({ power });
      const active = await Promise.all(holders.map(async (row) => (await person(row.id)).state === "active"));
      expect(active.filter(Boolean)).toHaveLength(1);
    }
    expect(await state(house.people.bob)).toBe("disabled");
    expect(await read().alerts.find({ kind: "last-of-power" })).toHaveLength(3);
    expect((await house.audit("person.dormant")).length).toBeGreaterThan(3);
  });
});
