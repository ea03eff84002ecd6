/**
 * The HTTP door: assembles listener, headers, limits, API, page and upgrades. It knows no rule of access beyond each
 * route's declaration; the broker decides.
 */
import fastifyCookie from "@fastify/cookie";
import fastifyHelmet from "@fastify/helmet";
import fastifyRateLimit from "@fastify/rate-limit";
import fastifySwagger from "@fastify/swagger";
import { fastify, type FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { randomUUID } from "node:crypto";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Broker } from "../broker/index.js";
import { GatehouseError, type Clock } from "../domain/index.js";
import { collectRoutes, type DeclaredRoute } from "./access.js";
import { createAddresses, isLoopbackAddress, rateKey } from "./addresses.js";
import { API_PREFIX, BODY_LIMIT_BYTES, SCIM_PREFIX } from "./contract/index.js";
import { capConnections } from "./connection-caps.js";
import { createEntry } from "./entry.js";
import { openapiOptions } from "./openapi.js";
import { registerOperations, type Metrics } from "./operations.js";
import { createOrigins, type Origins } from "./origins.js";
import { servePage } from "./page-files.js";
import { createErrorHandler, Refusal, sendProblem, type Log } from "./refusals.js";
import type { RouteDeps } from "./route.js";
import { registerAccounts } from "./routes/accounts.js";
import { registerAssets } from "./routes/assets.js";
import { registerAlerts, registerAudit } from "./routes/audit.js";
import { registerAuth } from "./routes/auth.js";
import { registerBreakGlass } from "./routes/break-glass.js";
import { registerDeclarations } from "./routes/declarations.js";
import { registerDirectories } from "./routes/directory.js";
import { registerEntitlements } from "./routes/entitlements.js";
import { registerEvidence } from "./routes/evidence.js";
import { registerPageSessions, registerPasskeys } from "./routes/factors.js";
import { registerMe } from "./routes/me.js";
import { registerPeopleFiles } from "./routes/people-files.js";
import { registerPeople } from "./routes/people.js";
import { registerPolicy } from "./routes/policy.js";
import { registerProposals } from "./routes/proposals.js";
import { registerExports, registerInputOpenings, registerRecordings } from "./routes/recordings.js";
import { registerContracts, registerUnits, registerVendors } from "./routes/registry.js";
import { registerGrants, registerRequests } from "./routes/requests.js";
import { registerReviews } from "./routes/reviews.js";
import { registerScim } from "./routes/scim.js";
import { registerSessions } from "./routes/sessions.js";
import { registerTerminals } from "./routes/terminals.js";
import { registerTickets } from "./routes/tickets.js";
import { PERMISSIONS, securityHeaders } from "./security-headers.js";
import { createSessionCookie } from "./session-cookie.js";
import { createTethers } from "./tethers.js";
import { createTurnstile } from "./turnstile.js";
import { dispatchUpgrades, type UpgradeHandler } from "./upgrade.js";

export interface HttpConfig {
  readonly listen: { readonly host: string; readonly port: number };
  /** PEM texts. Absent: plain HTTP, on loopback or behind a named proxy only. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Addresses or CIDR blocks whose forwarding headers are believed. */
  readonly trustedProxy: readonly string[];
  /** What people type into the browser. */
  readonly publicUrl: string;
  /** What operators give to their SSH client. */
  readonly sshPublic: { readonly host: string; readonly port: number };
  /** Marks every answer with `x-gatehouse-demo`, so that nothing takes a demo for the real thing. */
  readonly demo: boolean;
  readonly version?: string;
  /** Requests from one address a minute: in all, and to each route that checks a secret. */
  readonly requestsPerMinute?: number;
  readonly triesPerMinute?: number;
}

export interface HttpDeps {
  readonly broker: Broker;
  readonly config: HttpConfig;
  /** The built page (`dist/web`). */
  readonly staticFolder: string;
  readonly metrics: Metrics;
  /** Whether sessions could open now; a rejection counts as no. */
  ready(): Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HttpDoor {
  /** Resolves when routes and page are assembled; `listen` waits for it too. */
  ready(): Promise<void>;
  listen(): Promise<{ readonly port: number }>;
  /** Ends downloads and upgraded sockets, then closes. */
  close(): Promise<void>;
  readonly server: http.Server;
  /** Gives the sockets upgraded at exactly `path` to `handler`, after origin and cookie were checked. */
  registerUpgrade(path: string, handler: UpgradeHandler): void;
  /** The API's description; after `ready`. */
  openapi(): unknown;
  /** Every route and who may use it; after `ready`. */
  readonly routes: readonly DeclaredRoute[];
  /** For tests: injected requests. */
  readonly app: FastifyInstance;
}

const REQUESTS_PER_MINUTE = 1_200;
const TRIES_PER_MINUTE = 60;

function isSecure(config: HttpConfig): boolean {
  return config.tls !== undefined || config.publicUrl.startsWith("https:");
}

function refuseOpenPlain(config: HttpConfig): void {
  const { host } = config.listen;
  const isLoopback = host === "localhost" || isLoopbackAddress(host);
  if (!isLoopback && config.tls === undefined && config.trustedProxy.length === 0) {
    throw new GatehouseError("invalid-input", "plain http is served on loopback or behind a named proxy only");
  }
}

function createFastify(config: HttpConfig): FastifyInstance {
  const { tls } = config;
  const limits = { maxHeaderSize: 16_384, requestTimeout: 60_000, headersTimeout: 15_000, keepAliveTimeout: 30_000 };
  return fastify({
    serverFactory: (handler) =>
      tls === undefined
        ? http.createServer(limits, handler)
        : (https.createServer(
            { ...limits, cert: tls.cert, key: tls.key, minVersion: "TLSv1.2" },
            handler,
          ) as unknown as http.Server),
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    onProtoPoisoning: "error",
    onConstructorPoisoning: "error",
    // A passkey's id has 1,023 bytes at most; each route bounds its own.
    routerOptions: { maxParamLength: 1400 },
    frameworkErrors: (_error, request, reply) => {
      void sendProblem(request, reply, "invalid-input");
    },
  });
}

/** An empty body is no body; anything else must be JSON. */
function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined);
    else void parse(request, body as string, done);
  });
}

function registerApi(api: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  registerAuth(api, deps, triesPerMinute);
  registerMe(api, deps, triesPerMinute);
  registerDirectories(api, deps, triesPerMinute);
  registerPasskeys(api, deps, triesPerMinute);
  registerPageSessions(api, deps);
  registerPeople(api, deps);
  registerProposals(api, deps, triesPerMinute);
  registerBreakGlass(api, deps);
  registerPolicy(api, deps);
  registerUnits(api, deps);
  registerVendors(api, deps);
  registerContracts(api, deps);
  registerPeopleFiles(api, deps);
  registerDeclarations(api, deps);
  registerReviews(api, deps);
  registerAssets(api, deps);
  registerAccounts(api, deps);
  registerEntitlements(api, deps);
  registerRequests(api, deps);
  registerGrants(api, deps);
  registerSessions(api, deps);
  registerTerminals(api, deps, triesPerMinute);
  registerTickets(api, deps);
  registerRecordings(api, deps);
  registerExports(api, deps);
  registerInputOpenings(api, deps);
  registerAudit(api, deps);
  registerAlerts(api, deps);
  registerEvidence(api, deps);
  api.get("/openapi.json", { config: { access: "public" }, schema: { hide: true } }, () => api.swagger());
}

/** Everything that answers requests, in the order in which a request meets it. */
async function assemble(
  app: FastifyInstance,
  deps: HttpDeps,
  {
    routeDeps,
    origins,
    routes,
  }: { readonly routeDeps: RouteDeps; readonly origins: Origins; readonly routes: DeclaredRoute[] },
): Promise<void> {
  const { config } = deps;
  const { addresses, cookie } = routeDeps;
  const plainOnlyNear = config.tls === undefined;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(createErrorHandler(deps.log));
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, "not-found"));
  app.addHook("onRoute", collectRoutes(routes));
  app.decorateRequest("actor", null);
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("permissions-policy", PERMISSIONS);
    if (config.demo) void reply.header("x-gatehouse-demo", "1");
    const isProbe = request.url === "/healthz" || request.url === "/readyz";
    if (plainOnlyNear && !isProbe && !addresses.isNear(request.raw)) throw new Refusal("forbidden");
  });
  acceptJsonOnly(app);
  await app.register(fastifyCookie, { hook: false });
  await app.register(fastifyHelmet, securityHeaders(isSecure(config)));
  const silent = { "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false };
  await app.register(fastifyRateLimit, {
    max: config.requestsPerMinute ?? REQUESTS_PER_MINUTE,
    timeWindow: 60_000,
    cache: 20_000,
    keyGenerator: (request) => rateKey(addresses.of(request.raw)),
    addHeaders: silent,
    addHeadersOnExceeding: silent,
    errorResponseBuilder: (_request, context) => new Refusal("too-many-tries", context.ttl),
  });
  await app.register(fastifySwagger, openapiOptions(cookie, config.version ?? "0"));
  registerOperations(app, { ...routeDeps, metrics: deps.metrics, ready: () => deps.ready() });
  await app.register(
    (api, _options, done) => {
      api.addHook("onRequest", createEntry({ ...routeDeps, origins, turnstile: createTurnstile(deps.clock) }));
      registerApi(api, routeDeps, config.triesPerMinute ?? TRIES_PER_MINUTE);
      done();
    },
    { prefix: API_PREFIX },
  );
  await app.register(
    (scim, _options, done) => {
      registerScim(scim, { ...routeDeps, publicUrl: config.publicUrl });
      done();
    },
    { prefix: SCIM_PREFIX },
  );
  await servePage(app, deps.staticFolder);
  await app.ready();
}

/** Builds the door; nothing listens before `listen`. Throws when plain HTTP would be open to others. */
export function createHttp(deps: HttpDeps): HttpDoor {
  const { config, broker, clock, log } = deps;
  refuseOpenPlain(config);
  const app = createFastify(config);
  let { port } = config.listen;
  const addresses = createAddresses(config.trustedProxy);
  const origins = createOrigins(config.publicUrl, () => ({
    host: config.listen.host,
    port,
    tls: config.tls !== undefined,
  }));
  const cookie = createSessionCookie(isSecure(config));
  const tethers = createTethers();
  const plainOnlyNear = config.tls === undefined;
  capConnections(app.server, (address) => addresses.isProxy(address));
  const routes: DeclaredRoute[] = [];
  const routeDeps = { broker, clock, log, addresses, cookie, tethers, sshPublic: config.sshPublic };
  const assembled = assemble(app, deps, { routeDeps, origins, routes });
  // Whoever awaits `ready` or `listen` meets the error; until then it is nobody's.
  assembled.catch(() => undefined);

  return {
    app,
    routes,
    server: app.server,
    ready: () => assembled,
    registerUpgrade: dispatchUpgrades(app.server, {
      broker,
      clock,
      cookie,
      addresses,
      origins,
      tethers,
      log,
      plainOnlyNear,
    }),
    openapi: () => app.swagger(),
    async listen() {
      await assembled;
      await app.listen({ host: config.listen.host, port: config.listen.port });
      port = (app.server.address() as AddressInfo).port;
      return { port };
    },
    async close() {
      tethers.cutAll();
      await assembled;
      await app.close();
    },
  };
}
