import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changePerson, must } from "../../../test/support/access-house.js";
import { appoint, buildContractHouse, TODAY, type ContractHouse } from "../../../test/support/contract-house.js";
import { asId, LONGEST_VENDOR_CHAIN, type AssetId, type AuditEvent, type VendorId } from "../../domain/index.js";
import { createCalendar } from "../../calendar.js";
import type { NewContract } from "../broker.js";
import { changeContract } from "./contracts.js";

let house: ContractHouse;
beforeEach(async () => {
  house = await buildContractHouse();
});
afterEach(() => {
  house.close();
});

const vendorNamed = (name: string, parentId: VendorId | null = null, registrationNumber: string | null = null) =>
  house.broker.registry.createVendor(house.people.sec1, {
    unitId: house.unitId,
    name,
    parentId,
    registrationNumber,
  });
const unitNamed = (name: string, parentId = house.unitId) =>
  house.broker.registry.createUnit(house.people.sec1, { parentId, name });
const enter = (more: Partial<NewContract>) =>
  house.broker.registry.createContract(house.people.sec1, house.terms({ number: "HT-2", ...more }));

describe("names", () => {
  it("take no vendor that looks like another, in any unit, also a retired one", async () => {
    must(await vendorNamed("Acme Operations"));
    for (const name of [
      "Acme Operations",
      "ACME operations",
      "Аcme Operations".slice(1).padStart(15, "А"),
      "Acme 0perations",
    ])
      expect(await vendorNamed(name), name).toMatchObject({ ok: false });
    const gone = must(await vendorNamed("Gone Ltd"));
    must(await house.broker.registry.retireVendor(house.people.sec1, gone.id, "bankrupt"));
    expect(await vendorNamed("Gone  Ltd")).toMatchObject({ code: "name-taken", field: "name" });
    expect(await vendorNamed("G0ne Ltd")).toMatchObject({ code: "name-taken" });
    expect(await vendorNamed("hid\u202Eden")).toMatchObject({ code: "invalid-input", field: "name" });
    must(await vendorNamed("With a number", null, "91110000MA01"));
    expect(await vendorNamed("Another", null, "91110000MA01")).toMatchObject({
      code: "name-taken",
      field: "registrationNumber",
    });
  });

  it("take no look-alike among siblings, but the same name under another unit", async () => {
    const east = must(await unitNamed("East"));
    expect(await unitNamed("EAST")).toMatchObject({ code: "name-taken", field: "name" });
    const west = must(await unitNamed("West"));
    expect(must(await unitNamed("East", west.id)).path).toEqual(["Example Bureau", "West", "East"]);
    const { registry } = house.broker;
    expect(await registry.renameUnit(house.people.sec1, west.id, "Eаst")).toMatchObject({ ok: false });
    expect(must(await registry.renameUnit(house.people.sec1, east.id, "EAST")).name).toBe("EAST");
  });

  it("take no contract number that looks like another's", async () => {
    for (const number of ["HT-2027-001", "ht-2027-001", "HT-2O27-OO1"])
      expect(await enter({ number }), number).toMatchObject({ code: "name-taken", field: "number" });
  });
});

describe("sub-contracting", () => {
  it("puts a vendor's people under its own contracts and those of each vendor above it, and no others", async () => {
    const { registry } = house.broker;
    const { sec1 } = house.people;
    const other = must(await vendorNamed("Harbour"));
    must(await enter({ number: "HT-TOP", vendorId: house.top.id }));
    must(await enter({ number: "HT-SUB", vendorId: house.vendor.id }));
    must(await enter({ number: "HT-OTHER", vendorId: other.id }));
    const under = async (vendorId: VendorId, q = ""): Promise<readonly string[]> =>
      must(await registry.contracts(sec1, { vendorId, q }))
        .items.map((one) => one.number)
        .sort();
    expect(await under(house.vendor.id)).toEqual(["HT-2027-001", "HT-SUB", "HT-TOP"]);
    expect(await under(house.vendor.id, "TOP")).toEqual(["HT-TOP"]);
    expect(await under(house.top.id)).toEqual(["HT-2027-001", "HT-TOP"]);
    expect(await under(asId<VendorId>("01900000-0000-7000-8000-0000000fffff"))).toEqual([]);
  });

  it("never comes back to itself", async () => {
    const { registry } = house.broker;
    const { top, vendor, people } = house;
    for (const [id, parentId] of [
      [top.id, top.id],
      [top.id, vendor.id],
    ] as const)
      expect(await registry.changeVendor(people.sec1, id, { parentId })).toMatchObject({ code: "vendor-cycle" });
    expect(must(await registry.vendor(people.sec1, vendor.id)).chain).toEqual(["南方运维", "远景科技"]);
  });

  it("is at most so many links long, also when a whole branch is moved", async () => {
    let parentId: VendorId | null = null;
    const made: VendorId[] = [];
    for (let link = 0; link <= LONGEST_VENDOR_CHAIN; link += 1) {
      const { id }: { id: VendorId } = must(await vendorNamed(`Link ${"abcdefghk"[link] ?? ""}`, parentId));
      made.push(id);
      parentId = id;
    }
    expect(await vendorNamed("One too many", parentId)).toMatchObject({ code: "invalid-input", field: "parentId" });
    const [head] = made;
    const under = { parentId: house.top.id };
    expect(await house.broker.registry.changeVendor(house.people.sec1, head ?? house.top.id, under)).toMatchObject({
      code: "invalid-input",
      field: "parentId",
    });
  });

  it("keeps a vendor where its people's contracts are", async () => {
    const { registry } = house.broker;
    const other = must(await vendorNamed("Other prime"));
    const moves = [null, other.id].map((parentId) => ({ parentId }));
    for (const move of moves)
      expect(await registry.changeVendor(house.people.sec1, house.vendor.id, move)).toMatchObject({
        code: "not-under-contract",
        field: "parentId",
      });
    await changePerson(house, house.people.mallory.personId, { state: "retired" });
    for (const move of moves) must(await registry.changeVendor(house.people.sec1, house.vendor.id, move));
  });
});

describe("contracts", () => {
  it.each<[string, Partial<NewContract>]>([
    ["toDate", { fromDate: "2027-06-02", toDate: "2027-06-01" }],
    ["toDate", { toDate: "2027-02-30" }],
    ["fromDate", { fromDate: "2027-13-01" }],
    ["fromDate", { fromDate: "yesterday" }],
    ["toDate", { fromDate: "2026-01-01", toDate: "2027-01-14" }],
    ["title", { title: " " }],
    ["number", { number: "HT\u200B-3" }],
  ])("are refused for their %s: %o", async (field, more) => {
    expect(await enter(more)).toMatchObject({ code: "invalid-input", field });
  });

  it("hold for the last day whole, in local time", async () => {
    const { fromAt, toAt, zone } = must(await enter({ fromDate: TODAY, toDate: TODAY }));
    expect([new Date(fromAt).toISOString(), new Date(toAt).toISOString(), zone]).toEqual([
      "2027-01-14T16:00:00.000Z",
      "2027-01-15T16:00:00.000Z",
      "Asia/Shanghai",
    ]);
  });

  it("keep their moments when the installation's zone becomes another, until their days are changed", async () => {
    const { contract, people, deps } = house;
    const moved = { ...deps, calendar: createCalendar("America/New_York") };
    const words = { title: "Other words", fromDate: contract.fromDate, toDate: contract.toDate };
    const kept = must(await changeContract(moved, people.sec1, contract.id, words));
    expect([kept.zone, kept.fromAt, kept.toAt]).toEqual([contract.zone, contract.fromAt, contract.toAt]);
    const other = must(await changeContract(moved, people.sec1, contract.id, { toDate: "2027-11-07" }));
    expect([other.zone, new Date(other.toAt).toISOString()]).toEqual(["America/New_York", "2027-11-08T05:00:00.000Z"]);
  });

  it("have an owner of the unit who is there, and no vendor's", async () => {
    const { people } = house;
    await changePerson(house, people.carol.personId, { state: "disabled" });
    const branch = must(await unitNamed("Branch"));
    const stranger = await appoint(house, must(await unitNamed("Elsewhere")).id, { role: "approver" });
    for (const ownerId of [people.mallory.personId, people.carol.personId, asId<never>("nobody")])
      expect(await enter({ ownerId })).toMatchObject({ code: "invalid-input", field: "ownerId" });
    expect(
      await enter({ unitId: branch.id, ownerId: stranger.personId, scope: { ...house.scope, assetIds: [] } }),
    ).toMatchObject({ code: "invalid-input" });
  });

  it("cover only assets of the unit's subtree, accounts on them, and actions that do something there", async () => {
    const { scope, accountId, asset } = house;
    const branch = must(await unitNamed("Branch"));
    const unknown = asId<AssetId>(house.deps.ids.next());
    const wrong: readonly Partial<NewContract>[] = [
      { unitId: branch.id },
      { scope: { ...scope, assetIds: [] } },
      { scope: { ...scope, assetIds: [asset.id, unknown] } },
      { scope: { ...scope, accountIds: [asId(house.deps.ids.next())] } },
      { scope: { ...scope, actions: ["rdp.connect"] } },
      { scope: { ...scope, actions: [] } },
    ];
    for (const more of wrong) expect(await enter(more)).toMatchObject({ code: "invalid-input", field: "scope" });
    expect(must(await enter({ scope: { ...scope, accountIds: [accountId, accountId] } })).scope.accountIds).toEqual([
      accountId,
    ]);
  });

  it("keep the duties' document with its hash, never over an earlier one, and nothing that is not whole", async () => {
    const { registry } = house.broker;
    const { contract, people } = house;
    const bytes = Buffer.from("安全责任书");
    const name = "责任书.pdf";
    const first = must(await registry.acceptDuties(people.sec1, contract.id, { name, bytes }));
    expect(first).toMatchObject({ dutiesName: name, dutiesBytes: bytes.length });
    must(await registry.acceptDuties(people.sec1, contract.id, { name, bytes }));
    const read = async () => {
      const { bytes: pieces } = must(await registry.dutiesDocument(people.aud1, contract.id));
      const all: Uint8Array[] = [];
      for await (const piece of pieces) all.push(piece);
      return Buffer.concat(all).toString("utf8");
    };
    expect(await read()).toBe("安全责任书");
    for (const bad of ["../责任书.pdf", "", "a\nb"])
      expect(await registry.acceptDuties(people.sec1, contract.id, { name: bad, bytes })).toMatchObject({
        field: "name",
      });
    for (const size of [0, 20 * 1024 * 1024 + 1])
      expect(
        await registry.acceptDuties(people.sec1, contract.id, { name, bytes: new Uint8Array(size) }),
      ).toMatchObject({ code: "invalid-input", field: "bytes" });
    const wrong = "ab".repeat(32);
    await house.deps.database.write((tx) => tx.contracts.update(contract.id, { dutiesSha256: wrong }));
    const blob = await house.deps.documents.create(`documents/${contract.id}/${wrong}`);
    await blob.append(bytes);
    await blob.finish();
    await expect(read()).rejects.toThrow("not the one");
    expect(await house.audit("contract.duties-accepted")).toHaveLength(2);
  });
});

describe("what is not taken", () => {
  it("changes nothing and stands in the log: with whom, what and why, and nothing of who may not try", async () => {
    const { registry } = house.broker;
    const { people, top, vendor, contract, unitId } = house;
    const before = [await registry.vendor(people.sec1, top.id), await registry.contract(people.sec1, contract.id)];
    await vendorNamed("远景科技");
    await registry.changeVendor(people.sec1, top.id, { parentId: vendor.id });
    await unitNamed("hid\u202Eden");
    await registry.renameUnit(people.sec1, unitId, " ");
    await enter({ fromDate: "2027-06-02", toDate: "2027-06-01" });
    await registry.changeContract(people.sec1, contract.id, { toDate: "2026-12-31" });
    for (const by of [people.bob, people.sys1]) await registry.createUnit(by, { parentId: unitId, name: " " });
    const rows = await house.audit("register.refused");
    const leaves = rows.map(({ leaf }) => JSON.parse(leaf) as AuditEvent);
    expect(leaves.map(({ object, decidedBy, detail }) => [object.kind, object.id, decidedBy, detail])).toEqual([
      ["vendor", "new", "name-taken", { field: "name", name: "远景科技" }],
      ["vendor", top.id, "vendor-cycle", { field: "parentId" }],
      ["unit", "new", "invalid-input", { field: "name", name: "hid·den" }],
      ["unit", unitId, "invalid-input", { field: "name", name: " " }],
      ["contract", "new", "invalid-input", { field: "toDate", name: "HT-2" }],
      ["contract", contract.id, "invalid-input", { field: "toDate" }],
    ]);
    expect(new Set(rows.map((row) => [row.actorId, row.unitId].join()))).toEqual(
      new Set([[people.sec1.personId, unitId].join()]),
    );
    expect([await registry.vendor(people.sec1, top.id), await registry.contract(people.sec1, contract.id)]).toEqual(
      before,
    );
  });
});

describe("who keeps the register", () => {
  it("is a security administrator; the other powers read; nobody else sees it", async () => {
    const { registry } = house.broker;
    const { people, top, contract, unitId } = house;
    for (const by of [people.sys1, people.aud1, people.bob, people.mallory, people.alice]) {
      expect(await registry.createUnit(by, { parentId: unitId, name: "x" })).toMatchObject({ code: "forbidden" });
      expect(await registry.changeVendor(by, top.id, { name: "x" })).toMatchObject({ code: "forbidden" });
      expect(await registry.changeContract(by, contract.id, { title: "x" })).toMatchObject({ code: "forbidden" });
      expect(await registry.endContract(by, contract.id, "because")).toMatchObject({ code: "forbidden" });
      expect(await registry.retireVendor(by, top.id, "because")).toMatchObject({ code: "forbidden" });
    }
    for (const by of [people.bob, people.mallory])
      expect(await registry.contracts(by, {})).toMatchObject({ ok: false });
    for (const by of [people.sys1, people.aud1, people.sec1])
      expect(must(await registry.contracts(by, { q: "2027" })).items).toHaveLength(1);
  });

  it("keeps it within his units: what lies outside is answered as what does not exist", async () => {
    const { registry } = house.broker;
    const branch = must(await unitNamed("Branch"));
    const inner = await appoint(house, branch.id, { power: "security" });
    expect(must(await registry.units(inner)).map((unit) => unit.name)).toEqual(["Branch"]);
    expect(must(await registry.vendors(inner, {})).items).toEqual([]);
    expect(must(await registry.contracts(inner, {})).items).toEqual([]);
    expect(await registry.vendor(inner, house.top.id)).toEqual(await registry.vendor(inner, asId("unknown")));
    expect(await registry.contract(inner, house.contract.id)).toEqual({ ok: false, code: "not-found" });
    expect(await registry.endContract(inner, house.contract.id, "because")).toMatchObject({ code: "not-found" });
    expect(await registry.renameUnit(inner, house.unitId, "Mine")).toMatchObject({ code: "not-found" });
    expect(await registry.createUnit(inner, { parentId: house.unitId, name: "x" })).toMatchObject({
      field: "parentId",
    });
    must(await registry.createUnit(inner, { parentId: branch.id, name: "Room" }));
    expect(await registry.createContract(inner, house.terms({ unitId: branch.id, number: "N" }))).toMatchObject({
      field: "vendorId",
    });
  });

  it("retires only an empty unit, and never the top", async () => {
    const { registry } = house.broker;
    const { sec1 } = house.people;
    const branch = must(await unitNamed("Branch"));
    const room = must(await unitNamed("Room", branch.id));
    expect(await registry.retireUnit(sec1, branch.id)).toMatchObject({ code: "conflict" });
    expect(await registry.retireUnit(sec1, house.unitId)).toMatchObject({ code: "conflict" });
    const admin = await appoint(house, room.id, { power: "system" });
    expect(await registry.retireUnit(sec1, room.id)).toMatchObject({ code: "conflict" });
    must(await registry.leave(sec1, admin.personId, "the room is closed"));
    must(await registry.retireUnit(sec1, room.id));
    must(await registry.retireUnit(sec1, branch.id));
    expect(await unitNamed("Late", branch.id)).toMatchObject({ field: "parentId" });
  });
});
