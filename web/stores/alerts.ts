/** Alerts: those that wait for somebody, and all. */
import { defineStore } from "pinia";
import { computed } from "vue";
import * as api from "../api/audit.js";
import { useListing } from "../composables/use-listing.js";

export const useAlertsStore = defineStore("alerts", () => {
  const open = useListing((cursor) => api.listAlerts(true, cursor));
  const all = useListing((cursor) => api.listAlerts(false, cursor));
  const openCount = computed(() => `${String(open.items.value.length)}${open.hasMore.value ? "+" : ""}`);
  return { open, all, openCount, acknowledge: api.acknowledgeAlert, resolve: api.resolveAlert, close: api.closeAlert };
});
