/**
 * For those who run it: alive, ready, measured. `/healthz` and `/readyz` say nothing about anybody and are open; `/metrics`
 * answers to this machine itself, or to a signed-in system administrator.
 */
import type { FastifyInstance } from "fastify";
import { Counter, Histogram, type Registry } from "prom-client";
import { mayEnter } from "./access.js";
import { sendProblem } from "./refusals.js";
import type { RouteDeps } from "./route.js";

export interface Readiness {
  readonly ok: boolean;
  /** One word each: `database`, `recordings`, …; whether it works now. */
  readonly checks: Readonly<Record<string, boolean>>;
}

type Deps = Pick<RouteDeps, "broker" | "cookie" | "addresses" | "log"> & {
  readonly metrics: Registry;
  readonly ready: () => Promise<Readiness>;
};

export function registerOperations(app: FastifyInstance, deps: Deps): void {
  const open = { config: { access: "public", rateLimit: false }, schema: { hide: true } } as const;
  app.get("/healthz", open, () => ({ ok: true }));
  app.get("/readyz", open, async (_request, reply) => {
    const readiness = await deps.ready().catch((error: unknown): Readiness => {
      deps.log("error", "readiness could not be asked", { error: String(error) });
      return { ok: false, checks: {} };
    });
    return reply
      .code(readiness.ok ? 200 : 503)
      .header("cache-control", "no-store")
      .send(readiness);
  });
  app.get("/metrics", { config: { access: "public" }, schema: { hide: true } }, async (request, reply) => {
    if (!deps.addresses.isLocal(request.raw)) {
      const cookie = deps.cookie.of(request.raw);
      const resumed =
        cookie === undefined ? undefined : await deps.broker.identity.resume(cookie, deps.addresses.of(request.raw));
      if (resumed?.ok !== true) return sendProblem(request, reply, "unauthenticated");
      if (!mayEnter({ powers: ["system"] }, resumed.value)) return sendProblem(request, reply, "forbidden");
    }
    return reply
      .type(deps.metrics.contentType)
      .header("cache-control", "no-store")
      .send(await deps.metrics.metrics());
  });
}

/** Counts and times every request by its route's pattern, never by its path. */
export function measureRequests(app: FastifyInstance, metrics: Registry): void {
  const labelNames = ["method", "route", "status"] as const;
  const requests = new Counter({
    name: "gatehouse_http_requests_total",
    help: "HTTP requests answered",
    labelNames,
    registers: [metrics],
  });
  const seconds = new Histogram({
    name: "gatehouse_http_request_seconds",
    help: "Time to answer an HTTP request",
    labelNames: ["route"],
    buckets: [0.005, 0.02, 0.05, 0.15, 0.5, 1, 5],
    registers: [metrics],
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown";
    requests.inc({ method: request.method, route, status: String(reply.statusCode) });
    seconds.observe({ route }, reply.elapsedTime / 1000);
  });
}
