/** Entitlements: who may see and ask for which account. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/assets.js";
import { useListing } from "../composables/use-listing.js";

export const useEntitlementsStore = defineStore("entitlements", () => {
  const personId = ref("");
  const list = useListing((cursor) => api.listEntitlements(personId.value, cursor));
  return { personId, list, create: api.createEntitlement, end: api.endEntitlement };
});
