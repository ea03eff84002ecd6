/** Audit events, checkpoints and alerts. */
import { apiUrl, get, post } from "./http.js";
import type { AlertListing, AlertView, AuditListing, CheckpointListing } from "./types.js";

export interface AuditQuery {
  readonly verb?: string;
  readonly objectId?: string;
  readonly person?: string;
  readonly from?: number;
  readonly to?: number;
}

export const listEvents = (query: AuditQuery, cursor?: string): Promise<AuditListing> =>
  get("/audit/events", { query: { ...query, cursor } });
export const listCheckpoints = (): Promise<CheckpointListing> => get("/audit/checkpoints");
export const auditExportUrl = (range: { from?: number; to?: number }): string => apiUrl("/audit/export", range);

export const listAlerts = (open: boolean, cursor?: string): Promise<AlertListing> =>
  get("/alerts", { query: { open: open ? true : undefined, cursor } });
export const acknowledgeAlert = (id: string): Promise<AlertView> => post(`/alerts/${id}/acknowledgement`);
export const resolveAlert = (id: string, resolution: string): Promise<AlertView> =>
  post(`/alerts/${id}/resolution`, { resolution });
export const closeAlert = (id: string): Promise<AlertView> => post(`/alerts/${id}/closing`);
