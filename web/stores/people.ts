/** People, as the security administrator keeps them. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/people.js";
import { useListing } from "../composables/use-listing.js";

export const usePeopleStore = defineStore("people", () => {
  const q = ref("");
  const vendorId = ref("");
  const list = useListing((cursor) => api.listPeople({ q: q.value, vendorId: vendorId.value }, cursor));
  return {
    q,
    vendorId,
    list,
    find: api.findPeople,
    create: api.createPerson,
    change: api.changePerson,
    resetFactors: api.resetFactors,
  };
});
