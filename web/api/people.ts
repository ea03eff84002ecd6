/** People, as the security administrator keeps them. */
import { get, patch, post } from "./http.js";
import type { CreatedPerson, CreatePersonBody, EnrolmentTokenAnswer, PeopleListing, PersonView } from "./types.js";

export type PersonChange = Partial<Pick<PersonView, "state" | "displayName" | "power" | "roles">>;

export const listPeople = (cursor?: string): Promise<PeopleListing> => get("/people", { query: { cursor } });
export const createPerson = (input: CreatePersonBody): Promise<CreatedPerson> => post("/people", input);
export const changePerson = (id: string, input: PersonChange): Promise<PersonView> => patch(`/people/${id}`, input);
export const resetFactors = (id: string): Promise<EnrolmentTokenAnswer> => post(`/people/${id}/factor-reset`);
