/** What a device key opened, and what it may not open: sessions end with the key, and a sensitive asset takes none. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildHouse, changePerson, type House } from "../../../test/support/access-house.js";
import { newPublicKey } from "../../../test/support/terminal-house.js";
import {
  asId,
  type Actor,
  type Asset,
  type DeviceKey,
  type DeviceKeyId,
  type EndReason,
  type PasskeyId,
} from "../../domain/index.js";
import type { SignInPolicy } from "../../policy/index.js";
import { readPublicKey } from "../public-key.js";
import { retireKey } from "./device-keys.js";

let house: House;
let key: DeviceKey;
let alice: Actor;
let ends: EndReason[];

beforeEach(async () => {
  house = await buildHouse();
  ends = [];
  const { personId, credentialEpoch, sourceAddress } = house.people.alice;
  const read = readPublicKey(newPublicKey());
  const now = house.clock.now();
  key = {
    id: asId<DeviceKeyId>(house.deps.ids.next()),
    personId,
    name: "laptop",
    publicKey: read?.line ?? "",
    fingerprint: read?.fingerprint ?? "",
    sourceAddress,
    credentialEpoch,
    passkeyId: asId("key-ring"),
    createdAt: now,
    expiresAt: now + 3_600_000,
    lastUsedAt: null,
    retiredAt: null,
  };
  await house.deps.database.write((tx) => tx.deviceKeys.insert(key));
  alice = { ...house.people.alice, deviceKeyId: key.id };
  await house.grant();
});
afterEach(() => {
  house.close();
});

const open = () =>
  house.broker.sessions.open({
    actor: alice,
    accountLogin: "root",
    assetName: "web-01",
    protocol: "ssh",
    client: "test",
    onEnd: (because) => void ends.push(because),
  });
const change = async (patch: Partial<Asset>) => {
  const [asset] = await house.deps.database.read.assets.find({ name: "web-01" });
  await house.deps.database.write((tx) => tx.assets.update(asset?.id ?? asId(""), patch));
};
const rule = (keys: Partial<SignInPolicy["deviceKeys"]>) => {
  const inForce = house.deps.policy.signIn("zh-CN");
  Object.assign(house.deps.policy, {
    signIn: () => ({ ...inForce, deviceKeys: { ...inForce.deviceKeys, ...keys } }),
  });
};
const retire = () =>
  house.deps.database.write((tx) =>
    retireKey(tx, key, {
      now: house.clock.now(),
      by: alice.personId,
      sourceAddress: alice.sourceAddress,
      why: "asked",
    }),
  );

describe("what a device key opened", () => {
  test("goes on while the key stands, and ends when it is retired", async () => {
    expect((await open()).kind).toBe("open");
    await house.broker.live.changed();
    expect(ends).toEqual([]);
    await retire();
    await house.broker.live.changed();
    expect(ends).toEqual(["sign-in-ended"]);
    expect((await open()).kind).toBe("refused");
  });

  test("ends when everything of its person is signed out", async () => {
    await open();
    await changePerson(house, alice.personId, { credentialEpoch: alice.credentialEpoch + 1 });
    await house.broker.live.changed();
    expect(ends).toHaveLength(1);
  });

  test("goes on when the key's own time is over, but a connection of before opens nothing new", async () => {
    expect((await open()).kind).toBe("open");
    const over = { expiresAt: house.clock.now() };
    await house.deps.database.write((tx) => tx.deviceKeys.update(key.id, over));
    await house.broker.live.changed();
    expect(ends).toEqual([]);
    expect(await open()).toEqual({ kind: "refused", code: "unauthenticated" });
  });

  test("ends with the key's own time where policy says so, and its door knows before", async () => {
    const opened = await open();
    if (opened.kind !== "open") throw new Error(opened.kind);
    await house.broker.live.changed();
    const expiresAt = house.clock.now() + 5_000;
    await house.deps.database.write((tx) => tx.deviceKeys.update(key.id, { expiresAt }));
    await house.broker.live.changed();
    expect(opened.session.endsAt).toBe(opened.session.grant.to);
    rule({ atEnd: "end" });
    await house.broker.live.changed();
    expect(opened.session.endsAt).toBe(expiresAt);
    house.clock.advance(5_000 - 1);
    house.broker.live.tick();
    await house.broker.live.changed();
    expect(ends).toEqual([]);
    house.clock.advance(1);
    house.broker.live.tick();
    expect(ends).toEqual(["sign-in-ended"]);
  });

  test("ends with the key's own time by the clock that never goes back, when the wall clock is set back", async () => {
    rule({ atEnd: "end" });
    house.clock.advance(900_000);
    const expiresAt = house.clock.now() + 900_000;
    await house.deps.database.write((tx) => tx.deviceKeys.update(key.id, { expiresAt }));
    const opened = await open();
    if (opened.kind !== "open") throw new Error(opened.kind);
    house.clock.ms -= 800_000;
    for (const ms of [600_000, 300_000 - 1]) {
      house.clock.advance(ms);
      opened.session.touch();
      await house.broker.live.changed();
    }
    expect(ends).toEqual([]);
    house.clock.advance(1);
    house.broker.live.tick();
    expect(ends).toEqual(["sign-in-ended"]);
  });

  test("ends when policy takes device keys no more", async () => {
    await open();
    rule({ allowed: false });
    await house.broker.live.changed();
    expect(ends).toEqual(["sign-in-ended"]);
  });

  test.each<Partial<Asset>>([{ sensitive: true }, { dataClass: "core" }, { protectionLevel: 4 }])(
    "ends when its asset takes no device key any more: %o",
    async (patch) => {
      await open();
      const byCode: EndReason[] = [];
      await house.open((because) => byCode.push(because));
      await change(patch);
      await house.broker.live.changed();
      expect([ends, byCode]).toEqual([["device-key-refused"], []]);
      await house.broker.live.allClosed();
      const told = (await house.audit("session.ended")).map(({ leaf }) => JSON.parse(leaf) as unknown);
      expect(told).toMatchObject([{ decidedBy: "device-key-refused" }]);
    },
  );

  test("does not begin on an asset that became a sensitive one meanwhile", async () => {
    const { recorder } = house.deps;
    const health = recorder.health.bind(recorder);
    Object.assign(recorder, {
      health: async () => {
        await change({ sensitive: true });
        return health();
      },
    });
    expect(await open()).toEqual({ kind: "refused", code: "device-key-refused" });
    expect(await house.deps.database.read.sessions.find({})).toMatchObject([{ because: "device-key-refused" }]);
  });

  test("does not begin when the key is retired while the session opens", async () => {
    const { recorder } = house.deps;
    const health = recorder.health.bind(recorder);
    Object.assign(recorder, {
      health: async () => {
        await retire();
        return health();
      },
    });
    expect(await open()).toEqual({ kind: "refused", code: "unauthenticated" });
    expect(await house.deps.database.read.sessions.find({})).toMatchObject([{ because: "sign-in-ended" }]);
  });

  test("ends when the key is retired while the rows cannot be read, once they can", async () => {
    await open();
    await retire();
    const { deviceKeys } = house.deps.database.read;
    const find = deviceKeys.find.bind(deviceKeys);
    deviceKeys.find = () => Promise.reject(new Error("away"));
    await house.broker.live.changed();
    expect(ends).toEqual([]);
    deviceKeys.find = find;
    await house.broker.live.changed();
    expect(ends).toEqual(["sign-in-ended"]);
  });

  test("goes on when its person's password becomes too old, as what a code opened does", async () => {
    await open();
    await changePerson(house, alice.personId, { passwordChangedAt: house.clock.now() - 400 * 86_400_000 });
    await house.broker.live.changed();
    expect(ends).toEqual([]);
  });

  test("is nothing to a connection whose person's password became too old meanwhile", async () => {
    const days = (count: number) => house.clock.now() - count * 86_400_000;
    await changePerson(house, alice.personId, { passwordChangedAt: days(89) });
    expect((await open()).kind).toBe("open");
    await changePerson(house, alice.personId, { passwordChangedAt: days(90) });
    expect(await open()).toEqual({ kind: "refused", code: "password-expired" });
  });

  test("is nothing on a sensitive asset, which its person opens with a code", async () => {
    await change({ sensitive: true });
    expect(await open()).toEqual({ kind: "refused", code: "device-key-refused" });
    const { deviceKeyId: _key, ...byCode } = alice;
    alice = byCode;
    expect((await open()).kind).toBe("open");
  });
});

describe("what a passkey let in", () => {
  const PASSKEY = asId<PasskeyId>("key-ring");
  const OTHER = asId<PasskeyId>("phone");
  beforeEach(async () => {
    const { personId } = alice;
    const row = { personId, name: "key ring", publicKey: "", counter: 0, transports: [], backedUp: false };
    const times = { createdAt: house.clock.now(), lastUsedAt: null, retiredAt: null };
    await house.deps.database.write(async (tx) => {
      for (const id of [PASSKEY, OTHER]) await tx.passkeys.insert({ ...row, ...times, id });
    });
  });
  const retirePasskey = (id: PasskeyId) =>
    house.deps.database.write((tx) => tx.passkeys.update(id, { retiredAt: house.clock.now() }));

  test.each([true, false])("ends when it is retired, through a device key (%s) as by the browser", async (byKey) => {
    const { deviceKeyId: _key, ...byBrowser } = alice;
    alice = { ...(byKey ? alice : byBrowser), passkeyId: PASSKEY };
    expect((await open()).kind).toBe("open");
    expect(await house.deps.database.read.sessions.count({ passkeyId: PASSKEY, state: "live" })).toBe(1);
    await retirePasskey(OTHER);
    await house.broker.live.changed();
    expect(ends).toEqual([]);
    await retirePasskey(PASSKEY);
    await house.broker.live.changed();
    expect(ends).toEqual(["sign-in-ended"]);
    expect(await open()).toEqual({ kind: "refused", code: "unauthenticated" });
  });
});
