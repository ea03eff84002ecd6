/**
 * WebAuthn Level 3: what an authenticator is asked, and whether its answer is good. Pure over the challenge, site and stored
 * passkey given; keeping challenges single-use and counters rising is the caller's. User verification is always required, a
 * frame of another site is refused, and no statement about the authenticator's make is asked for.
 */
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
} from "@simplewebauthn/server";
import type { Vault } from "./contract.js";

const TIMEOUT_MS = 120_000;
/** COSE: ES256, EdDSA, RS256 (RFC 9053 §2.1, §2.2; RFC 8812 §2). */
const ALGORITHMS = [-7, -8, -257];
const RP_NAME = "Gatehouse";
/** An answer is a few kilobytes; parsers see no more than this. */
const MOST_BYTES = 64 * 1024;
const MOST_ID = 1364;
const MOST_TRANSPORTS = 8;
const TRANSPORT = /^[a-z][a-z-]{0,15}$/;
/** A key that nobody has: what an unknown passkey's answer is checked against, in the same time. */
const NOBODY =
  "pQECAyYgASFYIDl1wGQB33dnIKPVzkBC9_e5pNxBlDrLsHpCtf7GbPseIlggl225aYrnaABNUL9VnNTSwmQhL8nSn2e2QQ-F6FaNgBk";

type Passkeys = Vault["passkeys"];
type Transports = NonNullable<RegistrationResponseJSON["response"]["transports"]>;

export function createPasskeys(): Passkeys {
  return {
    registrationOptions: async ({ site, challenge, person, exclude }) => ({
      ...(await generateRegistrationOptions({
        rpName: RP_NAME,
        rpID: site.rpId,
        challenge: bytesOf(challenge),
        userID: Uint8Array.from(Buffer.from(person.id, "utf8")),
        userName: person.login,
        userDisplayName: person.displayName,
        timeout: TIMEOUT_MS,
        attestationType: "none",
        excludeCredentials: exclude.map(({ id, transports }) => ({ id, transports: [...transports] as Transports })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        supportedAlgorithmIDs: ALGORITHMS,
      })),
    }),
    assertionOptions: async ({ site, challenge, allow }) => ({
      ...(await generateAuthenticationOptions({
        rpID: site.rpId,
        challenge: bytesOf(challenge),
        timeout: TIMEOUT_MS,
        userVerification: "required",
        allowCredentials: allow.map(({ id, transports }) => ({ id, transports: [...transports] as Transports })),
      })),
    }),
    verifyRegistration,
    verifyAssertion,
  };
}

const verifyRegistration: Passkeys["verifyRegistration"] = async ({ site, challenge, response }) => {
  const fault = faultOf(response);
  if (fault !== undefined) return { kind: "refused", why: fault };
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as unknown as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return { kind: "refused", why: "the statement about the authenticator does not verify" };
    const { credential, credentialBackedUp } = registrationInfo;
    if (credential.id.length > MOST_ID || credential.id !== response["id"])
      return { kind: "refused", why: "the credential's id is not the one that was signed" };
    return {
      kind: "good",
      id: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString("base64url"),
      counter: credential.counter,
      transports: transportsOf(credential.transports),
      backedUp: credentialBackedUp,
    };
  } catch (error) {
    return { kind: "refused", why: whyOf(error) };
  }
};

const verifyAssertion: Passkeys["verifyAssertion"] = async ({ site, challenge, response, passkey, personId }) => {
  const fault = faultOf(response);
  if (fault !== undefined) return { kind: "refused", why: fault };
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as unknown as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      requireUserVerification: true,
      // The counter is judged below, after the signature: an unsigned one must not brand a passkey as a clone.
      credential: {
        id: passkey?.id ?? "",
        publicKey: Uint8Array.from(Buffer.from(passkey?.publicKey ?? NOBODY, "base64url")),
        counter: 0,
      },
    });
    if (!verified) return { kind: "refused", why: "the signature does not verify" };
    if (passkey === undefined || response["id"] !== passkey.id)
      return { kind: "refused", why: "the passkey is not known" };
    if (!isHandleOf(response, personId)) return { kind: "refused", why: "the user handle is another person's" };
    const { newCounter: counter, credentialBackedUp: backedUp } = authenticationInfo;
    const rises = (counter === 0 && passkey.counter === 0) || counter > passkey.counter;
    return rises ? { kind: "good", counter, backedUp } : { kind: "cloned", counter };
  } catch (error) {
    return { kind: "refused", why: whyOf(error) };
  }
};

/** What is wrong with an answer before anything of it is parsed further. */
function faultOf(response: Readonly<Record<string, unknown>>): string | undefined {
  if (JSON.stringify(response).length > MOST_BYTES) return "the answer is too large";
  const { response: inner } = response;
  if (typeof inner !== "object" || inner === null) return "the answer has no response in it";
  const { clientDataJSON } = inner as { readonly clientDataJSON?: unknown };
  if (typeof clientDataJSON !== "string") return "the answer has no client data in it";
  try {
    const client: unknown = JSON.parse(Buffer.from(clientDataJSON, "base64url").toString("utf8"));
    if (typeof client !== "object" || client === null) return "the client data is no object";
    const { crossOrigin, topOrigin } = client as { readonly crossOrigin?: unknown; readonly topOrigin?: unknown };
    if (crossOrigin === true || topOrigin !== undefined) return "the answer comes from a frame of another site";
    return undefined;
  } catch {
    return "the client data is not JSON";
  }
}

/** The user handle that we gave at registration; an authenticator may leave it out where it was told which passkeys to use. */
function isHandleOf(response: Readonly<Record<string, unknown>>, personId: string): boolean {
  const { userHandle } = response["response"] as { readonly userHandle?: unknown };
  if (userHandle === undefined || userHandle === null) return true;
  return typeof userHandle === "string" && Buffer.from(userHandle, "base64url").toString("utf8") === personId;
}

function transportsOf(given: readonly unknown[] | undefined): readonly string[] {
  const known = (given ?? []).filter((one): one is string => typeof one === "string" && TRANSPORT.test(one));
  return [...new Set(known)].slice(0, MOST_TRANSPORTS);
}

function bytesOf(challenge: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(challenge, "base64url"));
}

/** The library's refusals are exceptions; their text goes to the audit log alone, where it is shown as foreign text. */
function whyOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : "unreadable";
}
