/** What a device key opened, and what it may not open: sessions end with the key, and a sensitive asset takes none. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildHouse, changePerson, type House } from "../../../test/support/access-house.js";
import { newPublicKey } from "../../../test/support/terminal-house.js";
import { asId, type Actor, type DeviceKey, type DeviceKeyId, type EndReason } from "../../domain/index.js";
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
    expect(ends).toHaveLength(1);
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

  test("is nothing to a connection whose person's password became too old meanwhile", async () => {
    const days = (count: number) => house.clock.now() - count * 86_400_000;
    await changePerson(house, alice.personId, { passwordChangedAt: days(89) });
    expect((await open()).kind).toBe("open");
    await changePerson(house, alice.personId, { passwordChangedAt: days(90) });
    expect(await open()).toEqual({ kind: "refused", code: "password-expired" });
  });

  test("is nothing on a sensitive asset, which its person opens with a code", async () => {
    const [asset] = await house.deps.database.read.assets.find({ name: "web-01" });
    await house.deps.database.write((tx) => tx.assets.update(asset?.id ?? asId(""), { sensitive: true }));
    expect(await open()).toEqual({ kind: "refused", code: "device-key-refused" });
    const { deviceKeyId: _key, ...byCode } = alice;
    alice = byCode;
    expect((await open()).kind).toBe("open");
  });
});
