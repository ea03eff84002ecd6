/** People as the security administrator keeps them. What needs a second person comes back as a proposal. */
import { z } from "zod";
import { locale, loginName } from "./auth.js";
import { PERSON_STATES, POWERS, ROLES } from "./constants.js";
import { id, line, lines, listing, optional, outId, outTime, pageQuery } from "./fields.js";
import { proposalView } from "./proposals.js";

const power = z.enum(POWERS).nullable();
const roles = z.array(z.enum(ROLES)).max(ROLES.length);
/** All he is to hold for each of these units beside his own; an empty list takes what he holds there. What is not named stays. */
const elsewhere = z.array(z.strictObject({ unitId: id, roles })).max(50);
/** As written on the document; kept sealed, and only its end is ever shown. */
const identityNumber = z.string().regex(/^[0-9A-Za-z]{6,32}$/);
const email = line(254);

export const personView = z.object({
  id: outId,
  login: z.string(),
  displayName: z.string(),
  locale,
  state: z.enum(PERSON_STATES),
  power,
  roles: z.array(z.enum(ROLES)).readonly(),
  holdings: z.array(z.object({ what: z.enum([...POWERS, ...ROLES]), unitId: outId, unitName: z.string() })).readonly(),
  /** He holds a role for a unit outside the reader's. */
  holdsBeyond: z.boolean(),
  unitId: outId,
  unitName: z.string(),
  vendorId: outId.nullable(),
  vendorChain: z.array(z.string()).readonly(),
  contractId: outId.nullable(),
  contractNumber: z.string().nullable(),
  contractEndsAt: outTime.nullable(),
  sponsorId: outId.nullable(),
  sponsorName: z.string().nullable(),
  email: z.string().nullable(),
  /** The last four characters; the whole is never shown again. */
  identityTail: z.string().nullable(),
  enrolled: z.boolean(),
  passkeys: z.number(),
  signed: z.boolean(),
  reviewedAt: outTime,
  lastSignInAt: outTime.nullable(),
  createdAt: outTime,
  pendingProposals: z.number(),
});
export type PersonView = z.infer<typeof personView>;

export const peopleQuery = z.strictObject({
  ...pageQuery,
  q: optional(line(100)),
  vendorId: optional(id),
  contractId: optional(id),
});
export const peopleListing = listing(personView);
export type PeopleListing = z.infer<typeof peopleListing>;

export const createPersonBody = z.strictObject({
  login: loginName,
  displayName: line(100),
  locale,
  power,
  roles,
  unitId: optional(id),
  vendorId: optional(id.nullable()),
  contractId: optional(id.nullable()),
  sponsorId: optional(id.nullable()),
  identityNumber: optional(identityNumber.nullable()),
  email: optional(email.nullable()),
});
export type CreatePersonBody = z.infer<typeof createPersonBody>;
/** `proposal`: the rights that a second person must confirm; null when none is needed · `enrolmentToken`: null with a proposal. */
export const createdPerson = z.object({
  person: personView,
  enrolmentToken: z.string().nullable(),
  proposal: proposalView.nullable(),
});
export type CreatedPerson = z.infer<typeof createdPerson>;

export const changePersonBody = z.strictObject({
  state: optional(z.enum(PERSON_STATES)),
  displayName: optional(line(100)),
  power: optional(power),
  roles: optional(roles),
  elsewhere: optional(elsewhere),
  email: optional(email.nullable()),
  contractId: optional(id),
  sponsorId: optional(id),
  identityNumber: optional(identityNumber),
  reason: optional(lines(1000)),
});
export type ChangePersonBody = z.infer<typeof changePersonBody>;
export const changedPerson = z.object({ person: personView, proposal: proposalView.nullable() });
export type ChangedPerson = z.infer<typeof changedPerson>;

export const factorResetBody = z.strictObject({ reason: optional(lines(1000)) });
export type FactorResetBody = z.infer<typeof factorResetBody>;
/** `enrolmentToken`: for an operator, at once · `proposal`: for an approver, a confirmer or a holder of a power. */
export const factorReset = z.object({ enrolmentToken: z.string().nullable(), proposal: proposalView.nullable() });
export type FactorReset = z.infer<typeof factorReset>;
