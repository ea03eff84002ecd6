/** The passkey devices and the clock that tests sign in with are what they say: checked by the library the gate itself uses. */
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser } from "../support/browser.js";
import { startClockShift } from "../support/clock-shift.js";
import { makeSoftwareAuthenticator, type Deviation } from "../support/software-authenticator.js";
import { addVirtualAuthenticator } from "../support/virtual-authenticator.js";

const RP = { id: "localhost", name: "test" };
const USER = Buffer.from("person-1").toString("base64url");
const CHALLENGE = Buffer.from("a challenge of no great surprise").toString("base64url");
const creation = { challenge: CHALLENGE, rp: RP, user: { id: USER, name: "wang", displayName: "wang" } };

type Registration = Parameters<typeof verifyRegistrationResponse>[0]["response"];
type SignIn = Parameters<typeof verifyAuthenticationResponse>[0]["response"];

async function registered(response: unknown, origin: string) {
  const expected = { expectedChallenge: CHALLENGE, expectedOrigin: origin, expectedRPID: RP.id };
  const { registrationInfo } = await verifyRegistrationResponse({ response: response as Registration, ...expected });
  if (registrationInfo === undefined) throw new Error("not registered");
  return registrationInfo.credential;
}

/** The counter that the sign-in showed; throws or answers `undefined` when it is not good. */
async function signedIn(
  response: unknown,
  origin: string,
  credential: Awaited<ReturnType<typeof registered>>,
): Promise<number | undefined> {
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: response as SignIn,
    expectedChallenge: CHALLENGE,
    expectedOrigin: origin,
    expectedRPID: RP.id,
    credential,
  });
  return verified ? authenticationInfo.newCounter : undefined;
}

describe("the software authenticator", () => {
  const origin = "http://localhost:8080";
  const question = { challenge: CHALLENGE, rpId: RP.id };

  test("registers and signs in as the standard has it", async () => {
    const device = makeSoftwareAuthenticator(origin);
    const credential = await registered(device.register(creation), origin);
    expect(device.credentialIds).toEqual([credential.id]);
    const allowed = { ...question, allowCredentials: [{ id: credential.id }] };
    expect(await signedIn(device.signIn(allowed), origin, credential)).toBe(1);
    expect(device.signIn(allowed).response.userHandle).toBe(USER);
    expect(() => device.signIn({ ...question, allowCredentials: [{ id: "bm9uZQ" }] })).toThrow();
  });

  test("shows what a clone shows: a counter that was there before", async () => {
    const device = makeSoftwareAuthenticator(origin);
    const credential = await registered(device.register(creation), origin);
    const clone = device.copy();
    const counter = await signedIn(device.signIn(question), origin, credential);
    await expect(signedIn(clone.signIn(question), origin, { ...credential, counter: counter ?? 0 })).rejects.toThrow(
      /counter/,
    );
  });

  const deviations: readonly (readonly [string, Deviation])[] = [
    ["origin", { origin: "https://evil.example" }],
    ["challenge", { challenge: "bm90IHRoaXM" }],
    ["relying party", { rpId: "evil.example" }],
    ["verification", { userVerified: false }],
    ["presence", { userPresent: false }],
    ["type", { type: "payment.get" }],
  ];
  test.each(deviations)("is refused with another %s", async (_, deviation) => {
    const device = makeSoftwareAuthenticator(origin);
    await expect(registered(device.register(creation, deviation), origin)).rejects.toThrow();
    const credential = await registered(device.register(creation), origin);
    await expect(signedIn(device.signIn(question, deviation), origin, credential)).rejects.toThrow();
  });

  test("is refused with a flipped signature", async () => {
    const device = makeSoftwareAuthenticator(origin);
    const credential = await registered(device.register(creation), origin);
    expect(await signedIn(device.signIn(question, { flipSignature: true }), origin, credential)).toBeUndefined();
  });
});

describe("the browser's authenticator", () => {
  let server: Server;
  let browser: Browser;
  let origin = "";
  beforeAll(async () => {
    server = createServer((_, response) => response.end("<!doctype html><title>page</title>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  const make = (page: Page): Promise<unknown> =>
    page.evaluate(`(async () => {
      const options = ${JSON.stringify({ ...creation, pubKeyCredParams: [{ type: "public-key", alg: -7 }], timeout: 2000, authenticatorSelection: { residentKey: "required", userVerification: "required" } })};
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
      return (await navigator.credentials.create({ publicKey })).toJSON();
    })()`);
  const get = (page: Page): Promise<unknown> =>
    page.evaluate(`(async () => {
      const options = ${JSON.stringify({ challenge: CHALLENGE, rpId: RP.id, timeout: 2000, userVerification: "required" })};
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
      return (await navigator.credentials.get({ publicKey })).toJSON();
    })()`);

  test("registers and signs in by itself; its clone is found out; unverified or gone it does nothing", async () => {
    const page = await browser.newPage();
    await page.goto(origin);
    const device = await addVirtualAuthenticator(page);
    const credential = await registered(await make(page), origin);
    const counter = (await signedIn(await get(page), origin, credential)) ?? 0;
    expect(counter).toBeGreaterThan(credential.counter);
    const [kept] = await device.credentials();
    expect(Buffer.from(kept?.credentialId ?? "", "base64").toString("base64url")).toBe(credential.id);

    const elsewhere = await (await browser.newContext()).newPage();
    await elsewhere.goto(origin);
    const clone = await addVirtualAuthenticator(elsewhere);
    await clone.take({ ...kept!, signCount: 0 });
    const answer = await get(elsewhere);
    await expect(signedIn(answer, origin, { ...credential, counter: counter + 5 })).rejects.toThrow(/counter/);
    await clone.setCounters(counter + 100);
    expect(await signedIn(await get(elsewhere), origin, { ...credential, counter })).toBeGreaterThan(counter + 99);

    await device.verifies(false);
    await expect(get(page)).rejects.toThrow(/NotAllowedError/);
    await device.verifies(true);
    await signedIn(await get(page), origin, credential);
    await device.forget(kept!.credentialId);
    expect(await device.credentials()).toEqual([]);
    await expect(get(page)).rejects.toThrow(/NotAllowedError/);
    await device.remove();
  });
});

test("a moved clock is read by a process and its workers, and by nobody else", async () => {
  const clock = startClockShift();
  const day = 86_400_000;
  await clock.move(90 * day);
  const program = `const { Worker } = require("node:worker_threads");
    const say = "require('node:worker_threads').parentPort.postMessage(new Date().getTime())";
    new Worker(say, { eval: true }).on("message", (there) => console.log(JSON.stringify([Date.now(), there, new Date(5).getTime()])));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", program], { env: { ...clock.env } });
  const [here, there, fixed] = JSON.parse(stdout) as number[];
  clock.stop();
  for (const read of [here, there]) expect(Math.abs((read ?? 0) - Date.now() - 90 * day)).toBeLessThan(5_000);
  expect(fixed).toBe(5);
});
