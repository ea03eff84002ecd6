/** People as the security administrator sees them, and units. */
import { z } from "zod";
import { locale, loginName } from "./auth.js";
import { PERSON_STATES, POWERS, ROLES } from "./constants.js";
import { line, listing, optional, outId, outTime, pageQuery } from "./fields.js";

const power = z.enum(POWERS).nullable();
const roles = z.array(z.enum(ROLES)).max(ROLES.length);

export const personView = z.object({
  id: outId,
  login: z.string(),
  displayName: z.string(),
  locale,
  state: z.enum(PERSON_STATES),
  power,
  roles: z.array(z.enum(ROLES)).readonly(),
  vendorChain: z.array(z.string()).readonly(),
  contractEndsAt: outTime.nullable(),
  enrolled: z.boolean(),
  createdAt: outTime,
});
export type PersonView = z.infer<typeof personView>;

export const peopleQuery = z.strictObject(pageQuery);
export const peopleListing = listing(personView);
export type PeopleListing = z.infer<typeof peopleListing>;

export const createPersonBody = z.strictObject({ login: loginName, displayName: line(100), locale, power, roles });
export type CreatePersonBody = z.infer<typeof createPersonBody>;
export const createdPerson = z.object({ person: personView, enrolmentToken: z.string() });
export type CreatedPerson = z.infer<typeof createdPerson>;

export const changePersonBody = z.strictObject({
  state: optional(z.enum(PERSON_STATES)),
  displayName: optional(line(100)),
  power: optional(power),
  roles: optional(roles),
});
export type ChangePersonBody = z.infer<typeof changePersonBody>;

export const unit = z.object({ id: outId, parentId: outId.nullable(), name: z.string(), createdAt: outTime });
export type UnitView = z.infer<typeof unit>;
export const unitListing = listing(unit);
export type UnitListing = z.infer<typeof unitListing>;
