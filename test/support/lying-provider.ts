/**
 * An OpenID provider that lies on request: discovery, keys, authorization, token and userinfo by hand, over plain HTTP on
 * loopback. Everyone who comes to `/auth` is sent straight back with a code, and the code's ID token is true but for the lies
 * that stand at that moment. It keeps what it was asked, and says whether PKCE was used as it should be.
 */
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Lies {
  /** `iss` of the ID token. */
  readonly issuer?: string;
  /** `issuer` of the discovery document. */
  readonly discoveredIssuer?: string;
  /** `iss` beside the code (RFC 9207): a mix-up. */
  readonly answeredIssuer?: string;
  readonly audience?: string | readonly string[];
  /** Another nonce than the one that was sent, or none. */
  readonly nonce?: string | null;
  /** Another state than the one that was sent, or none. */
  readonly state?: string | null;
  /**
   * `other-key`: a key that is not published, under the published key's id. `flipped`: one bit of the signature. `none`: `alg: none`
   * and no signature. `public-as-secret`: HS256 with the published key's PEM. `client-secret`: HS256 with the client's secret.
   */
  readonly signature?: "other-key" | "flipped" | "none" | "public-as-secret" | "client-secret";
  /** Seconds from now; negative: expired. */
  readonly expiresInS?: number;
  readonly issuedInS?: number;
  /** Claims instead of or beside the true ones, in the ID token; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The same for userinfo, e.g. another `sub` than the ID token's. */
  readonly userinfo?: Readonly<Record<string, unknown>>;
  /** The whole body of the token endpoint's answer, with status 200. */
  readonly tokenBody?: string;
  /** The token endpoint takes the request and never answers. */
  readonly hang?: boolean;
}

export interface LyingProvider {
  /** `http://localhost:PORT` */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The person everyone is: `sub`, `email`, `groups` and so on. */
  be(claims: Readonly<Record<string, unknown>>): void;
  /** From now on lies just so; `{}` is honest. */
  lie(lies: Lies): void;
  /** What authorization requests asked, oldest first. */
  readonly asked: readonly URLSearchParams[];
  /** What the token endpoint was asked, and whether the verifier belongs to the challenge (S256). */
  readonly redeemed: readonly { readonly form: URLSearchParams; readonly pkce: boolean }[];
  stop(): Promise<void>;
}

interface Code {
  readonly nonce: string | null;
  readonly challenge: string | null;
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

interface Keys {
  readonly published: KeyObject;
  readonly publicKey: KeyObject;
  readonly other: KeyObject;
  readonly clientSecret: string;
}

/** A JWS in compact form (RFC 7515), signed as the lie wants it. */
function token(claims: object, keys: Keys, how: Lies["signature"]): string {
  const alg = how === "none" ? "none" : how === "public-as-secret" || how === "client-secret" ? "HS256" : "RS256";
  const signed = `${base64url({ alg, kid: "published", typ: "JWT" })}.${base64url(claims)}`;
  const mac = (secret: string): Buffer => createHmac("sha256", secret).update(signed).digest();
  const rsa = (key: KeyObject): Buffer => sign("sha256", Buffer.from(signed), key);
  const signature = ((): Buffer => {
    switch (how) {
      case undefined:
        return rsa(keys.published);
      case "other-key":
        return rsa(keys.other);
      case "flipped": {
        const bytes = rsa(keys.published);
        bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
        return bytes;
      }
      case "none":
        return Buffer.alloc(0);
      case "public-as-secret":
        return mac(keys.publicKey.export({ type: "spki", format: "pem" }).toString());
      case "client-secret":
        return mac(keys.clientSecret);
    }
  })();
  return `${signed}.${signature.toString("base64url")}`;
}

function idToken(issuer: string, clientId: string, nonce: string | null, person: object, lies: Lies): object {
  const now = Math.floor(Date.now() / 1000);
  const said = lies.nonce === undefined ? nonce : lies.nonce;
  return {
    iss: lies.issuer ?? issuer,
    aud: lies.audience ?? clientId,
    iat: now + (lies.issuedInS ?? 0),
    exp: now + (lies.expiresInS ?? 300),
    auth_time: now,
    ...(said !== null && { nonce: said }),
    ...person,
    ...lies.claims,
  };
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function answer(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

export async function startLyingProvider(): Promise<LyingProvider> {
  const clientId = "gate";
  const clientSecret = randomBytes(24).toString("hex");
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const keys: Keys = { published: pair.privateKey, publicKey: pair.publicKey, other, clientSecret };
  const codes = new Map<string, Code>();
  const asked: URLSearchParams[] = [];
  const redeemed: { form: URLSearchParams; pkce: boolean }[] = [];
  let lies: Lies = {};
  let person: Readonly<Record<string, unknown>> = { sub: "somebody" };
  let issuer = "";

  const authorize = (question: URLSearchParams, response: ServerResponse): void => {
    asked.push(question);
    const code = randomBytes(12).toString("hex");
    codes.set(code, { nonce: question.get("nonce"), challenge: question.get("code_challenge") });
    const back = new URL(question.get("redirect_uri") ?? "");
    back.searchParams.set("code", code);
    back.searchParams.set("iss", lies.answeredIssuer ?? issuer);
    const state = lies.state === undefined ? question.get("state") : lies.state;
    if (state !== null) back.searchParams.set("state", state);
    response.writeHead(302, { location: back.href }).end();
  };
  const redeem = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = await formOf(request);
    const code = codes.get(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    redeemed.push({ form, pkce: code?.challenge === challenge });
    if (lies.hang === true) return;
    const claims = idToken(issuer, clientId, code?.nonce ?? null, person, lies);
    const id = token(claims, keys, lies.signature);
    answer(
      response,
      lies.tokenBody ?? {
        access_token: "access",
        token_type: "Bearer",
        expires_in: 300,
        refresh_token: "refresh",
        id_token: id,
      },
    );
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", issuer);
    if (url.pathname === "/auth") return authorize(url.searchParams, response);
    if (url.pathname === "/token") return void redeem(request, response);
    if (url.pathname === "/me") return answer(response, { ...person, ...lies.userinfo });
    if (url.pathname === "/jwks") {
      const key = { ...pair.publicKey.export({ format: "jwk" }), kid: "published", use: "sig", alg: "RS256" };
      return answer(response, { keys: [key] });
    }
    if (url.pathname !== "/.well-known/openid-configuration") return void response.writeHead(404).end();
    answer(response, {
      issuer: lies.discoveredIssuer ?? issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/me`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    clientId,
    clientSecret,
    be: (claims) => void (person = claims),
    lie: (told) => void (lies = told),
    asked,
    redeemed,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
