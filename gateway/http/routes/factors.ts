/** Passkeys, the second factor shown again, and the sessions of the page. */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerPasskeys(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  const { factors } = deps.broker;
  const shared = { tag: "me", access: "signed-in" } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/me/passkeys",
    summary: "My passkeys",
    answer: contract.passkeys,
    async run({ actor }) {
      const listed = await factors.listPasskeys(actor);
      return listed.ok ? done({ items: listed.value }) : listed;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/me/passkeys/options",
    summary: "Begin to add a passkey",
    triesPerMinute,
    answer: contract.ceremony,
    run: ({ actor }) => factors.beginPasskey(actor),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/me/passkeys",
    summary: "Add a passkey",
    triesPerMinute,
    body: contract.addPasskeyBody,
    answer: contract.passkey,
    status: 201,
    run: ({ actor, body }) => factors.addPasskey(actor, body),
  });
  route(app, {
    ...shared,
    method: "PATCH",
    url: "/me/passkeys/:id",
    summary: "Rename a passkey",
    params: contract.passkeyParams,
    body: contract.passkeyNameBody,
    answer: contract.passkey,
    run: ({ actor, params, body }) => factors.renamePasskey(actor, asId(params.id), body.name),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/me/passkeys/:id/ending",
    summary: "What retiring a passkey will end",
    params: contract.passkeyParams,
    answer: contract.passkeyEnding,
    run: ({ actor, params }) => factors.passkeyEnding(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/me/passkeys/:id",
    summary: "Retire a passkey",
    params: contract.passkeyParams,
    run: ({ actor, params }) => factors.retirePasskey(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/me/step-up/options",
    summary: "Begin to show a passkey again",
    triesPerMinute,
    answer: contract.ceremony,
    run: ({ actor }) => factors.beginStepUp(actor),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/me/step-up",
    summary: "Show the second factor again",
    triesPerMinute,
    body: contract.secondFactorBody,
    run: ({ actor, body }) => factors.stepUp(actor, body),
  });
}

export function registerPageSessions(app: FastifyInstance, deps: RouteDeps): void {
  const { factors } = deps.broker;
  const shared = { tag: "page-sessions", access: "signed-in" } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/page-sessions",
    summary: "Page sessions that stand: mine, or for a security administrator everybody's",
    query: contract.pageSessionsQuery,
    answer: contract.pageSessions,
    run({ actor, query }) {
      const { personId, ...page } = query;
      return factors.sessions(actor, { ...page, ...(personId === undefined ? {} : { personId: asId(personId) }) });
    },
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/page-sessions/:id",
    summary: "End a page session",
    params: contract.pageSessionParams,
    run: ({ actor, params }) => factors.endSession(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/page-sessions/sign-out-everywhere",
    summary: "Sign out everywhere: pages, terminals and device keys",
    body: contract.signOutEverywhereBody,
    run: ({ actor, body }) =>
      factors.signOutEverywhere(actor, body.personId === undefined ? actor.personId : asId(body.personId)),
  });
}
