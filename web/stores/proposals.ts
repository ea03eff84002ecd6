/** Critical acts that wait for a second person, and what came of the others. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/proposals.js";
import type { ProposalView } from "../api/types.js";
import { useListing } from "../composables/use-listing.js";

export const useProposalsStore = defineStore("proposals", () => {
  const state = ref<ProposalView["state"] | "all">("pending");
  const list = useListing((cursor) => api.listProposals(cursor, state.value === "all" ? undefined : state.value));
  return {
    state,
    list,
    get: api.getProposal,
    text: api.proposalText,
    confirm: api.confirmProposal,
    reject: api.rejectProposal,
    withdraw: api.withdrawProposal,
    collect: api.collectSecret,
    collectVaultExport: api.collectVaultExport,
  };
});
