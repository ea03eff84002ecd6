/**
 * A real OpenID provider for tests: the package `oidc-provider` over plain HTTP on loopback. Authorization code with PKCE
 * (required), refresh tokens for `offline_access` (which it grants only together with `prompt=consent`), userinfo, and the
 * scopes `openid email profile groups`. Its accounts are what a test says they are at this moment: whoever is gone or changed
 * is so at the next request. Consent is given without asking; signing in is a form with one field, which a browser fills in
 * (`#account`, Enter) and `signIn` walks through without one. What no honest provider says: test/support/lying-provider.ts.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import Provider, {
  type Account,
  type Adapter,
  type AdapterPayload,
  type Configuration,
  type InteractionResults,
} from "oidc-provider";

export interface ProviderAccount {
  /** What the person types; not a claim. */
  readonly account: string;
  readonly sub: string;
  readonly email?: string | undefined;
  readonly emailVerified?: boolean;
  readonly username?: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  /** How the person will have signed in, e.g. `["pwd", "otp"]` (RFC 8176). */
  readonly amr?: readonly string[];
  readonly acr?: string;
}

export interface ProviderClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface TestOidcProvider {
  /** `http://localhost:PORT`, without a slash at its end. */
  readonly issuer: string;
  /** A confidential client (`client_secret_basic`) that may return to just these addresses. */
  addClient(...redirectUris: readonly string[]): ProviderClient;
  addAccount(account: ProviderAccount): void;
  /** Takes effect in the next token or userinfo answer. A new `sub` makes a new person of the account. */
  changeAccount(account: string, change: Partial<Omit<ProviderAccount, "account">>): void;
  /** Its refresh tokens are worth nothing from now on. */
  removeAccount(account: string): void;
  /**
   * Goes from an authorization request to the address it comes back to, as a browser with no cookies would, and answers that
   * address (with `code`, `state`, `iss`; or with `error`) without going there. `null` presses "cancel".
   */
  signIn(authorizationUrl: string | URL, account: string | null): Promise<URL>;
  /** Requests so far, as `POST /token`. */
  readonly requests: readonly string[];
  /** Refuses connections and cuts those there are. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProviderOptions {
  /** Claims about the person only from userinfo, as the standard has it; otherwise in the ID token too, as most providers have it. */
  readonly leanIdTokens?: boolean;
  /** Seconds an ID token is good for; an hour otherwise. */
  readonly idTokenTtlS?: number;
}

type Shelf = Map<string, AdapterPayload>;

/** What the provider keeps, by kind; in memory, and never too old: no test lasts that long. */
function keepIn(shelves: Map<string, Shelf>): (kind: string) => Adapter {
  return (kind) => {
    const shelf: Shelf = shelves.get(kind) ?? new Map<string, AdapterPayload>();
    shelves.set(kind, shelf);
    return {
      upsert: async (id, payload) => void shelf.set(id, payload),
      find: async (id) => shelf.get(id),
      findByUid: async (uid) => [...shelf.values()].find((payload) => payload.uid === uid),
      findByUserCode: async () => undefined,
      consume: async (id) => void shelf.set(id, { ...shelf.get(id), consumed: Math.floor(Date.now() / 1000) }),
      destroy: async (id) => void shelf.delete(id),
      async revokeByGrantId(grantId) {
        for (const [id, payload] of shelf) if (payload.grantId === grantId) shelf.delete(id);
      },
    };
  };
}

function claimsOf(person: ProviderAccount): { readonly sub: string; readonly [claim: string]: unknown } {
  return {
    sub: person.sub,
    email: person.email,
    email_verified: person.email === undefined ? undefined : (person.emailVerified ?? true),
    preferred_username: person.username ?? person.account,
    name: person.name ?? person.account,
    groups: person.groups ?? [],
  };
}

function configuration(
  options: ProviderOptions,
  shelves: Map<string, Shelf>,
  find: (sub: string) => ProviderAccount | undefined,
): Configuration {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: "jwk" }), kty: "RSA", use: "sig", alg: "RS256", kid: "honest" };
  const hour = 3600;
  return {
    adapter: keepIn(shelves),
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    acrValues: ["urn:example:one-factor", "urn:example:two-factors"],
    claims: {
      openid: ["sub", "amr", "acr", "auth_time"],
      email: ["email", "email_verified"],
      profile: ["name", "preferred_username"],
      groups: ["groups"],
    },
    conformIdTokenClaims: options.leanIdTokens ?? false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    ttl: {
      AccessToken: hour,
      AuthorizationCode: 60,
      Grant: 24 * hour,
      IdToken: options.idTokenTtlS ?? hour,
      Interaction: hour,
      RefreshToken: 24 * hour,
      Session: 24 * hour,
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub): Account | undefined => {
      const person = find(sub);
      return person === undefined ? undefined : { accountId: sub, claims: () => claimsOf(person) };
    },
  };
}

const FORM = `<!doctype html><meta charset="utf-8"><title>The provider</title>
<form method="post"><label for="account">Account</label> <input id="account" name="account" autofocus>
<button id="sign-in">Sign in</button> <button id="cancel" name="cancel" value="1">Cancel</button></form>`;

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

/** Everything that was asked for is granted. */
async function consent(provider: Provider, interaction: Awaited<ReturnType<Provider["interactionDetails"]>>) {
  const { grantId, params, session } = interaction;
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = known ?? new provider.Grant({ accountId: session?.accountId, clientId: String(params["client_id"]) });
  grant.addOIDCScope(String(params["scope"]));
  return { consent: { grantId: await grant.save() } };
}

/** The one page of the provider's own: `GET` shows the form or consents, `POST` signs in or cancels. */
async function interact(
  provider: Provider,
  find: (account: string) => ProviderAccount | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response);
  const finish = (result: InteractionResults): Promise<void> => provider.interactionFinished(request, response, result);
  if (interaction.prompt.name === "consent") return finish(await consent(provider, interaction));
  const said = request.method === "POST" ? await bodyOf(request) : new URLSearchParams();
  if (said.has("cancel")) return finish({ error: "access_denied", error_description: "the person pressed cancel" });
  const person = find(said.get("account") ?? "");
  if (person === undefined) {
    const unknown = request.method === "POST";
    response.writeHead(unknown ? 403 : 200, { "content-type": "text/html" }).end(unknown ? `Nobody.${FORM}` : FORM);
    return;
  }
  const { sub, amr, acr } = person;
  const login = { accountId: sub, ...(amr && { amr: [...amr] }), ...(acr !== undefined && { acr }) };
  return finish({ login });
}

async function walk(issuer: string, from: URL, account: string | null): Promise<URL> {
  const cookies = new Map<string, string>();
  const go = async (url: URL, form?: URLSearchParams): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie },
      ...(form && { method: "POST", body: form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    return response;
  };
  let url = from;
  let response = await go(url);
  for (let steps = 0; steps < 10; steps += 1) {
    const next = response.headers.get("location");
    if (next === null && response.status === 200 && url.pathname.startsWith("/interaction/")) {
      response = await go(url, new URLSearchParams(account === null ? { cancel: "1" } : { account }));
      continue;
    }
    if (next === null) throw new Error(`the provider answered ${response.status}: ${await response.text()}`);
    url = new URL(next, url);
    if (url.origin !== new URL(issuer).origin) return url;
    response = await go(url);
  }
  throw new Error("the provider goes round in circles");
}

export async function startOidcProvider(options: ProviderOptions = {}): Promise<TestOidcProvider> {
  const accounts = new Map<string, ProviderAccount>();
  const shelves = new Map<string, Shelf>();
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const bySub = (sub: string): ProviderAccount | undefined => [...accounts.values()].find((one) => one.sub === sub);
  let serve: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
  let server: Server;
  const listen = async (port: number): Promise<number> => {
    server = createServer((request, response) => {
      requests.push(`${request.method ?? ""} ${(request.url ?? "").split("?")[0] ?? ""}`);
      serve(request, response);
    });
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  const goAway = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const port = await listen(0);
  const issuer = `http://localhost:${port}`;
  const provider = new Provider(issuer, configuration(options, shelves, bySub));
  const callback = provider.callback();
  serve = (request, response) => {
    if (request.url?.startsWith("/interaction/") !== true) return void callback(request, response);
    interact(provider, (account) => accounts.get(account), request, response).catch((problem: unknown) => {
      response.writeHead(500).end(String(problem));
    });
  };
  return {
    issuer,
    requests,
    addClient(...redirectUris) {
      const [clientId, clientSecret] = [`client-${randomBytes(4).toString("hex")}`, randomBytes(24).toString("hex")];
      const payload = {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [...redirectUris],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      };
      const clients: Shelf = shelves.get("Client") ?? new Map<string, AdapterPayload>();
      shelves.set("Client", clients.set(clientId, payload as AdapterPayload));
      return { clientId, clientSecret };
    },
    addAccount: (account) => void accounts.set(account.account, account),
    changeAccount(name, change) {
      const account = accounts.get(name);
      if (account === undefined) throw new Error(`no account is called ${name}`);
      accounts.set(name, { ...account, ...change });
    },
    removeAccount: (account) => void accounts.delete(account),
    signIn: (authorizationUrl, account) => walk(issuer, new URL(authorizationUrl), account),
    goAway,
    async comeBack() {
      await listen(port);
    },
    stop: goAway,
  };
}
