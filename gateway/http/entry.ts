/**
 * What every request of the API passes before its route: our own page's mark, then who it is, then whether the route is
 * for him. Runs before the body is read, so that a stranger's megabytes are not.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { mayEnter } from "./access.js";
import { UNATTENDED_HEADER } from "./contract/index.js";
import type { Origins } from "./origins.js";
import { Refusal } from "./refusals.js";
import type { RouteDeps } from "./route.js";
import type { Turnstile } from "./turnstile.js";

const SAFE_METHODS = new Set(["GET", "HEAD"]);

/** fastify's `onRequest` hook for the API. */
export function createEntry(
  deps: Pick<RouteDeps, "broker" | "cookie" | "addresses"> & {
    readonly origins: Origins;
    readonly turnstile: Turnstile;
  },
) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    void reply.header("cache-control", "no-store");
    if (!deps.origins.admitsRequest(request.raw)) throw new Refusal("cross-site");
    const { access, openWhenOverdue } = request.routeOptions.config;
    if (access === "public") return;
    if (access === undefined) throw new Refusal("forbidden");
    const cookie = deps.cookie.of(request.raw);
    if (cookie === undefined) throw new Refusal("unauthenticated");
    const quietly = SAFE_METHODS.has(request.method) && request.headers[UNATTENDED_HEADER] !== undefined;
    const resumed = await deps.broker.identity.resume(cookie, deps.addresses.of(request.raw), { quietly });
    if (!resumed.ok) throw new Refusal(resumed.code, resumed.retryAfterMs);
    const passage = deps.turnstile.enter(resumed.value.personId, !SAFE_METHODS.has(request.method));
    if (!passage.ok) throw new Refusal("too-many-tries", passage.retryAfterMs);
    // Also when the asker goes away before there is an answer.
    reply.raw.once("close", passage.leave);
    if (resumed.value.mustChangePassword === true && openWhenOverdue !== true) throw new Refusal("password-expired");
    if (!mayEnter(access, resumed.value)) throw new Refusal("forbidden");
    request.actor = resumed.value;
  };
}
