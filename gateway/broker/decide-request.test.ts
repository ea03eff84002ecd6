import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildHouse, changePerson, HOST_KEY, must, type House } from "../../test/support/access-house.js";
import { hire } from "../../test/support/contract-house.js";
import { asId, type AccountId } from "../domain/index.js";

let house: House;
beforeEach(async () => {
  house = await buildHouse();
});
afterEach(() => {
  house.close();
});

const yes = (digest: string) => ({ verdict: "approved", reason: "", digest }) as const;

describe("asking for access", () => {
  it("answers the same for an account that does not exist, one not entitled and an action not entitled", async () => {
    const { broker, people, accountId } = house;
    const ask = (by: "alice" | "mallory", id: AccountId, action: "ssh.shell" | "sftp.write") =>
      broker.access.request(people[by], {
        items: [{ accountId: id, actions: [action] }],
        reason: "because",
        workOrder: "",
        durationMs: 60_000,
      });
    const unknown = await ask("alice", asId<AccountId>(house.deps.ids.next()), "ssh.shell");
    expect(unknown).toEqual({ ok: false, code: "outside-entitlement" });
    expect(await ask("mallory", accountId, "ssh.shell")).toEqual(unknown);
    expect(await ask("alice", accountId, "sftp.write")).toEqual(unknown);
  });

  it("needs a reason of 3 to 500 characters and a window within the rule's longest", async () => {
    const { broker, people, accountId } = house;
    const base = { items: [{ accountId, actions: ["ssh.shell"] as const }], workOrder: "", durationMs: 60_000 };
    for (const reason of ["", "  a ", "x".repeat(501)]) {
      expect(await broker.access.request(people.alice, { ...base, reason })).toMatchObject({
        code: "invalid-input",
        field: "reason",
      });
    }
    expect(
      await broker.access.request(people.alice, { ...base, reason: "long work", durationMs: 13 * 3_600_000 }),
    ).toMatchObject({ code: "window-too-long" });
    expect(await broker.access.request(people.alice, { ...base, reason: "long work", durationMs: 5 })).toMatchObject({
      code: "invalid-input",
    });
  });

  it("refuses a second request for an account while one is pending, and allows it after withdrawal", async () => {
    const { broker, people } = house;
    const first = await house.ask();
    await expect(house.ask()).rejects.toThrow("conflict");
    expect(await broker.access.withdraw(people.mallory, first.id)).toMatchObject({ code: "not-found" });
    must(await broker.access.withdraw(people.alice, first.id));
    expect(await broker.access.withdraw(people.alice, first.id)).toMatchObject({ code: "already-decided" });
    expect((await house.ask()).state).toBe("pending");
  });

  it("takes forwards only with named targets, and none that lead to SSH, a managed asset or the target's own port", async () => {
    const { broker, people, accountId, world } = house;
    world.addresses["alias.example"] = ["10.0.0.1"];
    const ask = (host: string, port: number) =>
      broker.access.request(people.alice, {
        items: [{ accountId, actions: ["ssh.forward"], limits: { forwardTo: [{ host, port }] } }],
        reason: "to the database",
        workOrder: "",
        durationMs: 60_000,
      });
    must(
      await broker.assets.create(people.sys1, {
        name: "db-admin",
        protocol: "ssh",
        host: "10.0.0.1",
        port: 2200,
        description: "",
        legacyAlgorithms: false,
      }),
    );
    for (const [host, port] of [
      ["db.internal", 22],
      ["10.0.0.1", 2200],
      ["alias.example", 2200],
      ["::ffff:10.0.0.1", 2200],
      ["0x7f.1", 80],
    ] as const) {
      expect(await ask(host, port), host).toMatchObject({ ok: false, code: "address-refused" });
    }
    const bare = {
      items: [{ accountId, actions: ["ssh.forward"] as const }],
      reason: "no target",
      workOrder: "",
      durationMs: 60_000,
    };
    expect(await broker.access.request(people.alice, bare)).toMatchObject({ code: "invalid-input" });
    must(await ask("db.internal", 5432));
  });

  it("lapses when nobody decides in time", async () => {
    const request = await house.ask();
    house.clock.advance(86_400_000);
    const { broker, people } = house;
    expect(must(await broker.access.get(people.alice, request.id)).state).toBe("lapsed");
    expect(await broker.access.decide(people.bob, request.id, yes(request.digest))).toMatchObject({
      code: "already-decided",
    });
  });
});

describe("deciding a request", () => {
  it("makes one grant an item, with its events, when the approver saw what stands", async () => {
    const granted = await house.grant(["ssh.shell", "ssh.exec"]);
    expect(granted.state).toBe("approved");
    expect(granted.grants).toHaveLength(1);
    expect(granted.grants[0]).toMatchObject({
      state: "active",
      actions: ["ssh.shell", "ssh.exec"],
      from: house.clock.now(),
    });
    expect(await house.audit("request.approved")).toHaveLength(1);
    expect(await house.audit("grant.created")).toHaveLength(1);
  });

  it("is never the requester's, never twice, and nothing follows a decision", async () => {
    const { broker, people, deps } = house;
    const request = await house.ask();
    await deps.database.write((tx) =>
      tx.roles.insert({
        id: "alice-approves",
        personId: people.alice.personId,
        role: "approver",
        unitId: people.alice.unitId,
        grantedBy: null,
        confirmedBy: null,
        createdAt: 0,
      }),
    );
    expect(await broker.access.decide(people.alice, request.id, yes(request.digest))).toMatchObject({
      code: "own-request",
    });
    must(await broker.access.decide(people.bob, request.id, yes(request.digest)));
    expect(await broker.access.decide(people.bob, request.id, yes(request.digest))).toMatchObject({
      code: "already-decided",
    });
    expect(
      await broker.access.decide(people.carol, request.id, {
        verdict: "denied",
        reason: "too late",
        digest: request.digest,
      }),
    ).toMatchObject({ code: "already-decided" });
    expect(await deps.database.read.grants.count({})).toBe(1);
  });

  it("needs as many different persons as the request says, and one no is enough", async () => {
    const { broker, people, deps } = house;
    const request = await house.ask();
    await deps.database.write((tx) => tx.requests.update(request.id, { approvalsNeeded: 2 }));
    expect(must(await broker.access.decide(people.bob, request.id, yes(request.digest))).state).toBe("pending");
    expect(await broker.access.decide(people.bob, request.id, yes(request.digest))).toMatchObject({
      code: "already-decided",
    });
    expect(must(await broker.access.decide(people.carol, request.id, yes(request.digest))).grants).toHaveLength(1);
  });

  it("lets two who decide at the same moment make one grant", async () => {
    const { broker, people, deps } = house;
    const request = await house.ask();
    const words = await Promise.all(
      [people.bob, people.carol].map((by) => broker.access.decide(by, request.id, yes(request.digest))),
    );
    expect(words.filter((word) => word.ok)).toHaveLength(1);
    expect(await deps.database.read.grants.count({})).toBe(1);
  });

  it("refuses an approver of the requester's vendor", async () => {
    const { broker, people } = house;
    const vendorId = await hire(house, people.alice.personId);
    const request = await house.ask();
    await changePerson(house, people.bob.personId, { vendorId });
    expect(await broker.access.decide(people.bob, request.id, yes(request.digest))).toMatchObject({
      code: "same-vendor",
    });
    must(await broker.access.decide(people.carol, request.id, yes(request.digest)));
  });

  it("is stale for another digest, for rows edited since, and for an asset that was repointed since", async () => {
    const { broker, people, deps, asset } = house;
    const request = await house.ask();
    expect(await broker.access.decide(people.bob, request.id, yes("0".repeat(64)))).toMatchObject({ code: "stale" });
    const [item] = request.items;
    await deps.database.write((tx) =>
      tx.requestItems.update(item?.id ?? asId(""), { actions: ["ssh.shell", "sftp.write"] }),
    );
    expect(await broker.access.decide(people.bob, request.id, yes(request.digest))).toMatchObject({ code: "stale" });
    await deps.database.write((tx) => tx.requestItems.update(item?.id ?? asId(""), { actions: ["ssh.shell"] }));
    must(await broker.assets.change(people.sys1, asset.id, { host: "10.0.0.66" }));
    must(await broker.assets.confirmChange(people.sys2, asset.id, true));
    expect(await broker.access.decide(people.bob, request.id, yes(request.digest))).toMatchObject({ code: "stale" });
    expect(HOST_KEY).toContain("ssh-ed25519");
  });

  it("clips the grant at the entitlement's end and refuses when the entitlement is over", async () => {
    const { broker, people, deps } = house;
    const [entitlement] = await deps.database.read.entitlements.find({});
    const end = house.clock.now() + 600_000;
    await deps.database.write((tx) => tx.entitlements.update(entitlement?.id ?? asId(""), { to: end }));
    expect((await house.grant()).grants[0]?.to).toBe(end);
    const again = await house.ask();
    must(await broker.assets.endEntitlement(people.sec1, entitlement?.id ?? asId("")));
    expect(await broker.access.decide(people.bob, again.id, yes(again.digest))).toMatchObject({
      code: "outside-entitlement",
    });
  });

  it("is not found for who may not see it, and counts an approver by his rows of now", async () => {
    const { broker, people, deps } = house;
    const request = await house.ask();
    const unknown = await broker.access.get(people.mallory, asId(house.deps.ids.next()));
    expect(await broker.access.get(people.mallory, request.id)).toEqual(unknown);
    expect(await broker.access.decide(people.mallory, request.id, yes(request.digest))).toEqual(unknown);
    await deps.database.write((tx) => tx.roles.remove(`${people.bob.personId}:approver:${people.bob.unitId}`));
    expect(await broker.access.decide(people.bob, request.id, yes(request.digest))).toEqual(unknown);
    await changePerson(house, people.carol.personId, { credentialEpoch: 2 });
    expect(await broker.access.decide(people.carol, request.id, yes(request.digest))).toEqual(unknown);
  });

  it("wakes a terminal that waits for it", async () => {
    const { broker, people } = house;
    const request = await house.ask();
    const waiting = broker.access.waitForDecision(people.alice, request.id, new AbortController().signal);
    must(await broker.access.decide(people.bob, request.id, yes(request.digest)));
    expect(await waiting).toBe("approved");
    await expect(broker.access.waitForDecision(people.mallory, request.id, AbortSignal.abort())).rejects.toMatchObject({
      code: "not-found",
    });
  });

  it("shows the queue only to who may decide it", async () => {
    const { broker, people } = house;
    const request = await house.ask();
    const queue = must(await broker.access.list(people.bob, { view: "queue" }));
    expect(queue.items.map((item) => item.id)).toEqual([request.id]);
    expect(queue.items[0]?.approverGroups).toEqual(["approvers of Example Bureau"]);
    expect(await broker.access.list(people.alice, { view: "queue" })).toMatchObject({ code: "forbidden" });
    expect(await broker.access.list(people.alice, { view: "all" })).toMatchObject({ code: "forbidden" });
    expect(must(await broker.access.list(people.mallory, { view: "mine" })).items).toEqual([]);
  });
});
