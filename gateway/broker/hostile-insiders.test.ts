/** What a signed-in person with a right of his own tries beyond it: floods, steered terminals, changes behind a decision. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildHouse, changePerson, must, SECRET, type House } from "../../test/support/access-house.js";
import {
  asId,
  type EndReason,
  type GrantId,
  type PersonId,
  type RequestId,
  type RequestItemId,
  type RoleHolding,
} from "../domain/index.js";
import { inTurn } from "./forward-rules.js";

let house: House;
beforeEach(async () => {
  house = await buildHouse();
});
afterEach(() => {
  house.close();
});

describe("an operator", () => {
  it("files sixty requests an hour at most, whatever he withdraws", async () => {
    const { broker, people, clock } = house;
    const first = clock.now();
    for (let filed = 0; filed < 60; filed += 1) {
      must(await broker.access.withdraw(people.alice, (await house.ask()).id));
      clock.advance(1000);
    }
    const ask = () =>
      broker.access.request(people.alice, {
        items: [{ accountId: house.accountId, actions: ["ssh.shell"] }],
        reason: "once more",
        workOrder: "",
        durationMs: 60_000,
      });
    const refused = await ask();
    expect(refused).toEqual({
      ok: false,
      code: "too-many-tries",
      retryAfterMs: first + 3_600_000 - clock.now(),
    });
    expect(await house.audit("request.filed")).toHaveLength(60);
    clock.advance(3_600_000 - 60_000);
    expect((await ask()).ok).toBe(true);
  });

  it.each(["\u001b]0;owned\u0007 repair", "repair\u0000", "repair \u202egnihton", "a\rb c d", "tab\u0085 next"])(
    "cannot steer a terminal or a line with the reason %j",
    async (reason) => {
      const { broker, people, accountId } = house;
      const items = [{ accountId, actions: ["ssh.shell"] as const }];
      const ask = (more: object) =>
        broker.access.request(people.alice, {
          items,
          reason: "repair",
          workOrder: "",
          durationMs: 60_000,
          ...more,
        });
      expect(await ask({ reason })).toMatchObject({ code: "invalid-input", field: "reason" });
      expect(await ask({ workOrder: reason })).toMatchObject({ code: "invalid-input", field: "workOrder" });
      const request = await house.ask();
      const word = { verdict: "approved", reason, digest: request.digest } as const;
      expect(await broker.access.decide(people.bob, request.id, word)).toMatchObject({ field: "reason" });
      expect(must(await broker.access.get(people.alice, request.id)).state).toBe("pending");
    },
  );

  it("has no name resolved for an account he may not ask for, and each name once for one he may", async () => {
    const asked: string[] = [];
    const resolve = async (host: string): Promise<readonly string[]> => {
      asked.push(host);
      return host === "web-01.example" ? ["10.0.0.1"] : [];
    };
    const counting = await buildHouse({}, async () => ({ resolve }));
    try {
      asked.length = 0;
      const forwardTo = Array.from({ length: 20 }, () => ({ host: "db.internal", port: 22_000 }));
      const ask = (by: "alice" | "mallory") =>
        counting.broker.access.request(counting.people[by], {
          items: [{ accountId: counting.accountId, actions: ["ssh.forward"], limits: { forwardTo } }],
          reason: "to the database",
          workOrder: "",
          durationMs: 60_000,
        });
      must(
        await counting.broker.assets.create(counting.people.sys1, {
          name: "other",
          protocol: "ssh",
          host: "other.example",
          port: 22_000,
          description: "",
          legacyAlgorithms: false,
        }),
      );
      expect(await ask("mallory")).toMatchObject({ code: "outside-entitlement" });
      expect(asked).toEqual([]);
      must(await ask("alice"));
      expect(asked.sort()).toEqual(["db.internal", "other.example"]);
    } finally {
      counting.close();
    }
  });

  it("keeps one look-up busy at a time, however many names he gives", async () => {
    let running = 0;
    let most = 0;
    const lookUp = inTurn(async (host) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      if (host === "none") throw new Error("no such name");
      return [host];
    });
    const answers = await Promise.allSettled(["a", "none", "b"].map(lookUp));
    expect(answers.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(most).toBe(1);
  });
});

describe("a system administrator", () => {
  it("who allows weak algorithms after the approval suspends what was approved without them", async () => {
    const { broker, people, asset, deps } = house;
    const granted = await house.grant();
    const ends: EndReason[] = [];
    await house.open((because) => ends.push(because));
    must(await broker.assets.change(people.sys1, asset.id, { description: "same flags" }));
    expect(await house.audit("grant.suspended")).toEqual([]);
    must(await broker.assets.change(people.sys1, asset.id, { legacyAlgorithms: true }));
    expect(await deps.database.read.grants.get(granted.grants[0]?.id ?? asId<GrantId>(""))).toMatchObject({
      state: "suspended",
      endReason: "asset-changed",
    });
    await expect.poll(() => ends).toEqual(["revoked"]);
    must(await broker.assets.change(people.sys1, asset.id, { legacyAlgorithms: false }));
    expect(await house.audit("grant.suspended")).toHaveLength(1);
  });

  it("who is disabled while the host takes its time to answer leaves no credential", async () => {
    const { broker, people, accountId, deps } = house;
    const before = await deps.database.read.accounts.get(accountId);
    Object.assign(deps.probe, {
      testCredential: async () => {
        await changePerson(house, people.sys1.personId, { state: "disabled" });
        return "ok";
      },
    });
    const set = broker.assets.setCredential(people.sys1, accountId, { kind: "password", secret: `${SECRET}!` });
    expect(await set).toEqual({ ok: false, code: "forbidden" });
    expect(await deps.database.read.accounts.get(accountId)).toEqual(before);
  });
});

describe("a security administrator", () => {
  it("who operates too finds no yes with an approver whose link or role came from his own hand", async () => {
    const { broker, people, deps } = house;
    const yes = (by: "bob" | "carol", request: { readonly id: RequestId; readonly digest: string }) =>
      broker.access.decide(people[by], request.id, { verdict: "approved", reason: "", digest: request.digest });
    // Alice gives out powers and roles beside her own work.
    const append = (verb: "person.created" | "person.factor-reset", actorId: PersonId) =>
      deps.database.write((tx) =>
        tx.audit.append({
          verb,
          actorId,
          object: { kind: "person", id: people.bob.personId },
          sourceAddress: null,
        }),
      );
    await append("person.created", people.sec2.personId);
    house.clock.advance(1);
    await append("person.factor-reset", people.alice.personId);
    const request = await house.ask();
    expect(await yes("bob", request)).toEqual({ ok: false, code: "own-request" });
    expect(must(await broker.access.list(people.bob, { view: "queue" })).items).toEqual([]);
    const [role] = await deps.database.read.roles.find({ personId: people.carol.personId });
    await deps.database.write(async (tx) => {
      await tx.roles.remove(role?.id ?? "");
      await tx.roles.insert({ ...(role as RoleHolding), grantedBy: people.alice.personId });
    });
    expect(await yes("carol", request)).toEqual({ ok: false, code: "own-request" });
    house.clock.advance(1);
    await append("person.factor-reset", people.sec2.personId);
    must(await yes("bob", request));
  });

  it("who operates too finds no yes with an approver whose reset or role he confirmed as the second person", async () => {
    const { broker, people, deps } = house;
    const { alice, bob, carol, sec1 } = people;
    const request = await house.ask();
    const yes = (by: "bob" | "carol") =>
      broker.access.decide(people[by], request.id, { verdict: "approved", reason: "", digest: request.digest });
    await deps.database.write(async (tx) => {
      // The link of a reset is shown to who confirms it.
      await tx.audit.append({
        verb: "person.factor-reset",
        actorId: sec1.personId,
        object: { kind: "person", id: bob.personId },
        sourceAddress: null,
        detail: { proposedBy: sec1.personId, confirmedBy: alice.personId },
      });
      const [role] = await tx.roles.find({ personId: carol.personId });
      await tx.roles.remove(role?.id ?? "");
      await tx.roles.insert({ ...(role as RoleHolding), grantedBy: sec1.personId, confirmedBy: alice.personId });
    });
    expect(await yes("bob")).toEqual({ ok: false, code: "own-request" });
    expect(await yes("carol")).toEqual({ ok: false, code: "own-request" });
  });

  it("who ends an entitlement ends every grant on it, also the thousand and first", async () => {
    const { broker, people, deps } = house;
    const [grant] = (await house.grant()).grants;
    if (grant === undefined) throw new Error("no grant");
    await deps.database.write(async (tx) => {
      for (let more = 0; more < 1001; more += 1) {
        const [id, itemId] = [asId<GrantId>(deps.ids.next()), asId<RequestItemId>(deps.ids.next())];
        await tx.grants.insert({ ...grant, id, itemId });
      }
    });
    const [entitlement] = await deps.database.read.entitlements.find({ personId: people.alice.personId });
    if (entitlement === undefined) throw new Error("no entitlement");
    must(await broker.assets.endEntitlement(people.sec1, entitlement.id));
    expect(await deps.database.read.grants.count({ state: "revoked" })).toBe(1002);
    expect(await deps.database.read.grants.count({ state: "active" })).toBe(0);
  });
});
