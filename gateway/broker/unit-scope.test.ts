/** A power or a role holds for its units: what lies outside is neither decided, given, changed nor named. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOST_KEY, must } from "../../test/support/access-house.js";
import { appoint, buildContractHouse, type ContractHouse } from "../../test/support/contract-house.js";
import { asId, type AccountId, type Actor, type UnitId } from "../domain/index.js";

let house: ContractHouse;
let east: UnitId;
let west: UnitId;
/** A login on an asset of the east. */
let eastAccount: AccountId;
let eastSystem: Actor;
beforeEach(async () => {
  house = await buildContractHouse();
  const { sec1, alice } = house.people;
  const unit = async (name: string) =>
    must(await house.broker.registry.createUnit(sec1, { parentId: house.unitId, name })).id;
  [east, west] = [await unit("East"), await unit("West")];
  eastSystem = await appoint(house, east, { power: "system" });
  eastAccount = await accountOn(eastSystem, "east-01");
  const right = { personId: alice.personId, actions: ["ssh.shell"], to: null } as const;
  must(await house.broker.assets.createEntitlement(sec1, { ...right, accountId: eastAccount }));
});
afterEach(() => {
  house.close();
});

const NEW = { protocol: "ssh", host: "web-01.example", port: 22, description: "", legacyAlgorithms: false } as const;
const accountOn = async (by: Actor, name: string): Promise<AccountId> => {
  const { assets } = house.broker;
  const asset = must(await assets.create(by, { ...NEW, name }));
  must(await assets.confirmHostKey(by, asset.id, HOST_KEY));
  const account = must(await assets.createAccount(by, { assetId: asset.id, login: "root" }));
  must(await assets.setCredential(by, account.id, { kind: "password", secret: "correct horse" }));
  return account.id;
};
const ask = async (accountIds: readonly AccountId[]) =>
  must(
    await house.broker.access.request(house.people.alice, {
      items: accountIds.map((accountId) => ({ accountId, actions: ["ssh.shell"] })),
      reason: "patching",
      workOrder: "",
      durationMs: 3_600_000,
    }),
  );
const say = (
  by: Actor,
  { id, digest }: { readonly id: Awaited<ReturnType<typeof ask>>["id"]; readonly digest: string },
) => house.broker.access.decide(by, id, { verdict: "approved", reason: "", digest });

describe("an approver", () => {
  it("decides and sees what is asked of his units alone; the grant is of the asset's unit", async () => {
    const ofEast = await appoint(house, east, { role: "approver" });
    const ofWest = await appoint(house, west, { role: "approver" });
    const request = await ask([eastAccount]);
    expect(request.unitId).toBe(east);
    expect(await say(ofWest, request)).toEqual({ ok: false, code: "not-found" });
    expect(await house.broker.access.get(ofWest, request.id)).toMatchObject({ code: "not-found" });
    expect(must(await house.broker.access.list(ofWest, { view: "queue" })).items).toEqual([]);
    expect(must(await house.broker.access.list(ofEast, { view: "queue" })).items).toHaveLength(1);
    const { grants } = must(await say(ofEast, request));
    expect(grants).toMatchObject([{ unitId: east }]);
    const grantId = grants[0]?.id ?? asId("");
    expect(await house.broker.access.revoke(ofWest, grantId, "because")).toMatchObject({ code: "not-found" });
    must(await house.broker.access.revoke(ofEast, grantId, "because"));
  });

  it("of one unit decides nothing of another that he only sees by his power", async () => {
    const seeing = await appoint(house, east, { power: "security" });
    const { personId } = seeing;
    const role = {
      personId,
      role: "approver",
      unitId: west,
      grantedBy: null,
      confirmedBy: null,
      createdAt: 1,
    } as const;
    await house.deps.database.write((tx) => tx.roles.insert({ ...role, id: `${personId}:approver:${west}` }));
    const request = await ask([eastAccount]);
    expect(must(await house.broker.access.get(seeing, request.id)).decidable).toEqual({ ok: false, code: "forbidden" });
    expect(await say(seeing, request)).toEqual({ ok: false, code: "forbidden" });
  });

  it("of one unit does not decide what reaches into another: that belongs to the unit above both", async () => {
    const ofEast = await appoint(house, east, { role: "approver" });
    const request = await ask([eastAccount, house.accountId]);
    expect(request.unitId).toBe(house.unitId);
    expect(await say(ofEast, request)).toMatchObject({ code: "not-found" });
    must(await say(house.people.bob, request));
  });

  it("whose factors were reset decides a day later", async () => {
    const request = await ask([eastAccount]);
    const { clock } = house;
    const approvesFrom = clock.now() + 1000;
    await house.deps.database.write((tx) => tx.people.update(house.people.bob.personId, { approvesFrom }));
    expect(await say(house.people.bob, request)).toMatchObject({ code: "approves-later" });
    clock.advance(1000);
    must(await say(house.people.bob, request));
  });

  it("shows a second factor again before he says yes", async () => {
    const request = await ask([eastAccount]);
    const { bob } = house.people;
    if (bob.webSessionId === undefined) throw new Error("he has no page");
    const page = bob.webSessionId;
    await house.deps.database.write((tx) => tx.webSessions.update(page, { steppedUpAt: 0 }));
    expect(await say(bob, request)).toMatchObject({ code: "step-up-needed" });
  });
});

describe("a security administrator", () => {
  it("gives and ends only within his units", async () => {
    const ofWest = await appoint(house, west, { power: "security" });
    const { assets } = house.broker;
    const { alice } = house.people;
    const operator = await appoint(house, west, { role: "operator" });
    const right = { actions: ["ssh.shell"], to: null, accountId: eastAccount } as const;
    expect(await assets.createEntitlement(ofWest, { ...right, personId: alice.personId })).toMatchObject({
      field: "personId",
    });
    expect(await assets.createEntitlement(ofWest, { ...right, personId: operator.personId })).toMatchObject({
      field: "accountId",
    });
    expect(must(await assets.listEntitlements(ofWest, {})).items).toEqual([]);
    const [one] = must(await assets.listEntitlements(house.people.sec1, { personId: alice.personId })).items;
    expect(await assets.endEntitlement(ofWest, one?.id ?? asId(""))).toMatchObject({ code: "not-found" });
  });

  it("gives nobody what lies outside the units for which he operates", async () => {
    const operator = await appoint(house, west, { role: "operator" });
    const right = { personId: operator.personId, actions: ["ssh.shell"], to: null, accountId: eastAccount } as const;
    expect(await house.broker.assets.createEntitlement(house.people.sec1, right)).toMatchObject({ field: "personId" });
  });
});

describe("a system administrator", () => {
  it("makes, changes and sees assets and accounts of his units alone", async () => {
    const { assets } = house.broker;
    const ofWest = await appoint(house, west, { power: "system" });
    const [mine] = must(await assets.list(eastSystem, {})).items;
    expect(mine).toMatchObject({ name: "east-01", unitId: east, unitName: "East" });
    const id = mine?.id ?? asId("");
    expect(must(await assets.list(ofWest, {})).items).toEqual([]);
    expect(must(await assets.listAccounts(ofWest, {})).items).toEqual([]);
    const refusals = [
      await assets.get(ofWest, id),
      await assets.change(ofWest, id, { description: "mine" }),
      await assets.scanHostKey(ofWest, id),
      await assets.confirmHostKey(ofWest, id, HOST_KEY),
      await assets.createAccount(ofWest, { assetId: id, login: "app" }),
      await assets.setCredential(ofWest, eastAccount, { kind: "password", secret: "x" }),
      await assets.retireAccount(ofWest, eastAccount),
      await assets.retire(ofWest, id),
    ];
    for (const refusal of refusals) expect(refusal).toEqual({ ok: false, code: "not-found" });
    expect(await assets.create(ofWest, { ...NEW, name: "west-01", unitId: east })).toMatchObject({ field: "unitId" });
    expect(must(await assets.create(ofWest, { ...NEW, name: "west-01" })).unitId).toBe(west);
  });

  it("names who may own an asset to the system administrators of his unit, and nothing else of him", async () => {
    const { assets } = house.broker;
    const { sys1, bob, mallory } = house.people;
    const ofWest = await appoint(house, west, { power: "system" });
    const owners = must(await assets.owners(sys1, {})).items;
    expect(owners.find(({ id }) => id === bob.personId)).toEqual({
      id: bob.personId,
      login: "bob",
      displayName: expect.any(String) as string,
      unitName: expect.any(String) as string,
    });
    expect(owners.some(({ id }) => id === mallory.personId)).toBe(false);
    expect(must(await assets.owners(sys1, { q: "BOB" })).items.map(({ login }) => login)).toEqual(["bob"]);
    expect(must(await assets.owners(ofWest, {})).items.some(({ id }) => id === bob.personId)).toBe(false);
    expect(await assets.owners(house.people.sec1, {})).toMatchObject({ code: "forbidden" });
    expect(await assets.owners(sys1, { q: "x".repeat(101) })).toMatchObject({ field: "q" });
  });

  it("says what an asset is to its unit, within what can be said", async () => {
    const { assets } = house.broker;
    const { sys1, bob, mallory } = house.people;
    const ofWest = await appoint(house, west, { role: "approver" });
    const ofEast = await appoint(house, east, { role: "approver" });
    const [mine] = must(await assets.list(eastSystem, {})).items;
    const give = (ownerId: Actor["personId"]) => assets.change(eastSystem, mine?.id ?? asId(""), { ownerId });
    const nobody = asId<Actor["personId"]>(house.deps.ids.next());
    expect(await give(ofWest.personId)).toEqual(await give(nobody));
    for (const { personId } of [ofEast, bob]) expect(must(await give(personId)).ownerId).toBe(personId);
    const owned = await assets.create(eastSystem, { ...NEW, name: "east-02", ownerId: ofWest.personId });
    expect(owned).toMatchObject({ field: "ownerId" });
    const said = {
      businessSystem: "门户网站",
      protectionLevel: 3,
      dataClass: "important",
      ownerId: bob.personId,
    } as const;
    const asset = must(await assets.create(sys1, { ...NEW, name: "portal", ...said }));
    expect(asset).toMatchObject({ ...said, sensitive: false, ownerName: expect.any(String) as string });
    expect(must(await assets.change(sys1, asset.id, { ownerId: null })).ownerId).toBeNull();
    for (const [field, wrong] of [
      ["protectionLevel", { protectionLevel: 6 }],
      ["protectionLevel", { protectionLevel: 2.5 }],
      ["businessSystem", { businessSystem: "a\u202Eb" }],
      ["ownerId", { ownerId: mallory.personId }],
    ] as const)
      expect(await assets.change(sys1, asset.id, wrong)).toMatchObject({ code: "invalid-input", field });
    expect((await house.audit("asset.changed")).at(-1)?.leaf).toContain('"businessSystem":"门户网站"');
  });
});
