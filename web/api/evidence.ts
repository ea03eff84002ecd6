/** How long recordings are kept, and the sessions that retention must not touch. */
import { get, post } from "./http.js";
import type { HoldListing, LegalHoldView, ProposalView, RetentionView } from "./types.js";

export const retention = (): Promise<RetentionView> => get("/retention");
export const proposeRetention = (days: number, reason: string): Promise<ProposalView> =>
  post("/retention/proposals", { days, reason });
export const holds = (cursor?: string): Promise<HoldListing> => get("/holds", { query: { cursor } });
export const placeHold = (sessionId: string, reason: string): Promise<LegalHoldView> =>
  post("/holds", { sessionId, reason });
export const proposeRelease = (id: string, reason: string): Promise<ProposalView> =>
  post(`/holds/${id}/release`, { reason });
