/**
 * OpenID Connect over `openid-client`: authorization code with PKCE (S256), state and nonce. The library checks issuer
 * (also RFC 9207's), audience, times, nonce and state; the ID token's signature is checked too, although the standard would let
 * TLS stand for it. The provider's description is fetched when first needed and again every hour; a provider that does not
 * answer within five seconds, or with more than 1 MiB, counts as away. Plain HTTP is spoken to loopback alone.
 */
import {
  AuthorizationResponseError,
  ClientError,
  ClientSecretBasic,
  None,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  refreshTokenGrant,
  skipSubjectCheck,
  type Configuration,
} from "openid-client";
import { GatehouseError, type Clock, type DirectoryCheck, type OidcPort } from "../domain/index.js";
import { boundedFetch } from "./bounded-fetch.js";
import { personOf, type ClaimRules } from "./claims.js";
import { isLoopback } from "./loopback.js";

export interface OidcConfig extends ClaimRules {
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client. */
  readonly clientSecret: string | undefined;
}

interface Kept {
  readonly redirectUri: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

const TIMEOUT_S = 5;
const DISCOVER_AGAIN_MS = 3_600_000;
/** `offline_access` and the consent it wants: without a refresh token nobody can be asked after. */
const SCOPE = "openid profile email offline_access";
/** A session at the provider that is older has to be made anew; asking has it say when it was made, `auth_time` (Core §3.1.2.1). */
const LONGEST_SESSION_S = 12 * 3600;
const LONGEST_CALLBACK = 16_384;

/** Throws `invalid-input` for an issuer in the clear that is not on loopback. */
export function createOidc(config: OidcConfig, clock: Pick<Clock, "monotonicUs">): OidcPort {
  const issuer = new URL(config.issuer);
  const plain = issuer.protocol === "http:";
  if (plain && !isLoopback(issuer.hostname))
    throw new GatehouseError("invalid-input", "an openid provider is spoken to over https, but for loopback");
  const provider = keepDiscovered(config, issuer, plain, clock);
  return {
    name: config.name,
    issuer: config.issuer,
    async begin({ redirectUri }) {
      const [verifier, state, nonce] = [randomPKCECodeVerifier(), randomState(), randomNonce()];
      const found = await provider().catch((cause: unknown): never => {
        throw new GatehouseError("directory-unavailable", "the openid provider does not answer", cause);
      });
      const url = buildAuthorizationUrl(found, {
        redirect_uri: redirectUri,
        scope: withGroups(config),
        prompt: "consent",
        max_age: String(LONGEST_SESSION_S),
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      const kept: Kept = { redirectUri, verifier, state, nonce };
      return { url: url.href, kept: JSON.stringify(kept) };
    },
    complete: (input) => complete(config, provider, input),
    check: (refreshToken) => check(config, provider, refreshToken),
  };
}

function withGroups(config: OidcConfig): string {
  return config.groupsClaim === "groups" ? `${SCOPE} groups` : SCOPE;
}

/** The provider's description, fetched once for all who wait for it; a failure is not kept. */
function keepDiscovered(
  config: OidcConfig,
  issuer: URL,
  plain: boolean,
  clock: Pick<Clock, "monotonicUs">,
): () => Promise<Configuration> {
  let held: { readonly found: Promise<Configuration>; readonly atUs: number } | undefined;
  const { clientId, clientSecret } = config;
  const discover = (): Promise<Configuration> =>
    discovery(issuer, clientId, undefined, clientSecret === undefined ? None() : ClientSecretBasic(clientSecret), {
      timeout: TIMEOUT_S,
      [customFetch]: boundedFetch,
      execute: [enableNonRepudiationChecks, ...(plain ? [allowInsecureRequests] : [])],
    });
  return () => {
    const nowUs = clock.monotonicUs();
    if (held === undefined || nowUs - held.atUs > DISCOVER_AGAIN_MS * 1000) {
      const found = discover();
      const mine = { found, atUs: nowUs };
      held = mine;
      found.catch(() => {
        if (held === mine) held = undefined;
      });
    }
    return held.found;
  };
}

async function complete(
  config: OidcConfig,
  provider: () => Promise<Configuration>,
  { callbackUrl, kept }: { readonly callbackUrl: string; readonly kept: string },
): ReturnType<OidcPort["complete"]> {
  const { redirectUri, verifier, state, nonce } = JSON.parse(kept) as Kept;
  if (callbackUrl.length > LONGEST_CALLBACK) return { ok: false, why: "the answer is too long" };
  const url = new URL(redirectUri);
  // Only the answer is taken from what came in; where it came to is ours to say.
  url.search = new URL(callbackUrl).search;
  try {
    const found = await provider();
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    const tokens = await authorizationCodeGrant(found, url, checks);
    const idToken = tokens.claims();
    if (idToken === undefined) return { ok: false, why: "there is no id token" };
    const userinfo = await fetchUserInfo(found, tokens.access_token, idToken.sub);
    const person = personOf(idToken, userinfo, config);
    if (person === undefined) return { ok: false, why: "the subject is not of a form that is taken" };
    return { ok: true, person, refreshToken: tokens.refresh_token ?? null };
  } catch (error) {
    return { ok: false, why: whyOf(error) };
  }
}

/**
 * A refresh and a look at userinfo. The subject is for the caller to compare. A refresh token that was exchanged is handed
 * out even when userinfo fails: the old one is worth nothing any more.
 */
async function check(
  config: OidcConfig,
  provider: () => Promise<Configuration>,
  refreshToken: string,
): Promise<DirectoryCheck> {
  let rotated: { readonly sealed?: string } = {};
  try {
    const found = await provider();
    const tokens = await refreshTokenGrant(found, refreshToken);
    if (tokens.refresh_token !== undefined) rotated = { sealed: tokens.refresh_token };
    const idToken = tokens.claims();
    const userinfo = await fetchUserInfo(found, tokens.access_token, idToken?.sub ?? skipSubjectCheck);
    const person = personOf(idToken ?? userinfo, userinfo, config);
    if (person === undefined) return { state: "gone", why: "the subject is not of a form that is taken" };
    return { state: "stands", person, ...rotated };
  } catch (error) {
    const state = saysGone(error, rotated.sealed !== undefined) ? "gone" : "unreachable";
    return state === "gone" ? { state, why: whyOf(error) } : { state, why: whyOf(error), ...rotated };
  }
}

/** Only what says so of this person; a wrong client secret, a broken answer or silence says nothing of him. */
function saysGone(error: unknown, refreshed: boolean): boolean {
  if (error instanceof ResponseBodyError) return error.error === "invalid_grant";
  if (error instanceof WWWAuthenticateChallengeError) return refreshed && error.status === 401;
  return error instanceof ClientError && error.code === "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED";
}

/** For the log: what the library says is wrong, and the provider's own code. Neither token nor claim. */
function whyOf(error: unknown): string {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    return `the provider answered ${error.error}`.slice(0, 200);
  }
  const code = error instanceof ClientError && error.code !== undefined ? ` (${error.code})` : "";
  return `${error instanceof Error ? error.message : "something failed"}${code}`.slice(0, 200);
}
