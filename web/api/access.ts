/** What may be opened, what was asked, what was decided, what runs on a grant. */
import { get, post, remove } from "./http.js";
import type { Access, CreateRequestBody, DecisionBody, GrantListing, RequestListing, RequestView } from "./types.js";

export type RequestListView = "mine" | "queue" | "decided" | "all";

export const myAccess = (): Promise<Access> => get("/me/access");
export const listRequests = (view: RequestListView, cursor?: string): Promise<RequestListing> =>
  get("/requests", { query: { view, cursor } });
export const getRequest = (id: string): Promise<RequestView> => get(`/requests/${id}`);
export const fileRequest = (input: CreateRequestBody): Promise<RequestView> => post("/requests", input);
export const withdrawRequest = (id: string): Promise<void> => remove(`/requests/${id}`);
export const decideRequest = (id: string, input: DecisionBody): Promise<RequestView> =>
  post(`/requests/${id}/approval`, input);
export const listGrants = (live: boolean, cursor?: string): Promise<GrantListing> =>
  get("/grants", { query: { live, cursor } });
export const revokeGrant = (id: string, reason: string): Promise<void> => post(`/grants/${id}/revocation`, { reason });
