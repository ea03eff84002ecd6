/** Sessions: those running, those that were, and one in detail. */
import { defineStore } from "pinia";
import { shallowRef } from "vue";
import { watchSession } from "../api/live-socket.js";
import * as api from "../api/sessions.js";
import { useListing } from "../composables/use-listing.js";

export const useSessionsStore = defineStore("sessions", () => {
  const filter = shallowRef<api.SessionQuery>({});
  const past = useListing((cursor) => api.listSessions(filter.value, cursor));
  const live = useListing(() => api.listLive());
  return { filter, past, live, get: api.getSession, stop: api.stopSession, watch: watchSession };
});
