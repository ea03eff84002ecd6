/** Retention and legal holds, as auditors keep them. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/evidence.js";
import type { RetentionView } from "../api/types.js";
import { useListing } from "../composables/use-listing.js";

export const useEvidenceStore = defineStore("evidence", () => {
  const retention = ref<RetentionView>();
  const holds = useListing((cursor) => api.holds(cursor));
  async function loadRetention(): Promise<void> {
    retention.value = await api.retention();
  }
  return {
    retention,
    holds,
    loadRetention,
    proposeRetention: api.proposeRetention,
    placeHold: api.placeHold,
    proposeRelease: api.proposeRelease,
  };
});
