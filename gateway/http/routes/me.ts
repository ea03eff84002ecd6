/** What a person sees and changes of himself. */
import type { FastifyInstance } from "fastify";
import { asId, done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerMe(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  const { identity, access } = deps.broker;
  const shared = { tag: "me", access: "signed-in" } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/me",
    openWhenOverdue: true,
    summary: "Who I am",
    answer: contract.me,
    run: async ({ actor }) => done(await identity.me(actor)),
  });
  route(app, {
    ...shared,
    method: "PUT",
    url: "/me/locale",
    summary: "Change my language",
    body: contract.localeBody,
    run: ({ actor, body }) => identity.setLocale(actor, body.locale),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/me/password",
    openWhenOverdue: true,
    summary: "Change my password",
    triesPerMinute,
    body: contract.passwordBody,
    run: ({ actor, body }) => identity.changePassword(actor, body),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/me/keys",
    summary: "Add an SSH key",
    triesPerMinute,
    body: contract.addKeyBody,
    answer: contract.personKey,
    status: 201,
    run: ({ actor, body }) => identity.addKey(actor, body),
  });
  route(app, {
    ...shared,
    method: "DELETE",
    url: "/me/keys/:id",
    summary: "Retire an SSH key",
    params: contract.idParams,
    run: ({ actor, params }) => identity.retireKey(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/me/access",
    access: { roles: ["operator"] },
    summary: "What I may open or ask for",
    answer: contract.access,
    run: async ({ actor }) => done({ items: await access.reachable(actor), ssh: deps.sshPublic }),
  });
}
