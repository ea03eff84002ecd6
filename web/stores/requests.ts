/** Requests: one's own, the queue to decide, and those decided. */
import { defineStore } from "pinia";
import * as api from "../api/access.js";
import { useListing } from "../composables/use-listing.js";

export const useRequestsStore = defineStore("requests", () => {
  const mine = useListing((cursor) => api.listRequests("mine", cursor));
  const queue = useListing((cursor) => api.listRequests("queue", cursor));
  const decided = useListing((cursor) => api.listRequests("decided", cursor));
  return {
    mine,
    queue,
    decided,
    get: api.getRequest,
    file: api.fileRequest,
    withdraw: api.withdrawRequest,
    decide: api.decideRequest,
  };
});
