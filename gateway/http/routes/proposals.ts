/** Critical acts: what waits for a second person, and the yes or no to it. What is shown once stands in the answer's body alone. */
import type { FastifyInstance } from "fastify";
import { asId, done, type AccountId } from "../../domain/index.js";
import * as contract from "../contract/index.js";
import { route, type RouteDeps } from "../route.js";

export function registerProposals(app: FastifyInstance, deps: RouteDeps, triesPerMinute: number): void {
  const { proposals } = deps.broker;
  const shared = {
    tag: "proposals",
    access: { powers: ["system", "security", "audit"], roles: ["confirmer"] },
  } as const;

  route(app, {
    ...shared,
    method: "GET",
    url: "/proposals",
    summary: "List proposals of one's power, or that one may confirm",
    query: contract.proposalsQuery,
    answer: contract.proposalListing,
    run: ({ actor, query }) => proposals.list(actor, query),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/proposals/:id",
    summary: "Show a proposal",
    params: contract.idParams,
    answer: contract.proposalView,
    run: ({ actor, params }) => proposals.get(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "GET",
    url: "/proposals/:id/text",
    summary: "Read what a proposed policy changes, file by file",
    params: contract.idParams,
    answer: contract.proposalText,
    run: ({ actor, params }) => proposals.text(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/proposals/:id/confirmation",
    summary: "Confirm a proposal as the second person",
    params: contract.idParams,
    body: contract.confirmationBody,
    answer: contract.confirmation,
    run: ({ actor, params, body }) => proposals.confirm(actor, asId(params.id), body.digest),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/proposals/:id/rejection",
    summary: "Reject a proposal",
    params: contract.idParams,
    body: contract.rejectionBody,
    answer: contract.proposalView,
    run: ({ actor, params, body }) => proposals.reject(actor, asId(params.id), body.reason),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/proposals/:id/withdrawal",
    access: "signed-in",
    summary: "Withdraw one's own proposal",
    params: contract.idParams,
    answer: contract.proposalView,
    run: ({ actor, params }) => proposals.withdraw(actor, asId(params.id)),
  });
  route(app, {
    ...shared,
    method: "POST",
    url: "/proposals/:id/secret",
    summary: "Fetch once what a confirmed proposal of one's own gave",
    params: contract.idParams,
    answer: contract.proposalSecret,
    run: ({ actor, params }) => proposals.collect(actor, asId(params.id)),
  });

  const exporting = { tag: "proposals", access: { powers: ["system"] } } as const;
  route(app, {
    ...exporting,
    method: "POST",
    url: "/vault-exports",
    summary: "Propose that credentials leave the vault",
    body: contract.vaultExportBody,
    answer: contract.proposalView,
    status: 201,
    run: ({ actor, body: { accountIds, reason } }) =>
      proposals.proposeVaultExport(actor, { accountIds: accountIds.map((id) => asId<AccountId>(id)), reason }),
  });
  route(app, {
    ...exporting,
    method: "POST",
    url: "/vault-exports/:id/collection",
    summary: "Fetch a confirmed export once, sealed to a passphrase",
    triesPerMinute,
    params: contract.idParams,
    body: contract.vaultCollectionBody,
    answer: contract.vaultCollection,
    async run({ actor, params, body }) {
      const sealed = await proposals.collectVaultExport(actor, asId(params.id), body.passphrase);
      return sealed.ok ? done({ sealed: sealed.value }) : sealed;
    },
  });
}
