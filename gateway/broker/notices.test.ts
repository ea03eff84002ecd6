/** What leaves the broker as a notice, and who may hear it, over two sister units. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must } from "../../test/support/access-house.js";
import { buildSisterUnits, type SisterUnits } from "../../test/support/sister-units.js";
import type { Actor, UnitId } from "../domain/index.js";
import { alertNotice, mayHear, placing } from "./notices.js";
import { raiseAlertNow } from "./alerts.js";
import type { PlacedNotice } from "./broker.js";

let units: SisterUnits;
let told: PlacedNotice[];
let here: Actor;
let there: Actor;
beforeEach(async () => {
  units = await buildSisterUnits();
  here = await units.join("sec-here", units.here, ["security"]);
  there = await units.join("sec-there", units.there, ["security"]);
  told = [];
  units.house.broker.onNotice((notice) => told.push(notice));
});
afterEach(() => units.house.close());

async function next(topic: PlacedNotice["topic"]): Promise<PlacedNotice> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const found = told.find((one) => one.topic === topic);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`no notice about ${topic}`);
}

async function heard(notice: PlacedNotice): Promise<readonly boolean[]> {
  const { broker, people } = units.house;
  return Promise.all([here, there, people.sec1].map((actor) => broker.mayHear(actor, notice)));
}

const by = (): Actor => units.house.people.sec1;

describe("a notice", () => {
  test("about what lies in a unit is for those who cover it, and for those it names", async () => {
    const { house, here: unitId } = units;
    const asked = await house.ask();
    const notice = await next("requests");
    expect(notice).toMatchObject({ id: asked.id, audience: { unitIds: [unitId] } });
    expect(await heard(notice)).toEqual([true, false, true]);
    expect(await house.broker.mayHear(house.people.alice, notice)).toBe(true);
    expect(await house.broker.mayHear(house.people.mallory, notice)).toBe(false);
  });

  test("about an alert, a vendor or a unit is placed too", async () => {
    const { house } = units;
    const { registry } = house.broker;
    await raiseAlertNow(
      { ...house.deps, notify: (one) => placing(house.deps, (placed) => told.push(placed))(one) },
      {
        unitId: units.there,
        kind: "quota-exceeded",
        subject: "session:x",
        detail: {},
      },
    );
    expect(await heard(await next("alerts"))).toEqual([false, true, true]);
    must(
      await registry.createVendor(by(), {
        unitId: units.here,
        name: "Northwind",
        registrationNumber: null,
        parentId: null,
      }),
    );
    expect(await heard(await next("registry"))).toEqual([true, false, true]);
    told = [];
    const below = must(await registry.createUnit(by(), { parentId: units.there, name: "Below" }));
    const notice = await next("registry");
    expect(notice.audience.unitIds).toEqual([below.id]);
    expect(await heard(notice)).toEqual([false, true, true]);
  });

  test("about what has no row is for the top; about a whole file, for whoever holds the power", async () => {
    const { house } = units;
    const placed = (id: string): Promise<PlacedNotice> =>
      new Promise((resolve) => placing(house.deps, resolve)({ ...alertNotice(id) }));
    expect(await heard(await placed("no-such-alert"))).toEqual([false, false, true]);
    expect(await heard(await placed("vendors"))).toEqual([true, true, true]);
    const whole = await placed("vendors");
    expect(await house.broker.mayHear(house.people.mallory, whole)).toBe(false);
  });

  test("counts a role where it is held, not the power beside it", async () => {
    const approver = await units.join("app-there", units.there, ["approver"]);
    const audience = { personIds: [], roles: ["approver"], powers: [], unitIds: [units.there] as UnitId[] } as const;
    const notice = { topic: "requests", id: "r", audience } as const;
    const { read } = units.house.deps.database;
    expect(await mayHear(read, approver, notice)).toBe(true);
    expect(await mayHear(read, approver, { ...notice, audience: { ...audience, unitIds: [units.here] } })).toBe(false);
    expect(await mayHear(read, there, notice)).toBe(false);
  });

  test("is not told, and is logged, while the database does not answer", async () => {
    const lines: string[] = [];
    const away = { alerts: { get: () => Promise.reject(new Error("away")) } } as never;
    const database = { ...units.house.deps.database, read: away };
    placing({ database, log: (_level, message) => lines.push(message) }, (one) => told.push(one))(alertNotice("a"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(lines).toEqual(["a notice was not told"]);
    expect(told).toEqual([]);
  });
});
