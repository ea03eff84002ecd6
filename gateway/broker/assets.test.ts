import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildHouse, HOST_KEY, must, OTHER_KEY, SECRET, type House } from "../../test/support/access-house.js";
import { asId, type AccountId, type AssetId } from "../domain/index.js";
import type { AssetUseCases } from "./broker.js";

let house: House;
beforeEach(async () => {
  house = await buildHouse();
});
afterEach(() => {
  house.close();
});

const fresh = {
  name: "web-02",
  protocol: "ssh",
  host: "web-01.example",
  port: 22,
  description: "",
  legacyAlgorithms: false,
} as const;

describe("assets", () => {
  it("are written by system administrators alone, and read by the three powers", async () => {
    const { broker, people, asset, accountId } = house;
    const writes: ((by: Parameters<AssetUseCases["create"]>[0]) => Promise<unknown>)[] = [
      (by) => broker.assets.create(by, fresh),
      (by) => broker.assets.scanHostKey(by, asset.id),
      (by) => broker.assets.confirmHostKey(by, asset.id, HOST_KEY),
      (by) => broker.assets.change(by, asset.id, { host: "10.0.0.2" }),
      (by) => broker.assets.confirmChange(by, asset.id, true),
      (by) => broker.assets.retire(by, asset.id),
      (by) => broker.assets.createAccount(by, { assetId: asset.id, login: "x" }),
      (by) => broker.assets.setCredential(by, accountId, { kind: "password", secret: "x" }),
      (by) => broker.assets.retireAccount(by, accountId),
    ];
    for (const by of ["alice", "bob", "sec1", "aud1"] as const) {
      for (const write of writes) expect(await write(people[by])).toEqual({ ok: false, code: "forbidden" });
    }
    for (const by of ["alice", "bob"] as const) {
      expect(await broker.assets.list(people[by], {})).toMatchObject({ code: "forbidden" });
      expect(await broker.assets.get(people[by], asset.id)).toMatchObject({ code: "forbidden" });
      expect(await broker.assets.listAccounts(people[by], {})).toMatchObject({ code: "forbidden" });
    }
    expect(must(await broker.assets.list(people.aud1, { q: "web" })).items).toHaveLength(1);
  });

  it.each(["127.0.0.1", "2130706433", "0x7f.1", "::1", "169.254.169.254", "a b"])(
    "refuse the host %j at entry",
    async (host) => {
      expect(await house.broker.assets.create(house.people.sys1, { ...fresh, host })).toEqual({
        ok: false,
        code: "address-refused",
        field: "host",
      });
      expect(await house.broker.assets.change(house.people.sys1, house.asset.id, { host })).toEqual({
        ok: false,
        code: "address-refused",
        field: "host",
      });
    },
  );

  it("refuse names that could confuse, taken names and bad ports", async () => {
    const { broker, people } = house;
    for (const name of ["Web", "a@b", "a+b", "", "../x", "a".repeat(64)]) {
      expect(await broker.assets.create(people.sys1, { ...fresh, name })).toMatchObject({
        code: "invalid-input",
        field: "name",
      });
    }
    expect(await broker.assets.create(people.sys1, { ...fresh, name: "web-01" })).toEqual({
      ok: false,
      code: "conflict",
      field: "name",
    });
    expect(await broker.assets.create(people.sys1, { ...fresh, port: 0 })).toMatchObject({ field: "port" });
  });

  it("pin a fresh key only when the host shows exactly that one now", async () => {
    const { broker, people, world } = house;
    const asset = must(await broker.assets.create(people.sys1, fresh));
    expect(must(await broker.assets.scanHostKey(people.sys1, asset.id))).toMatchObject({
      publicKey: HOST_KEY,
      matches: false,
    });
    expect(await broker.assets.confirmHostKey(people.sys1, asset.id, OTHER_KEY)).toMatchObject({
      code: "target-key-changed",
    });
    expect(await broker.assets.confirmHostKey(people.sys1, asset.id, "ssh-ed25519 !!")).toMatchObject({
      code: "invalid-input",
    });
    world.addresses["web-01.example"] = ["127.0.0.1"];
    expect(await broker.assets.scanHostKey(people.sys1, asset.id)).toMatchObject({ code: "address-refused" });
    world.addresses["web-01.example"] = ["10.0.0.1"];
    expect(must(await broker.assets.confirmHostKey(people.sys1, asset.id, HOST_KEY)).hostKeyFingerprint).toMatch(
      /^SHA256:/,
    );
  });

  it("take another key only from two administrators", async () => {
    const { broker, people, world, asset } = house;
    world.hostKey = OTHER_KEY;
    const proposed = must(await broker.assets.confirmHostKey(people.sys1, asset.id, OTHER_KEY));
    expect(proposed).toMatchObject({ hostKey: HOST_KEY, pendingChange: { proposedBy: "sys1", certificate: null } });
    expect(await broker.assets.confirmHostKey(people.sys1, asset.id, OTHER_KEY)).toMatchObject({ code: "conflict" });
    expect(await broker.assets.confirmChange(people.sys1, asset.id, true)).toEqual({
      ok: false,
      code: "needs-second-person",
    });
    expect(must(await broker.assets.confirmChange(people.sys2, asset.id, true))).toMatchObject({
      hostKey: OTHER_KEY,
      pendingChange: null,
    });
    expect(must(await broker.assets.get(people.sys1, asset.id)).accounts).toMatchObject([
      { hasCredential: true, credentialBound: false },
    ]);
  });

  it("keep everything when a change is rejected", async () => {
    const { broker, people, asset } = house;
    const before = must(await broker.assets.get(people.sys1, asset.id)).asset;
    must(await broker.assets.change(people.sys1, asset.id, { port: 2022 }));
    expect(must(await broker.assets.confirmChange(people.sys1, asset.id, false))).toEqual(before);
    expect(await broker.assets.confirmChange(people.sys2, asset.id, true)).toMatchObject({ code: "not-found" });
  });

  it("end grants and sessions when they are retired", async () => {
    const { broker, people, asset } = house;
    await house.grant();
    const session = await house.open();
    must(await broker.assets.retire(people.sys1, asset.id));
    await broker.live.changed();
    expect(session.ended).toBe(true);
    expect(await broker.access.reachable(people.alice)).toEqual([]);
  });
});

describe("credentials", () => {
  it("are tried before they are kept, and a secret is nowhere in answers, rows or events", async () => {
    const { broker, people, accountId, world, deps } = house;
    const refusals = [
      ["refused", "target-credential-refused"],
      ["unreachable", "target-unreachable"],
      ["too-old", "target-too-old"],
      ["key-changed", "target-key-changed"],
    ] as const;
    for (const [tested, code] of refusals) {
      world.tested = tested;
      expect(
        await broker.assets.setCredential(people.sys1, accountId, { kind: "password", secret: "hunter2-hunter2" }),
      ).toMatchObject({ ok: false, code });
    }
    expect(await deps.database.read.alerts.find({ kind: "host-key-changed" })).toHaveLength(1);
    world.tested = "ok";
    const view = must(
      await broker.assets.setCredential(people.sys1, accountId, {
        kind: "key",
        secret: "-----BEGIN",
        passphrase: "pass-phrase-1",
      }),
    );
    expect(view).toMatchObject({ protocol: "ssh", credentialKind: "key", hasCredential: true, credentialBound: true });
    const everything = JSON.stringify([
      view,
      await house.audit(),
      await deps.database.read.accounts.find({}),
      await broker.assets.listAccounts(people.sys1, {}),
    ]);
    for (const secret of ["hunter2", "pass-phrase-1", "-----BEGIN", SECRET]) expect(everything).not.toContain(secret);
    expect(JSON.stringify(view)).not.toContain("credentialSealed");
  });

  it("is found by login, by asset, and by both with an @", async () => {
    const { broker, people, asset } = house;
    must(await broker.assets.createAccount(people.sys1, { assetId: asset.id, login: "deploy" }));
    const found = async (q: string): Promise<readonly string[]> =>
      must(await broker.assets.listAccounts(people.sec1, { q }))
        .items.map((one) => `${one.login}@${one.assetName}`)
        .sort();
    const [first, both] = ["deploy@web-01", ["deploy@web-01", "root@web-01"]];
    expect(await found("")).toEqual(both);
    expect(await found(" dep ")).toEqual([first]);
    expect(await found("web")).toEqual(both);
    expect(await found("dep@web")).toEqual([first]);
    expect(await found("dep@")).toEqual([first]);
    expect(await found("@web")).toEqual(both);
    for (const q of ["dep@db", "nothing", "%", "_"]) expect(await found(q), q).toEqual([]);
    expect(
      must(
        await broker.assets.list(people.sec1, { q: must(await broker.assets.get(people.sec1, asset.id)).asset.host }),
      ).items,
    ).toHaveLength(1);
    expect(must(await broker.assets.list(people.sec1, { q: "10.9.9" })).items).toEqual([]);
  });

  it("may be set untested, which the row says", async () => {
    house.world.tested = "unreachable";
    const input = { kind: "password", secret: "later", untested: true } as const;
    expect(
      must(await house.broker.assets.setCredential(house.people.sys1, house.accountId, input)).credentialTestedAt,
    ).toBeNull();
  });

  it("need a pinned host key, an account that can be named and a secret of bounded size", async () => {
    const { broker, people, accountId } = house;
    const asset = must(await broker.assets.create(people.sys1, fresh));
    const account = must(await broker.assets.createAccount(people.sys1, { assetId: asset.id, login: "root" }));
    expect(await broker.assets.setCredential(people.sys1, account.id, { kind: "password", secret: "x" })).toEqual({
      ok: false,
      code: "target-key-unknown",
    });
    expect(await broker.assets.createAccount(people.sys1, { assetId: asset.id, login: "root" })).toMatchObject({
      code: "conflict",
    });
    expect(await broker.assets.createAccount(people.sys1, { assetId: asset.id, login: "a@b" })).toMatchObject({
      field: "login",
    });
    expect(await broker.assets.createAccount(people.sys1, { assetId: asId<AssetId>("x"), login: "a" })).toMatchObject({
      code: "not-found",
    });
    expect(
      await broker.assets.setCredential(people.sys1, accountId, { kind: "password", secret: "x".repeat(1025) }),
    ).toMatchObject({ field: "secret" });
    expect(
      await broker.assets.setCredential(people.sys1, asId<AccountId>("x"), { kind: "password", secret: "x" }),
    ).toMatchObject({ code: "not-found" });
  });

  it("end grants when their account is retired", async () => {
    await house.grant();
    must(await house.broker.assets.retireAccount(house.people.sys2, house.accountId));
    expect(await house.deps.database.read.grants.find({})).toMatchObject([
      { state: "revoked", endReason: "account-retired" },
    ]);
  });
});

describe("entitlements", () => {
  it("are the security administrators', for operators, once for a person and account", async () => {
    const { broker, people, accountId } = house;
    const input = { personId: people.mallory.personId, accountId, actions: ["ssh.shell"] as const, to: null };
    for (const by of ["alice", "bob", "sys1", "aud1"] as const) {
      expect(await broker.assets.createEntitlement(people[by], input)).toEqual({ ok: false, code: "forbidden" });
    }
    const row = must(await broker.assets.createEntitlement(people.sec1, input));
    expect(await broker.assets.createEntitlement(people.sec1, input)).toMatchObject({ code: "conflict" });
    expect(
      await broker.assets.createEntitlement(people.sec1, { ...input, personId: people.bob.personId }),
    ).toMatchObject({ field: "personId" });
    expect(await broker.assets.createEntitlement(people.sec1, { ...input, actions: ["rdp.connect"] })).toMatchObject({
      field: "actions",
    });
    expect(await broker.assets.createEntitlement(people.sec1, { ...input, to: 1 })).toMatchObject({ field: "to" });
    expect(
      must(await broker.assets.listEntitlements(people.aud1, { personId: people.mallory.personId })).items,
    ).toMatchObject([{ personLogin: "mallory", assetName: "web-01" }]);
    must(await broker.assets.endEntitlement(people.sec2, row.id));
    expect(await broker.assets.endEntitlement(people.sec2, row.id)).toMatchObject({ code: "conflict" });
  });

  it("end the grants that stood on them", async () => {
    await house.grant();
    const session = await house.open();
    const [row] = await house.deps.database.read.entitlements.find({});
    must(await house.broker.assets.endEntitlement(house.people.sec1, row?.id ?? asId("")));
    await house.broker.live.changed();
    expect(session.ended).toBe(true);
  });
});

describe("listings", () => {
  it("page by an opaque cursor that does not shift, and refuse a made-up one", async () => {
    const { broker, people } = house;
    for (let at = 2; at < 8; at += 1)
      must(await broker.assets.create(people.sys1, { ...fresh, name: `web-0${String(at)}` }));
    const names: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page: { items: readonly { name: string }[]; next: string | null } = must(
        await broker.assets.list(people.sys1, { limit: 3, ...(cursor == null ? {} : { cursor }) }),
      );
      names.push(...page.items.map((item) => item.name));
      cursor = page.next;
    } while (cursor !== null);
    expect(names).toEqual(["web-07", "web-06", "web-05", "web-04", "web-03", "web-02", "web-01"]);
    expect(await broker.assets.list(people.sys1, { cursor: "'; drop table" })).toMatchObject({
      code: "invalid-input",
      field: "cursor",
    });
  });
});
