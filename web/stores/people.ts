/** People, as the security administrator keeps them. */
import { defineStore } from "pinia";
import * as api from "../api/people.js";
import { useListing } from "../composables/use-listing.js";

export const usePeopleStore = defineStore("people", () => {
  const list = useListing((cursor) => api.listPeople(cursor));
  return { list, create: api.createPerson, change: api.changePerson, resetFactors: api.resetFactors };
});
