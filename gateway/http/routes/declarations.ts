/** What everyone who operates signs before his first session. */
import type { FastifyInstance } from "fastify";
import { done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerDeclarations(app: FastifyInstance, deps: RouteDeps): void {
  const { registry } = deps.broker;
  const shared = { tag: "declarations", access: "signed-in" } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/declarations",
    summary: "The texts to sign, and when one signed them",
    query: contract.declarationsQuery,
    answer: contract.declarationsAnswer,
    async run({ actor, query }) {
      const texts = await registry.declarations(actor, query.locale);
      return texts.ok ? done({ items: texts.value }) : texts;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/declarations/:kind/signature",
    summary: "Sign a text as it was shown",
    params: contract.declarationParams,
    body: contract.signatureBody,
    run: ({ actor, params, body }) => registry.sign(actor, { kind: params.kind, ...body }),
  });
}
