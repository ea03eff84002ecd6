/** Critical acts by two persons, the sealed envelopes, the policy in force, tokens of directories. */
import { get, post, remove } from "./http.js";
import type {
  BreakGlassAnswer,
  BreakGlassBody,
  Confirmation,
  PolicyState,
  Power,
  ProposalListing,
  ProposalSecret,
  ProposalText,
  ProposalView,
  ScimTokenListing,
  ScimTokenProposed,
  Seals,
  VaultCollection,
} from "./types.js";

export const listProposals = (cursor?: string, state?: ProposalView["state"]): Promise<ProposalListing> =>
  get("/proposals", { query: { cursor, state } });
export const getProposal = (id: string): Promise<ProposalView> => get(`/proposals/${id}`);
export const proposalText = (id: string): Promise<ProposalText> => get(`/proposals/${id}/text`);
export const confirmProposal = (id: string, digest: string): Promise<Confirmation> =>
  post(`/proposals/${id}/confirmation`, { digest });
export const rejectProposal = (id: string, reason: string): Promise<ProposalView> =>
  post(`/proposals/${id}/rejection`, { reason });
export const withdrawProposal = (id: string): Promise<ProposalView> => post(`/proposals/${id}/withdrawal`);
export const collectSecret = (id: string): Promise<ProposalSecret> => post(`/proposals/${id}/secret`);

export const seals = (): Promise<Seals> => get("/break-glass");
export const proposeSeal = (reason: string): Promise<ProposalView> => post("/break-glass/seals", { reason });
export const breakGlass = (input: BreakGlassBody): Promise<BreakGlassAnswer> => post("/break-glass", input);
export const refuseBreakGlass = (power: Power): Promise<void> => post(`/break-glass/${power}/refusal`);

export const policyState = (): Promise<PolicyState> => get("/policy");
export const proposePolicy = (digest: string, reason: string): Promise<ProposalView> =>
  post("/policy", { digest, reason });

export const proposeVaultExport = (accountIds: readonly string[], reason: string): Promise<ProposalView> =>
  post("/vault-exports", { accountIds, reason });
export const collectVaultExport = (id: string, passphrase: string): Promise<VaultCollection> =>
  post(`/vault-exports/${id}/collection`, { passphrase });

export const scimTokens = (): Promise<ScimTokenListing> => get("/directory/scim-tokens");
export const proposeScimToken = (input: { name: string; unitId: string; reason: string }): Promise<ScimTokenProposed> =>
  post("/directory/scim-tokens", input);
export const retireScimToken = (id: string): Promise<void> => remove(`/directory/scim-tokens/${id}`);
