/** Breaking the glass: the one way in that asks for nobody's sign-in, few tries a minute; and the envelopes' own administration. */
import type { FastifyInstance } from "fastify";
import { done } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

/** Two people who read from paper need no more. */
const TRIES_PER_MINUTE = 10;

export function registerBreakGlass(app: FastifyInstance, deps: RouteDeps): void {
  const { proposals } = deps.broker;
  const shared = { tag: "break-glass" } as const;

  route(app, {
    ...shared,
    method: "POST",
    url: "/break-glass",
    access: "public",
    triesPerMinute: TRIES_PER_MINUTE,
    summary: "Open a power's envelope with both halves",
    body: contract.breakGlassBody,
    answer: contract.breakGlassAnswer,
    run: ({ body, request }) => proposals.breakGlass({ ...body, sourceAddress: deps.addresses.of(request.raw) }),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/break-glass",
    access: { powers: ["security", "audit"] },
    summary: "Which powers have an envelope",
    answer: contract.seals,
    async run({ actor }) {
      const seals = await proposals.seals(actor);
      return seals.ok ? done({ items: seals.value }) : seals;
    },
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/break-glass/seals",
    access: { powers: ["security"] },
    summary: "Propose new envelopes",
    body: contract.sealBody,
    answer: contract.proposalView,
    status: 201,
    run: ({ actor, body }) => proposals.proposeSeal(actor, body),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/break-glass/:power/refusal",
    access: { powers: ["system", "security", "audit"] },
    summary: "Refuse an opened envelope of one's own power",
    params: contract.powerParams,
    run: ({ actor, params }) => proposals.refuseBreakGlass(actor, params.power),
  });
}
