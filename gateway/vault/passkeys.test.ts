import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makeSoftwareAuthenticator, type Deviation } from "../../test/support/software-authenticator.js";
import { createPasskeys } from "./passkeys.js";

const passkeys = createPasskeys();
const site = { origin: "https://gate.example", rpId: "gate.example" };
const person = { id: "01890000-0000-7000-8000-000000000001", login: "alice", displayName: "Alice" };
const newChallenge = (): string => randomBytes(32).toString("base64url");
type Json = Readonly<Record<string, unknown>>;
const json = (value: unknown): Json => value as Json;

async function registered(deviation: Deviation = {}) {
  const device = makeSoftwareAuthenticator(site.origin);
  const challenge = newChallenge();
  const options = await passkeys.registrationOptions({ site, challenge, person, exclude: [] });
  const response = device.register(options as never, deviation);
  const verdict = await passkeys.verifyRegistration({ site, challenge, response: json(response) });
  return { device, verdict, challenge, response, options };
}

async function good() {
  const { device, verdict } = await registered();
  if (verdict.kind !== "good") throw new Error(verdict.why);
  const { id, publicKey, counter } = verdict;
  return { device, passkey: { id, publicKey, counter } };
}

async function answered(
  deviation: Deviation = {},
  change: { readonly stored?: number; readonly challenge?: string } = {},
) {
  const { device, passkey } = await good();
  const challenge = newChallenge();
  const options = await passkeys.assertionOptions({ site, challenge, allow: [] });
  const response = json(device.signIn(options as never, deviation));
  return passkeys.verifyAssertion({
    site,
    challenge: change.challenge ?? challenge,
    response,
    passkey: { ...passkey, counter: change.stored ?? passkey.counter },
    personId: person.id,
  });
}

describe("registering a passkey", () => {
  test("asks for a discoverable one with user verification, none that is there already, and no make", async () => {
    const exclude = [{ id: "AAAA", transports: ["usb"] }];
    const options = await passkeys.registrationOptions({ site, challenge: newChallenge(), person, exclude });
    expect(options).toMatchObject({
      rp: { id: "gate.example" },
      attestation: "none",
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: [{ id: "AAAA" }],
    });
    expect((options["pubKeyCredParams"] as { readonly alg: number }[]).map(({ alg }) => alg)).toEqual([-7, -8, -257]);
  });

  test("takes an honest answer", async () => {
    expect((await registered()).verdict).toMatchObject({ kind: "good", counter: 0, transports: ["internal"] });
  });

  test.each<[string, Deviation]>([
    ["another origin", { origin: "https://gate.example.evil.test" }],
    ["the origin without TLS", { origin: "http://gate.example" }],
    ["another relying party", { rpId: "evil.test" }],
    ["no user verification", { userVerified: false }],
    ["nobody present", { userPresent: false }],
    ["another challenge", { challenge: newChallenge() }],
    ["the answer of a sign-in", { type: "webauthn.get" }],
    ["a frame of another site", { crossOrigin: true }],
  ])("refuses %s", async (_what, deviation) => {
    expect((await registered(deviation)).verdict.kind).toBe("refused");
  });

  test("refuses an id that is not the one signed", async () => {
    const { response, challenge } = await registered();
    const forged = json({ ...response, id: "AAAA", rawId: "AAAA" });
    expect((await passkeys.verifyRegistration({ site, challenge, response: forged })).kind).toBe("refused");
  });
});

describe("an answer of a passkey", () => {
  test("is good when everything is right, with the counter it showed", async () => {
    expect(await answered()).toEqual({ kind: "good", counter: 1, backedUp: false });
  });

  test("is good with a counter that is always 0, as synced passkeys have", async () => {
    expect((await answered({ counter: 0 })).kind).toBe("good");
  });

  test.each<[string, Deviation]>([
    ["another origin", { origin: "https://evil.test" }],
    ["another port", { origin: "https://gate.example:8443" }],
    ["another relying party", { rpId: "example" }],
    ["no user verification", { userVerified: false }],
    ["nobody present", { userPresent: false }],
    ["another challenge", { challenge: newChallenge() }],
    ["the answer of a registration", { type: "webauthn.create" }],
    ["a bit of the signature", { flipSignature: true }],
    ["a frame of another site", { crossOrigin: true }],
    ["another person's handle", { userHandle: Buffer.from("somebody").toString("base64url") }],
  ])("is refused with %s", async (_what, deviation) => {
    expect((await answered(deviation)).kind).toBe("refused");
  });

  test("is a clone's when the counter does not rise", async () => {
    expect(await answered({ counter: 5 }, { stored: 5 })).toEqual({ kind: "cloned", counter: 5 });
    expect(await answered({ counter: 4 }, { stored: 5 })).toEqual({ kind: "cloned", counter: 4 });
    expect(await answered({ counter: 0 }, { stored: 5 })).toEqual({ kind: "cloned", counter: 0 });
  });

  test("is no clone's, only refused, when the counter stands back but nothing is signed", async () => {
    expect((await answered({ counter: 4, flipSignature: true }, { stored: 5 })).kind).toBe("refused");
  });

  test("is refused with another key, another id, or none that is known", async () => {
    const [one, two] = [await good(), await good()];
    const challenge = newChallenge();
    const options = await passkeys.assertionOptions({ site, challenge, allow: [] });
    const response = json(one.device.signIn(options as never));
    const asked = { site, challenge, response, personId: person.id };
    const kindOf = async (passkey: typeof one.passkey | undefined): Promise<string> =>
      (await passkeys.verifyAssertion({ ...asked, passkey })).kind;
    expect(await kindOf({ ...one.passkey, publicKey: two.passkey.publicKey })).toBe("refused");
    expect(await kindOf({ ...one.passkey, id: two.passkey.id })).toBe("refused");
    expect(await kindOf(undefined)).toBe("refused");
    expect(await kindOf(one.passkey)).toBe("good");
  });

  test("is refused, never thrown, when it is anything at all", async () => {
    const { device, passkey } = await good();
    const challenge = newChallenge();
    const options = await passkeys.assertionOptions({ site, challenge, allow: [] });
    const whole = device.signIn(options as never);
    const odd: unknown[] = [
      {},
      { ...whole, response: null },
      { ...whole, response: { ...whole.response, clientDataJSON: 1 } },
      { ...whole, response: { ...whole.response, clientDataJSON: "bnVsbA" } },
      { ...whole, response: { ...whole.response, authenticatorData: "" } },
      { ...whole, response: { ...whole.response, authenticatorData: "AAAA" } },
      { ...whole, response: { ...whole.response, signature: "" } },
      { ...whole, response: { ...whole.response, userHandle: { length: 1 } } },
      { ...whole, type: "password" },
      { ...whole, more: "x".repeat(70_000) },
    ];
    for (const response of odd) {
      const asked = { site, challenge, response: json(response), passkey, personId: person.id };
      expect((await passkeys.verifyAssertion(asked)).kind, JSON.stringify(response).slice(0, 80)).toBe("refused");
      expect((await passkeys.verifyRegistration({ site, challenge, response: json(response) })).kind).toBe("refused");
    }
  });
});
