/** Audit events and checkpoints. */
import { defineStore } from "pinia";
import { shallowRef } from "vue";
import * as api from "../api/audit.js";
import { useListing } from "../composables/use-listing.js";

export const useAuditStore = defineStore("audit", () => {
  const filter = shallowRef<api.AuditQuery>({});
  const events = useListing((cursor) => api.listEvents(filter.value, cursor));
  const checkpoints = useListing(() => api.listCheckpoints());
  return { filter, events, checkpoints, exportUrl: api.auditExportUrl };
});
