/** What ends with a passkey that its owner retires. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { must } from "../../../test/support/identity-lab.js";
import { OFFICE, openTerminalHouse, type TerminalHouse } from "../../../test/support/terminal-house.js";
import type { WebAuthnJson } from "../broker.js";

let house: TerminalHouse;
beforeEach(async () => {
  house = await openTerminalHouse();
});
afterEach(() => house.close());

test("a page that a passkey opened elsewhere ends with it; the one it is done in goes on", async () => {
  const alice = await house.seat("alice");
  const bob = await house.seat("bob");
  const enter = async ({ device }: typeof alice) => {
    const { handle, options } = must(await house.factors.beginPasskeySignIn(OFFICE));
    const response = device.signIn(options as never) as unknown as WebAuthnJson;
    return must(await house.factors.signInByPasskey({ handle, response, sourceAddress: OFFICE, userAgent: "" }));
  };
  const thief = await enter(alice);
  const other = await enter(bob);
  const [passkey] = must(await house.factors.listPasskeys(alice.actor));
  must(await house.factors.retirePasskey(alice.actor, passkey?.id as never));
  const ended = async (id: unknown) => (await house.database.read.webSessions.get(id as never))?.endedAt;
  expect(await ended(thief.actor.webSessionId)).toBe(house.now());
  expect(await ended(alice.actor.webSessionId)).toBeNull();
  expect(await ended(other.actor.webSessionId)).toBeNull();
});
