import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { must } from "../../../test/support/identity-lab.js";
import {
  FOUR_O_CLOCK,
  newPublicKey,
  OFFICE,
  openTerminalHouse,
  RULES,
  type Seated,
  type TerminalHouse,
} from "../../../test/support/terminal-house.js";
import { readPublicKey } from "../public-key.js";
import { sweepTerminals } from "./device-keys.js";

let house: TerminalHouse;
let alice: Seated;
let bob: Seated;
const HOUR_MS = 3_600_000;
const NOT_FOUND = { ok: false, code: "not-found" };
const REFUSED = { ok: false, code: "sign-in-refused" };

beforeEach(async () => {
  house = await openTerminalHouse();
  alice = await house.seat("alice");
  bob = await house.seat("bob");
});
afterEach(() => house.close());

const begin = async (publicKey: string, login = "alice", sourceAddress = OFFICE) => {
  const asked = { login, purpose: "device-key", subject: "laptop", sourceAddress, publicKey } as const;
  const wait = must(await house.factors.askTerminal(asked));
  return { ...wait, pollToken: wait.pollToken ?? "" };
};
const printOf = (publicKey: string): string => readPublicKey(publicKey)?.fingerprint ?? "";
const show = (publicKey: string, login = "alice", sourceAddress = OFFICE) =>
  house.factors.signInByDeviceKey({ login, fingerprint: printOf(publicKey), sourceAddress });

/** One that may be enrolled, but not for the day. */
function newRsaKey(): string {
  const { e = "", n = "" } = generateKeyPairSync("rsa", { modulusLength: 3072 }).publicKey.export({ format: "jwk" });
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const modulus = Buffer.concat([Buffer.of(0), Buffer.from(n, "base64url")]);
  const blob = [Buffer.from("ssh-rsa"), Buffer.from(e, "base64url"), modulus].map(field);
  return `ssh-rsa ${Buffer.concat(blob).toString("base64")}`;
}

/** A key that was asked for and approved. */
async function registered(who: Seated = alice, publicKey = newPublicKey()) {
  const wait = await begin(publicKey, who.person.login);
  must(await house.approve(who, wait.code, wait.number));
  const polled = must(await house.factors.pollDeviceKey(wait.pollToken));
  if (polled.state !== "done") throw new Error("still pending");
  return { publicKey, wait, key: polled.key };
}

describe("a device key", () => {
  test("is pending until the browser approved it, then opens without any question", async () => {
    const publicKey = newPublicKey();
    const wait = await begin(publicKey);
    expect(must(await house.factors.pollDeviceKey(wait.pollToken))).toEqual({ state: "pending" });
    expect(await show(publicKey)).toEqual(REFUSED);
    const polled = house.elsewhere.pollDeviceKey(wait.pollToken, new AbortController().signal);
    must(await house.approve(alice, wait.code, wait.number));
    expect(must(await polled)).toMatchObject({ state: "done", login: "alice", key: { name: "laptop", publicKey } });
    const actor = must(await show(publicKey));
    const [row] = await house.database.read.deviceKeys.find({});
    expect(actor).toMatchObject({ personId: alice.person.id, deviceKeyId: row?.id, sourceAddress: OFFICE });
    expect(row?.lastUsedAt).toBe(house.now());
    expect((await house.verbs()).slice(-3)).toEqual([
      "person.device-key-added",
      "person.terminal-approved",
      "person.signed-in",
    ]);
  });

  test("lives to the end of the working day, and never longer than policy's most", async () => {
    expect((await registered()).key.expiresAt).toBe(FOUR_O_CLOCK + 4 * HOUR_MS);
    house.rules = { ...RULES, deviceKeys: { ...RULES.deviceKeys, longestMs: HOUR_MS } };
    expect((await registered()).key.expiresAt).toBe(FOUR_O_CLOCK + HOUR_MS);
    house.rules = RULES;
    house.pass(5 * HOUR_MS);
    await house.database.write((tx) => tx.webSessions.update(alice.actor.webSessionId!, { steppedUpAt: house.now() }));
    expect((await registered()).key.expiresAt).toBe(house.now() + 12 * HOUR_MS);
  });

  test("opens nothing once its time is over by the clock", async () => {
    const { publicKey, key } = await registered();
    house.pass(key.expiresAt - house.now() - 1);
    must(await show(publicKey));
    house.pass(1);
    expect(await show(publicKey)).toEqual(REFUSED);
  });

  test("opens nothing by a clock that was set back, not even to before it was used", async () => {
    const { publicKey, key } = await registered();
    house.pass(HOUR_MS);
    must(await show(publicKey));
    house.pass(-HOUR_MS / 2);
    expect(await show(publicKey)).toEqual(REFUSED);
    house.pass(key.expiresAt - house.now() - 1);
    must(await show(publicKey));
  });

  test("opens from where it was made alone, unless policy says otherwise; a try from elsewhere is told once a minute", async () => {
    const { publicKey } = await registered();
    const failed = async () => (await house.verbs()).filter((verb) => verb === "person.sign-in-failed").length;
    for (let turn = 0; turn < 5; turn += 1) expect(await show(publicKey, "alice", "198.51.100.9")).toEqual(REFUSED);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await failed()).toBe(1);
    house.rules = { ...RULES, deviceKeys: { ...RULES.deviceKeys, otherAddress: true } };
    must(await show(publicKey, "alice", "198.51.100.9"));
  });

  test("opens for its person alone", async () => {
    const { publicKey } = await registered();
    for (const login of ["bob", "nobody", "", "ALICE"]) expect(await show(publicKey, login)).toEqual(REFUSED);
  });

  test("takes the same look-ups whether it is known or not", async () => {
    const { publicKey } = await registered();
    const counted = async (act: () => Promise<unknown>): Promise<readonly string[]> => {
      const seen: string[] = [];
      const { people, deviceKeys, settings } = house.database.read;
      const stores = { people, deviceKeys, settings };
      const undo = Object.entries(stores).map(([name, store]) => {
        const real = { find: store.find.bind(store), get: store.get.bind(store) };
        const spy = (call: (...input: never[]) => unknown) =>
          ((...input: never[]) => {
            seen.push(name);
            return call(...input);
          }) as never;
        Object.assign(store, { find: spy(real.find), get: spy(real.get) });
        return () => Object.assign(store, real);
      });
      await act();
      for (const back of undo) back();
      return seen;
    };
    const known = await counted(() => show(publicKey, "alice", "198.51.100.9"));
    expect(known.length).toBeGreaterThan(2);
    expect(await counted(() => show(newPublicKey(), "alice"))).toEqual(known);
    expect(await counted(() => show(newPublicKey(), "nobody"))).toEqual(known);
  });

  test("ends with its person's epoch, state and factors", async () => {
    for (const [login, change] of [
      ["e1", { credentialEpoch: 2 }],
      ["e2", { state: "disabled" }],
      ["e3", { totpEnrolledAt: null }],
    ] as const) {
      const who = await house.seat(login);
      const { publicKey } = await registered(who);
      must(await show(publicKey, login));
      await house.database.write((tx) => tx.people.update(who.person.id, change));
      expect([login, await show(publicKey, login)]).toEqual([login, REFUSED]);
    }
  });

  test("ends with `sign out everywhere`", async () => {
    const { publicKey } = await registered();
    must(await house.factors.signOutEverywhere(alice.actor, alice.person.id));
    expect(await show(publicKey)).toEqual(REFUSED);
  });

  test("is off when policy turns device keys off, also those that were made", async () => {
    const { publicKey } = await registered();
    house.rules = { ...RULES, deviceKeys: { ...RULES.deviceKeys, allowed: false } };
    expect(await show(publicKey)).toEqual(REFUSED);
    const asked = { login: "alice", purpose: "device-key", subject: "laptop", sourceAddress: OFFICE } as const;
    expect(await house.factors.askTerminal({ ...asked, publicKey: newPublicKey() })).toMatchObject({
      code: "device-key-refused",
    });
  });
});

describe("registering a device key", () => {
  test("is refused for RSA, for what is no key, and for a terminal that names one", async () => {
    const asked = { login: "alice", purpose: "device-key", subject: "laptop", sourceAddress: OFFICE } as const;
    const rsa = newRsaKey();
    expect(readPublicKey(rsa)).toBeDefined();
    for (const publicKey of [rsa, "no key", ""])
      expect(await house.factors.askTerminal({ ...asked, publicKey })).toMatchObject({ code: "invalid-input" });
    expect(await house.factors.askTerminal({ ...asked })).toMatchObject({ code: "invalid-input" });
    expect(await house.factors.askTerminal({ ...asked, purpose: "ssh", publicKey: newPublicKey() })).toMatchObject({
      code: "invalid-input",
    });
  });

  test("is refused for a key that is or was anybody's: enrolled, of a device, retired", async () => {
    const enrolled = newPublicKey();
    const row = { id: "k1", personId: bob.person.id, name: "work", publicKey: enrolled, createdAt: 1, retiredAt: null };
    await house.database.write((tx) => tx.personKeys.insert({ ...row, fingerprint: printOf(enrolled) } as never));
    const bobs = (await registered(bob)).publicKey;
    const { publicKey: old, key } = await registered(bob);
    must(await house.factors.retireDeviceKey(bob.actor, key.id));
    for (const publicKey of [enrolled, bobs, old]) {
      const wait = await begin(publicKey);
      expect(await house.approve(alice, wait.code, wait.number)).toMatchObject({ ok: false, code: "conflict" });
      expect(await house.factors.pollDeviceKey(wait.pollToken)).toMatchObject({ code: "terminal-approval-refused" });
      house.pass(90_000);
    }
    must(await show(bobs, "bob"));
    expect(await show(bobs, "alice")).toEqual(REFUSED);
  });

  test("stops at ten that live", async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      await registered();
      house.pass(90_000);
    }
    const wait = await begin(newPublicKey());
    expect(await house.approve(alice, wait.code, wait.number)).toMatchObject({ ok: false, code: "conflict" });
  });

  test("of one key by two persons at once goes to one", async () => {
    const publicKey = newPublicKey();
    const [hers, his] = [await begin(publicKey, "alice"), await begin(publicKey, "bob")];
    const both = await Promise.all([
      house.approve(alice, hers.code, hers.number),
      house.approve(bob, his.code, his.number),
    ]);
    expect(both.filter((one) => one.ok)).toHaveLength(1);
    expect(await house.database.read.deviceKeys.count({})).toBe(1);
  });

  test("can be given up by who began it, and by no other token", async () => {
    const wait = await begin(newPublicKey());
    expect(await house.factors.endDeviceLogin("A".repeat(43), OFFICE)).toEqual(NOT_FOUND);
    must(await house.factors.endDeviceLogin(wait.pollToken, OFFICE));
    expect(await house.approve(alice, wait.code, wait.number)).toEqual(NOT_FOUND);
    expect(await house.factors.pollDeviceKey(wait.pollToken)).toMatchObject({ code: "terminal-approval-refused" });
    expect(await house.factors.pollDeviceKey("A".repeat(43))).toEqual(NOT_FOUND);
    expect(await house.factors.pollDeviceKey("short")).toEqual(NOT_FOUND);
  });

  test("never answers a poll of a terminal's wait", async () => {
    const wait = must(
      await house.factors.askTerminal({ login: "alice", purpose: "ssh", subject: "", sourceAddress: OFFICE }),
    );
    expect(wait.pollToken).toBeNull();
    const key = await begin(newPublicKey());
    must(await house.approve(alice, key.code, key.number));
    expect(await house.factors.awaitTerminal(key.id, new AbortController().signal)).toMatchObject({ ok: false });
  });
});

describe("retiring a device key", () => {
  test("ends it by its owner, once, and tells his pages and live sessions", async () => {
    const { publicKey, key } = await registered();
    must(await house.factors.retireDeviceKey(alice.actor, key.id));
    expect(await show(publicKey)).toEqual(REFUSED);
    expect(house.notices.at(-1)).toMatchObject({ topic: "people", id: alice.person.id });
    expect(await house.factors.retireDeviceKey(alice.actor, key.id)).toEqual(NOT_FOUND);
    expect(must(await house.factors.listDeviceKeys(alice.actor)).map((one) => one.retiredAt)).toEqual([house.now()]);
  });

  test("is for nobody else, but for a security administrator over him", async () => {
    const { publicKey, key } = await registered();
    expect(await house.factors.retireDeviceKey(bob.actor, key.id)).toEqual(NOT_FOUND);
    const holding = { grantedBy: null, confirmedBy: null, createdAt: 1, unitId: alice.person.unitId };
    await house.database.write((tx) => tx.powers.insert({ id: bob.person.id, power: "security", ...holding }));
    must(await house.factors.retireDeviceKey(bob.actor, key.id));
    expect(await show(publicKey)).toEqual(REFUSED);
  });

  test("is what `logout` does with the token of the login, a day later at most", async () => {
    const { publicKey, wait } = await registered();
    house.pass(11 * HOUR_MS);
    await sweepTerminals({ database: house.database, clock: { now: () => house.now(), monotonicUs: () => 0 } });
    must(await house.factors.endDeviceLogin(wait.pollToken, OFFICE));
    expect((await house.verbs()).at(-1)).toBe("person.device-key-retired");
    expect(await show(publicKey)).toEqual(REFUSED);
    house.pass(30 * HOUR_MS);
    await sweepTerminals({ database: house.database, clock: { now: () => house.now(), monotonicUs: () => 0 } });
    expect(await house.database.read.terminalApprovals.count({})).toBe(0);
  });
});
