/** Signing in by a directory, links between people and entries upstream, and tokens of SCIM clients. */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";
import { createSessionCookie } from "../session-cookie.js";
import { admit, visitorOf } from "./auth.js";

const JOURNEY_MS = 10 * 60_000;

export function registerDirectories(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  registerSigningIn(app, deps, triesPerMinute);
  registerLinks(app, deps);
  registerScimTokens(app, deps);
}

function registerSigningIn(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  const { directories } = deps.broker;
  const shared = { tag: "auth", access: "public", triesPerMinute } as const;
  // Comes back only with requests of our own page: another browser cannot be made to finish this one's journey.
  const journey = createSessionCookie(deps.cookie.name.startsWith("__Host-"), "gatehouse-oidc");

  route(app, {
    method: "GET",
    url: "/auth/directories",
    tag: "auth",
    access: "public",
    summary: "Which directories one may sign in by",
    answer: contract.directoryOffers,
    run: () => Promise.resolve(done(directories.offers())),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/oidc/start",
    summary: "Where to send the browser to sign in at the provider",
    answer: contract.oidcStart,
    async run({ request, reply }) {
      const begun = await directories.beginOidc({ sourceAddress: deps.addresses.of(request.raw) });
      if (begun.ok) journey.set(reply, begun.value.handle, JOURNEY_MS);
      return begun;
    },
  });
  route(app, {
    ...shared,
    access: "signed-in",
    tag: "me",
    method: "POST",
    url: "/me/directory-link/start",
    summary: "Where to send the browser to link my account at the provider",
    answer: contract.oidcStart,
    async run({ actor, request, reply }) {
      const begun = await directories.beginOidc({ sourceAddress: deps.addresses.of(request.raw), actor });
      if (begun.ok) journey.set(reply, begun.value.handle, JOURNEY_MS);
      return begun;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/oidc/callback",
    summary: "What the provider sent the browser back with",
    body: contract.oidcCallbackBody,
    answer: contract.oidcCallbackAnswer,
    async run({ body, request, reply }) {
      const handle = journey.of(request.raw) ?? "";
      journey.set(reply, "", 0);
      const callbackUrl = `http://localhost${contract.OIDC_RETURN_PATH}?${body.query.replace(/^\?/, "")}`;
      const came = await directories.completeOidc({ ...visitorOf(deps, request), handle, callbackUrl });
      if (!came.ok) return came;
      const { value } = came;
      if (value.kind === "half") return done({ kind: "half", ...value.half });
      if (value.kind !== "signed-in") return done(value);
      return done({ kind: "signed-in", ...admit(deps, request, reply, value.signIn) });
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/oidc/second-factor",
    summary: "The second factor after the provider's word",
    body: contract.oidcFactorBody,
    answer: contract.signInAnswer,
    async run({ body, request, reply }) {
      const came = await directories.finishOidc({ ...visitorOf(deps, request), ...body });
      return came.ok ? done(admit(deps, request, reply, came.value)) : came;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/auth/ldap/enrolment",
    summary: "A first sign-in with the directory's password",
    body: contract.ldapEnrolmentBody,
    answer: contract.enrolmentTokenAnswer,
    status: 201,
    run: ({ body, request }) => directories.enrolByLdap({ ...body, sourceAddress: deps.addresses.of(request.raw) }),
  });
}

function registerLinks(app: FastifyInstance, deps: RouteDeps): void {
  const { directories } = deps.broker;
  const shared = { tag: "directory", access: { powers: ["security"] } } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/people/:id/directory-links",
    access: "signed-in",
    summary: "Which entries upstream are this person's",
    params: contract.idParams,
    answer: contract.directoryLinkListing,
    async run({ actor, params }) {
      const links = await directories.links(actor, asId(params.id));
      return links.ok ? done({ items: links.value, next: null }) : links;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/people/:id/directory-links",
    summary: "Link a person to an entry upstream",
    params: contract.idParams,
    body: contract.directoryLinkBody,
    answer: contract.directoryLink,
    status: 201,
    run: ({ actor, params, body }) => directories.link(actor, asId(params.id), body),
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/directory/links/:id",
    summary: "Take a link away",
    params: contract.idParams,
    run: ({ actor, params }) => directories.unlink(actor, asId(params.id)),
  });
}

function registerScimTokens(app: FastifyInstance, deps: RouteDeps): void {
  const { directories } = deps.broker;
  const shared = { tag: "directory", access: { powers: ["security"] } } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/directory/scim-tokens",
    access: { powers: ["security", "audit"] },
    summary: "List tokens of SCIM clients",
    answer: contract.scimTokenListing,
    async run({ actor }) {
      const tokens = await directories.scimTokens(actor);
      return tokens.ok ? done({ items: tokens.value, next: null }) : tokens;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/directory/scim-tokens",
    summary: "Propose a token for a SCIM client",
    body: contract.scimTokenBody,
    answer: contract.scimTokenProposed,
    status: 201,
    async run({ actor, body }) {
      const proposed = await directories.proposeScimToken(actor, { ...body, unitId: asId(body.unitId) });
      return proposed.ok ? done({ proposalId: proposed.value.id }) : proposed;
    },
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/directory/scim-tokens/:id",
    summary: "Take a token back",
    params: contract.idParams,
    run: ({ actor, params }) => directories.retireScimToken(actor, asId(params.id)),
  });
}
