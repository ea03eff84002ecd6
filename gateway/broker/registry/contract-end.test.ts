import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changePerson, must } from "../../../test/support/access-house.js";
import {
  buildContractHouse,
  DAY_MS,
  personRow,
  TODAY,
  type ContractHouse,
} from "../../../test/support/contract-house.js";
import { asId, type DeviceKeyId, type EndReason, type GrantId } from "../../domain/index.js";
import { changeContract } from "./contracts.js";
import { endPassedContracts, warnOfEndings } from "./contract-rounds.js";

let house: ContractHouse;
let ends: EndReason[];
beforeEach(async () => {
  house = await buildContractHouse();
  ends = [];
});
afterEach(() => {
  house.close();
});

const tick = async (ms: number): Promise<void> => {
  house.clock.advance(ms);
  house.broker.live.tick();
  await house.broker.live.changed();
};
const opened = async (durationMs?: number) => {
  const { grants } = await house.work(durationMs);
  const session = await house.session((because) => ends.push(because));
  return { session, grantId: grants[0]?.id ?? asId<GrantId>("") };
};
const verbs = async (...of: readonly string[]) =>
  (await house.audit()).map((row) => row.verb).filter((verb) => of.includes(verb));
const endIt = (reason = "work is done") =>
  house.broker.registry.endContract(house.people.sec1, house.contract.id, reason);

describe("ending a contract", () => {
  it("takes everything under it away within two seconds, and the log tells it in order", async () => {
    await opened();
    const pending = await house.deps.database.write(async (tx) => {
      const [request] = await tx.requests.find({ requesterId: house.people.mallory.personId });
      if (request === undefined) throw new Error("nothing was asked");
      const id = asId<typeof request.id>(house.deps.ids.next());
      await tx.requests.insert({ ...request, id, state: "pending", decidedAt: null });
      return id;
    });
    const shown = must(await house.broker.registry.contractEnding(house.people.sec1, house.contract.id));
    expect(shown).toMatchObject({ entitlements: 1, grants: 1, requests: 1, blockedBy: null });
    expect(shown.people.map((one) => one.login)).toEqual(["mallory"]);
    expect(shown.sessions).toMatchObject([{ login: "mallory", account: "root", asset: "web-01" }]);
    must(await endIt());
    await house.broker.live.changed();
    expect(ends).toEqual(["bond-ended"]);
    await house.broker.live.allClosed();
    const order = ["contract.ended", "entitlement.ended", "grant.revoked", "request.withdrawn", "session.ended"];
    expect(await verbs(...order)).toEqual(order);
    const { read } = house.deps.database;
    expect(await read.grants.find({})).toMatchObject([{ state: "revoked", endReason: "contract-ended" }]);
    expect(await read.requests.get(pending)).toMatchObject({ state: "withdrawn" });
    expect(await endIt()).toMatchObject({ code: "conflict" });
  });

  it("ends what another node holds at its next look at the rows", async () => {
    await opened();
    const { registry } = house.broker;
    const silent = { ...house.deps, notify: () => undefined };
    const { endContract } = await import("./end-contract.js");
    must(await endContract(silent, house.people.sec1, house.contract.id, "because"));
    expect(registry).toBeDefined();
    expect(ends).toEqual([]);
    house.clock.advance(1000);
    house.broker.live.tick();
    await expect.poll(() => ends).toEqual(["bond-ended"]);
  });

  it("leaves nothing to ask for, to entitle to, or to decide", async () => {
    const request = await house.ask("mallory");
    const { people, accountId } = house;
    await house.deps.database.write((tx) => tx.contracts.update(house.contract.id, { state: "ended", endedAt: 0 }));
    const word = { verdict: "approved", reason: "", digest: request.digest } as const;
    expect(await house.broker.access.decide(people.bob, request.id, word)).toMatchObject({
      code: "not-under-contract",
    });
    must(await house.broker.access.withdraw(people.mallory, request.id));
    const item = { accountId, actions: ["ssh.shell"] as const };
    const ask = { items: [item], reason: "because", workOrder: "", durationMs: 60_000 };
    expect(await house.broker.access.request(people.mallory, ask)).toMatchObject({ code: "not-under-contract" });
    const unknown = { ...ask, items: [{ ...item, accountId: asId<typeof accountId>("unknown") }] };
    expect(await house.broker.access.request(people.mallory, unknown)).toMatchObject({ code: "outside-entitlement" });
    const right = { personId: people.mallory.personId, accountId, actions: ["ssh.shell"], to: null } as const;
    expect(await house.broker.assets.createEntitlement(people.sec1, right)).toMatchObject({
      code: "not-under-contract",
    });
  });
});

describe("the last day", () => {
  const toAt = () => house.contract.toAt - house.clock.now();

  it("clips the grant, ends the session by the clock, and the round ends what is under the contract, once", async () => {
    const last = toAt() - 60_000;
    house.clock.advance(last);
    const passwordChangedAt = house.clock.now();
    await house.deps.database.write((tx) => tx.people.update(house.people.mallory.personId, { passwordChangedAt }));
    const { grantId } = await opened(3_600_000);
    const { read } = house.deps.database;
    expect((await read.grants.get(grantId))?.to).toBe(house.contract.toAt);
    await tick(59_999);
    expect(ends).toEqual([]);
    await endPassedContracts(house.deps);
    expect(await read.contracts.get(house.contract.id)).toMatchObject({ state: "active" });
    await tick(1);
    expect(ends).toEqual(["expired"]);
    await Promise.all([endPassedContracts(house.deps), endPassedContracts(house.deps)]);
    expect(await read.contracts.get(house.contract.id)).toMatchObject({ state: "ended", endedBy: null });
    expect(await verbs("contract.ended", "entitlement.ended", "grant.revoked")).toEqual([
      "contract.ended",
      "entitlement.ended",
      "grant.revoked",
    ]);
  });

  it("ends a session also where the grant's row says more", async () => {
    const { grantId } = await opened(3_600_000);
    await house.deps.database.write((tx) => tx.contracts.update(house.contract.id, { toAt: house.clock.now() + 5000 }));
    expect((await house.deps.database.read.grants.get(grantId))?.state).toBe("active");
    await tick(1000);
    await tick(4000);
    expect(ends).toEqual(["bond-ended"]);
  });

  it("is not undone by longer dates, before the round or after it", async () => {
    await opened();
    house.clock.advance(toAt());
    const longer = { toDate: "2028-12-31" };
    const extend = () => house.broker.registry.changeContract(house.people.sec1, house.contract.id, longer);
    expect(await extend()).toMatchObject({ code: "conflict" });
    await endPassedContracts(house.deps);
    expect(await extend()).toMatchObject({ code: "conflict" });
    expect(await house.deps.database.read.entitlements.count({ contractId: house.contract.id, endedAt: null })).toBe(0);
  });

  it("is told of 30, 7 and 1 days before, once each", async () => {
    const told: number[] = [];
    const at = async (days: number): Promise<void> => {
      house.clock.advance(toAt() - days * DAY_MS);
      await Promise.all([warnOfEndings(house.deps), warnOfEndings(house.deps)]);
      const [alert] = await house.deps.database.read.alerts.find({ kind: "contract-ending" });
      told.push(alert?.count ?? 0);
    };
    for (const days of [31, 30, 20, 7, 6, 1, 0.5]) await at(days);
    expect(told).toEqual([0, 1, 1, 2, 2, 3, 3]);
  });
});

describe("changing a contract", () => {
  const change = (input: Parameters<typeof house.broker.registry.changeContract>[2]) =>
    house.broker.registry.changeContract(house.people.sec1, house.contract.id, input);

  it("ends at once what a narrower scope no longer covers, and a wider one brings nothing back", async () => {
    const { grantId, session } = await opened();
    // On another node, so that nothing is told here.
    const silent = { ...house.deps, notify: () => undefined };
    const narrower = { scope: { ...house.scope, actions: ["ssh.exec"] as const } };
    must(await changeContract(silent, house.people.sec1, house.contract.id, narrower));
    for (const asked of [
      { kind: "shell", action: "ssh.shell", pty: { term: "xterm", cols: 80, rows: 24 } },
      { kind: "exec", action: "ssh.exec" },
      { kind: "sftp", action: "sftp.read" },
      { kind: "forward", action: "ssh.forward", forwardTo: { host: "db.internal", port: 5432 } },
    ] as const)
      expect(await session.openChannel({ ...asked, detail: "" })).toMatchObject({ code: "grant-ended" });
    await house.broker.live.changed();
    expect(ends).toEqual(["revoked"]);
    must(await change({ scope: house.scope }));
    const { read } = house.deps.database;
    expect(await read.grants.get(grantId)).toMatchObject({ state: "revoked", endReason: "contract-changed" });
    expect(await read.entitlements.count({ contractId: house.contract.id, endedAt: null })).toBe(0);
  });

  it("ends the others when one cannot be ended at this moment, and says so", async () => {
    const { registry } = house.broker;
    const other = must(await registry.createContract(house.people.sec1, house.terms({ number: "HT-2027-009" })));
    house.clock.advance(house.contract.toAt - house.clock.now());
    const { database } = house.deps;
    const write: typeof database.write = (work) =>
      database.write((tx) => {
        const find: typeof tx.entitlements.find = (where, options) =>
          JSON.stringify(where).includes(house.contract.id)
            ? Promise.reject(new Error("too many"))
            : tx.entitlements.find(where, options);
        const entitlements = { ...tx.entitlements, find, update: tx.entitlements.update.bind(tx.entitlements) };
        return work({ ...tx, entitlements });
      });
    const failing = { ...house.deps, database: { ...database, read: database.read, write } };
    await expect(endPassedContracts(failing)).rejects.toThrow("too many");
    expect(await database.read.contracts.get(house.contract.id)).toMatchObject({ state: "active" });
    expect(await database.read.contracts.get(other.id)).toMatchObject({ state: "ended" });
  });

  it("shortens what would outlive it, and longer dates do not lengthen it again", async () => {
    house.clock.advance(7 * 3_600_000);
    const { grantId } = await opened(3 * 3_600_000);
    const { toAt } = must(await change({ toDate: TODAY }));
    const { read } = house.deps.database;
    expect((await read.grants.get(grantId))?.to).toBe(toAt);
    must(await change({ toDate: "2027-12-31" }));
    expect((await read.grants.get(grantId))?.to).toBe(toAt);
    expect(ends).toEqual([]);
    must(await change({ fromDate: "2027-02-01" }));
    await house.broker.live.changed();
    expect(ends).toEqual(["bond-ended"]);
  });

  it("covers only what it says when something is given, asked for, decided and opened", async () => {
    const { people, accountId, deps } = house;
    const more = { personId: people.mallory.personId, accountId, to: null };
    const [row] = await deps.database.read.entitlements.find({ contractId: house.contract.id });
    if (row === undefined) throw new Error("nothing was given");
    await deps.database.write((tx) => tx.entitlements.update(row.id, { endedAt: 1 }));
    const give = (actions: readonly ["ssh.forward"] | readonly ["ssh.shell"]) =>
      house.broker.assets.createEntitlement(people.sec1, { ...more, actions });
    expect(await give(["ssh.forward"])).toMatchObject({ code: "outside-contract" });
    must(await give(["ssh.shell"]));
    const narrowed = { scope: { ...house.scope, actions: ["ssh.exec"] as const } };
    const request = await house.ask("mallory");
    const narrow = (scope = narrowed.scope as typeof house.scope) =>
      deps.database.write((tx) => tx.contracts.update(house.contract.id, { scope }));
    await narrow();
    const word = { verdict: "approved", reason: "", digest: request.digest } as const;
    expect(await house.broker.access.decide(people.bob, request.id, word)).toMatchObject({ code: "outside-contract" });
    must(await house.broker.access.withdraw(people.mallory, request.id));
    await expect(house.ask("mallory")).rejects.toThrow("outside-contract");
    await narrow(house.scope);
    await house.work();
    await narrow();
    await expect(house.session()).rejects.toThrow("outside-contract");
  });
});

describe("what a person hangs on", () => {
  const breaks: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["his sponsor is disabled", () => changePerson(house, house.people.bob.personId, { state: "disabled" })],
    [
      "his vendor is retired",
      () => house.deps.database.write((tx) => tx.vendors.update(house.vendor.id, { state: "retired" })),
    ],
    [
      "the vendor above is retired",
      () => house.deps.database.write((tx) => tx.vendors.update(house.top.id, { state: "retired" })),
    ],
    [
      "the contract is of no vendor of his",
      () => house.deps.database.write((tx) => tx.vendors.update(house.vendor.id, { parentId: null })),
    ],
    [
      "his unit is retired",
      () => house.deps.database.write((tx) => tx.units.update(house.unitId, { state: "retired" })),
    ],
    ["he has no sponsor", () => changePerson(house, house.people.mallory.personId, { sponsorId: null })],
    ["he has no contract", () => changePerson(house, house.people.mallory.personId, { contractId: null })],
  ];
  it.each(breaks)("ends his session within a second when %s, and opens none", async (_name, act) => {
    await opened();
    await act();
    house.clock.advance(1000);
    house.broker.live.tick();
    await expect.poll(() => ends).toEqual(["bond-ended"]);
    await expect(house.session()).rejects.toThrow("not-under-contract");
  });

  it("reads thousands of them in a handful of statements", async () => {
    const { readStandings } = await import("../live-rows.js");
    const { read } = house.deps.database;
    let statements = 0;
    const counting = new Proxy(read, {
      get: (target, name: keyof typeof read) =>
        new Proxy(target[name], {
          get: (store, method) => {
            if (method === "find" || method === "get") statements += 1;
            const member = Reflect.get(store, method) as unknown;
            return typeof member === "function" ? (member.bind(store) as unknown) : member;
          },
        }),
    });
    const mallory = await personRow(house, house.people.mallory.personId);
    const ids = Array.from({ length: 2000 }, () => asId<typeof mallory.id>(house.deps.ids.next()));
    await house.deps.database.write(async (tx) => {
      for (const [index, id] of ids.entries()) await tx.people.insert({ ...mallory, id, login: `op-${String(index)}` });
    });
    const standings = await readStandings({ database: { read: counting } }, ids);
    expect(standings.size).toBe(2000);
    expect([...standings.values()].every((one) => one.bondsHold && one.contract !== null)).toBe(true);
    expect(statements).toBeLessThan(18);
  });
});

describe("retiring a vendor", () => {
  it("closes every way in of everyone who leaves, and nobody else's", async () => {
    const { database, clock, ids } = house.deps;
    const { mallory, alice } = house.people;
    await database.write(async (tx) => {
      for (const [personId, name] of [
        [mallory.personId, "his"],
        [mallory.personId, "his other"],
        [alice.personId, "hers"],
      ] as const)
        await tx.personKeys.insert({
          id: asId(ids.next()),
          personId,
          name,
          publicKey: "ssh-ed25519 AAAA",
          fingerprint: `SHA256:${name}`,
          createdAt: clock.now(),
          retiredAt: null,
        });
    });
    must(await house.broker.registry.retireVendor(house.people.sec1, house.top.id, "bankrupt"));
    expect((await database.read.personKeys.find({ retiredAt: null })).map((key) => key.name)).toEqual(["hers"]);
  });

  it("lets its people and those of its sub-contractors leave, with everything under them", async () => {
    await opened();
    const { registry } = house.broker;
    const shown = must(await registry.vendorEnding(house.people.sec1, house.top.id));
    expect(shown).toMatchObject({ entitlements: 1, grants: 1, people: [{ login: "mallory" }] });
    must(await registry.retireVendor(house.people.sec1, house.top.id, "bankrupt"));
    await house.broker.live.changed();
    expect(ends).toEqual(["bond-ended"]);
    await house.broker.live.allClosed();
    const before = house.people.mallory.credentialEpoch;
    expect(await personRow(house, house.people.mallory.personId)).toMatchObject({
      state: "retired",
      credentialEpoch: before + 1,
    });
    const order = [
      "vendor.retired",
      "contract.ended",
      "person.left",
      "entitlement.ended",
      "grant.revoked",
      "session.ended",
    ];
    expect(await verbs(...order)).toEqual(order);
    expect(must(await registry.contract(house.people.aud1, house.contract.id)).standing).toBe("ended");
    expect(await registry.retireVendor(house.people.sec1, house.top.id, "again")).toMatchObject({ code: "conflict" });
  });
});

describe("opening", () => {
  it("asks for signatures first, again when a text is another", async () => {
    await house.work();
    const { deps } = house;
    await deps.database.write(async (tx) => {
      const [first] = await tx.signatures.find({ personId: house.people.mallory.personId });
      if (first === undefined) throw new Error("nothing was signed");
      await tx.signatures.update(first.id, { digest: "another" });
    });
    await expect(house.session()).rejects.toThrow("needs-signature");
  });

  it("takes no device key for a sensitive asset, and ends what a retired one opened", async () => {
    await house.work();
    const id = asId<DeviceKeyId>(house.deps.ids.next());
    const { personId } = house.people.mallory;
    const { clock } = house;
    await house.deps.database.write((tx) =>
      tx.deviceKeys.insert({
        id,
        personId,
        name: "laptop",
        publicKey: "ssh-ed25519 AAAA",
        fingerprint: "SHA256:x",
        sourceAddress: "198.18.0.1",
        credentialEpoch: 1,
        passkeyId: asId("key-ring"),
        createdAt: clock.now(),
        expiresAt: clock.now() + DAY_MS,
        lastUsedAt: null,
        retiredAt: null,
      }),
    );
    const by = { ...house.people.mallory, deviceKeyId: id };
    const open = () =>
      house.broker.sessions.open({
        actor: by,
        accountLogin: "root",
        assetName: "web-01",
        protocol: "ssh",
        client: "test",
        onEnd: (because) => void ends.push(because),
      });
    for (const mark of [
      { sensitive: true },
      { sensitive: false, dataClass: "core" },
      { dataClass: "general", protectionLevel: 4 },
    ] as const) {
      must(await house.broker.assets.change(house.people.sys1, house.asset.id, mark));
      expect(await open()).toEqual({ kind: "refused", code: "device-key-refused" });
    }
    must(await house.broker.assets.change(house.people.sys1, house.asset.id, { protectionLevel: 3 }));
    const session = await open();
    expect(session.kind).toBe("open");
    await house.deps.database.write((tx) => tx.deviceKeys.update(id, { retiredAt: clock.now() }));
    await tick(1000);
    expect(ends).toEqual(["sign-in-ended"]);
    expect(await open()).toEqual({ kind: "refused", code: "unauthenticated" });
  });

  it("takes no grant of another contract than the one he works under", async () => {
    await house.work();
    const { registry } = house.broker;
    const other = must(await registry.createContract(house.people.sec1, house.terms({ number: "HT-2027-009" })));
    await changePerson(house, house.people.mallory.personId, { contractId: other.id });
    await expect(house.session()).rejects.toThrow("not-under-contract");
    await changePerson(house, house.people.mallory.personId, { contractId: house.contract.id });
    await house.session();
  });

  it("keeps names and numbers, not ids, of vendors and contract", async () => {
    const { session } = await opened();
    expect(session.snapshot).toMatchObject({ vendorChain: ["南方运维", "远景科技"], contract: "HT-2027-001" });
  });
});
