/** What ends with a passkey that its owner retires. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { must } from "../../../test/support/identity-lab.js";
import {
  newPublicKey,
  OFFICE,
  openTerminalHouse,
  type Seated,
  type TerminalHouse,
} from "../../../test/support/terminal-house.js";
import { makeSoftwareAuthenticator } from "../../../test/support/software-authenticator.js";
import { asId, type PasskeyId } from "../../domain/index.js";
import type { WebAuthnJson } from "../broker.js";

let house: TerminalHouse;
beforeEach(async () => {
  house = await openTerminalHouse();
});
afterEach(() => house.close());

const enter = async ({ device }: Pick<Seated, "device">) => {
  const { handle, options } = must(await house.factors.beginPasskeySignIn(OFFICE));
  const response = device.signIn(options as never) as unknown as WebAuthnJson;
  return must(await house.factors.signInByPasskey({ handle, response, sourceAddress: OFFICE, userAgent: "" }));
};
/** A person with a second passkey: another seat of his, at the same page. */
async function withPhone(who: Seated): Promise<Seated & { readonly phoneId: PasskeyId }> {
  const device = makeSoftwareAuthenticator("https://gate.example");
  const { handle, options } = must(await house.factors.beginPasskey(who.actor));
  const response = device.register(options as never) as never;
  const phone = must(await house.factors.addPasskey(who.actor, { handle, name: "phone", response }));
  return { ...who, device, phoneId: phone.id };
}
const keyRingOf = async (who: Seated): Promise<PasskeyId> => {
  const listed = must(await house.factors.listPasskeys(who.actor));
  return listed.find(({ name }) => name === "key ring")?.id ?? asId("");
};
const deviceKey = async (who: Seated) => {
  const ask = { login: who.person.login, purpose: "device-key", subject: "laptop", sourceAddress: OFFICE } as const;
  const { code, number, pollToken } = must(await house.factors.askTerminal({ ...ask, publicKey: newPublicKey() }));
  must(await house.approve(who, code, number));
  const polled = must(await house.factors.pollDeviceKey(pollToken ?? ""));
  if (polled.state !== "done") throw new Error(polled.state);
  return polled.key;
};
const terminal = async (who: Seated) => {
  const ask = { login: who.person.login, purpose: "ssh", subject: "root@web-01", sourceAddress: OFFICE } as const;
  const { id, code, number } = must(await house.factors.askTerminal(ask));
  must(await house.approve(who, code, number));
  return id;
};
const { signal } = new AbortController();

test("a page that a passkey opened elsewhere ends with it; the one it is done in goes on", async () => {
  const alice = await house.seat("alice");
  const bob = await house.seat("bob");
  const thief = await enter(alice);
  const other = await enter(bob);
  const [passkey] = must(await house.factors.listPasskeys(alice.actor));
  must(await house.factors.retirePasskey(alice.actor, passkey?.id as never));
  const ended = async (id: unknown) => (await house.database.read.webSessions.get(id as never))?.endedAt;
  expect(await ended(thief.actor.webSessionId)).toBe(house.now());
  expect(await ended(alice.actor.webSessionId)).toBeNull();
  expect(await ended(other.actor.webSessionId)).toBeNull();
});

test("pages and device keys of another passkey go on; a second factor counts on no other page any more", async () => {
  const alice = await house.seat("alice");
  const phone = await withPhone(alice);
  const lost = await keyRingOf(alice);
  const [byLost, byPhone] = [await enter(alice), await enter(phone)];
  const [lostKey, phoneKey] = [await deviceKey(alice), await deviceKey(phone)];
  const counted = must(await house.factors.passkeyEnding(alice.actor, lost));
  expect(counted).toEqual({ pages: 1, deviceKeys: 1, sessions: 0, otherPasskeys: 1 });
  must(await house.factors.retirePasskey(alice.actor, lost));
  const { read } = house.database;
  const page = (one: typeof byLost) => read.webSessions.get(one.actor.webSessionId as never);
  expect((await page(byLost))?.endedAt).toBe(house.now());
  expect(await page(byPhone)).toMatchObject({ endedAt: null, steppedUpAt: 0 });
  expect((await read.webSessions.get(alice.actor.webSessionId as never))?.steppedUpAt).toBe(house.now());
  expect((await read.deviceKeys.get(lostKey.id))?.retiredAt).toBe(house.now());
  expect((await read.deviceKeys.get(phoneKey.id))?.retiredAt).toBeNull();
  const events = await read.audit.find({ verb: "person.device-key-retired" }, {});
  expect(events.map(({ leaf }) => JSON.parse(leaf) as unknown)).toMatchObject([{ decidedBy: "passkey-retired" }]);
  const [told] = await read.audit.find({ verb: "person.passkey-retired" }, {});
  expect(JSON.parse(told?.leaf ?? "{}")).toMatchObject({ detail: { passkey: lost, pages: 1, deviceKeys: 1 } });
  expect((await enter(phone)).actor.login).toBe("alice");
});

test("a terminal that it approved is not let in once it is retired; one that another approved is", async () => {
  const alice = await house.seat("alice");
  const phone = await withPhone(alice);
  const [byLost, byPhone] = [await terminal(alice), await terminal(phone)];
  must(await house.factors.retirePasskey(alice.actor, await keyRingOf(alice)));
  expect(await house.factors.awaitTerminal(byLost, signal)).toEqual({ ok: false, code: "terminal-approval-refused" });
  expect(must(await house.factors.awaitTerminal(byPhone, signal)).passkeyId).toBe(phone.phoneId);
});

test("what it ends is told to its owner alone", async () => {
  const [alice, bob] = [await house.seat("alice"), await house.seat("bob")];
  const lost = await keyRingOf(alice);
  expect(await house.factors.passkeyEnding(bob.actor, lost)).toEqual({ ok: false, code: "not-found" });
  expect(await house.factors.retirePasskey(bob.actor, lost)).toEqual({ ok: false, code: "not-found" });
  must(await house.factors.retirePasskey(alice.actor, lost));
  expect(await house.factors.passkeyEnding(alice.actor, lost)).toEqual({ ok: false, code: "not-found" });
});
