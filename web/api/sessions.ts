/** Sessions, their recordings, search and the reading of kept input. */
import { touch } from "./attention.js";
import { apiUrl, get, post } from "./http.js";
import type {
  InputListing,
  InputOpeningListing,
  InputOpeningView,
  ReplayIndex,
  ReplaySegment,
  SearchListing,
  SessionDetail,
  SessionListing,
  Verification,
} from "./types.js";

export interface SessionQuery {
  readonly person?: string;
  readonly asset?: string;
  readonly from?: number;
  readonly to?: number;
  readonly command?: string;
}
export interface SearchQuery extends Omit<SessionQuery, "command"> {
  readonly q: string;
  readonly kind?: "command" | "file" | "screen";
}

export const listSessions = (query: SessionQuery, cursor?: string): Promise<SessionListing> =>
  get("/sessions", { query: { ...query, cursor } });
export const listLive = (): Promise<SessionListing> => get("/sessions/live");
export const getSession = (id: string): Promise<SessionDetail> => get(`/sessions/${id}`);
export const stopSession = (id: string, reason: string): Promise<void> => post(`/sessions/${id}/stop`, { reason });

export const recordingIndex = (id: string): Promise<ReplayIndex> => get(`/recordings/${id}/index`);
export const recordingSegment = (
  id: string,
  range: { channel: number; fromUs: number; maxUs: number },
  signal: AbortSignal,
): Promise<ReplaySegment> => {
  touch();
  return get(`/recordings/${id}/segment`, { query: range, signal });
};
export const verifyRecording = (id: string): Promise<Verification> => post(`/recordings/${id}/verification`);
/** Addresses for plain download links; the browser saves what the gate sends. */
export const exportUrl = (id: string, form: "container" | "asciicast" | "text" | "guac", channel?: number): string =>
  apiUrl(`/recordings/${id}/${form}`, { channel });
/** Address of the small picture of a desktop at or before a moment. */
export const thumbnailUrl = (id: string, at: { channel: number; atUs: number }): string =>
  apiUrl(`/recordings/${id}/thumbnails`, at);

export const search = (query: SearchQuery): Promise<SearchListing> => get("/search", { query: { ...query } });

export const requestInput = (recordingId: string, reason: string): Promise<InputOpeningView> =>
  post(`/recordings/${recordingId}/input-openings`, { reason });
export const listOpenings = (cursor?: string): Promise<InputOpeningListing> =>
  get("/input-openings", { query: { cursor } });
export const approveOpening = (id: string): Promise<InputOpeningView> => post(`/input-openings/${id}/approval`);
export const readInput = (id: string): Promise<InputListing> => get(`/input-openings/${id}/input`);
