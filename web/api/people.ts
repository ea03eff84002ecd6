/** People, as the security administrator keeps them. */
import { get, patch, post } from "./http.js";
import type {
  ChangedPerson,
  ChangePersonBody,
  CreatedPerson,
  CreatePersonBody,
  FactorReset,
  PeopleListing,
} from "./types.js";

export const listPeople = (
  query: { readonly q?: string; readonly vendorId?: string },
  cursor?: string,
): Promise<PeopleListing> => get("/people", { query: { ...query, cursor } });
/** For choosing from: as many as one answer holds. */
export const findPeople = (q: string): Promise<PeopleListing> =>
  get("/people", { query: { limit: 200, ...(q === "" ? {} : { q }) } });
export const createPerson = (input: CreatePersonBody): Promise<CreatedPerson> => post("/people", input);
export const changePerson = (id: string, input: ChangePersonBody): Promise<ChangedPerson> =>
  patch(`/people/${id}`, input);
export const resetFactors = (id: string, reason: string): Promise<FactorReset> =>
  post(`/people/${id}/factor-reset`, { reason });
