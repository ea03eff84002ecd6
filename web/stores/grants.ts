/** Grants that hold now or soon. */
import { defineStore } from "pinia";
import * as api from "../api/access.js";
import { useListing } from "../composables/use-listing.js";

export const useGrantsStore = defineStore("grants", () => {
  const live = useListing((cursor) => api.listGrants(true, cursor));
  return { live, revoke: api.revokeGrant };
});
