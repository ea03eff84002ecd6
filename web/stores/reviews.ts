/** The periodic review: what I answer for as sponsor, and everybody's for those who oversee. */
import { defineStore } from "pinia";
import { ref } from "vue";
import * as api from "../api/duties.js";
import { useListing } from "../composables/use-listing.js";

export const useReviewsStore = defineStore("reviews", () => {
  const view = ref<"mine" | "all">("mine");
  const list = useListing((cursor) => api.reviews(cursor, { view: view.value }));
  return { view, list, decide: api.decideReview };
});
