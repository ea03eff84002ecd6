/**
 * For those who run it: alive, ready, measured. `/healthz` and `/readyz` say nothing about anybody and are open; `/metrics`
 * answers to this machine itself, or to a signed-in system administrator.
 */
import type { FastifyInstance } from "fastify";
import { Counter, Histogram, Registry } from "prom-client";
import { mayEnter } from "./access.js";
import { sendProblem } from "./refusals.js";
import type { RouteDeps } from "./route.js";

/** The figures of the rest of the gateway, in Prometheus' text form. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

type Deps = Pick<RouteDeps, "broker" | "cookie" | "addresses" | "log"> & {
  readonly metrics: Metrics;
  /** Whether sessions could open now. */
  readonly ready: () => Promise<boolean>;
};

export function registerOperations(app: FastifyInstance, deps: Deps): void {
  const own = measureRequests(app);
  const open = { config: { access: "public", rateLimit: false }, schema: { hide: true } } as const;
  app.get("/healthz", open, () => ({ ok: true }));
  app.get("/readyz", open, async (_request, reply) => {
    const ok = await deps.ready().catch((error: unknown) => {
      deps.log("error", "readiness could not be asked", { error: String(error) });
      return false;
    });
    return reply
      .code(ok ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ ok });
  });
  app.get("/metrics", { config: { access: "public" }, schema: { hide: true } }, async (request, reply) => {
    if (!deps.addresses.isLocal(request.raw)) {
      const cookie = deps.cookie.of(request.raw);
      const resumed =
        cookie === undefined ? undefined : await deps.broker.identity.resume(cookie, deps.addresses.of(request.raw));
      if (resumed?.ok !== true) return sendProblem(request, reply, "unauthenticated");
      if (resumed.value.mustChangePassword === true) return sendProblem(request, reply, "password-expired");
      if (!mayEnter({ powers: ["system"] }, resumed.value)) return sendProblem(request, reply, "forbidden");
    }
    const figures = `${await deps.metrics.text()}\n${await own.metrics()}`;
    return reply.type(deps.metrics.contentType).header("cache-control", "no-store").send(figures);
  });
}

/** Counts and times every request by its route's pattern, never by its path. */
function measureRequests(app: FastifyInstance): Registry {
  const metrics = new Registry();
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
  return metrics;
}
