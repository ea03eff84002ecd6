/** Whom outside people belong to: units, vendors and contracts; and what ending one would end. */
import { z } from "zod";
import { ACTIONS, CONTRACT_STANDINGS, CONTRACT_STATES, REGISTRY_STATES } from "./constants.js";
import { id, line, lineOrEmpty, listing, optional, outId, outTime, pageQuery } from "./fields.js";
import { namedPerson } from "./names.js";

/** A name as it is written: its look-alikes are refused by the broker. */
const name = line(100);
/** A local calendar date; whether the day exists is judged by the broker. */
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

export const unitView = z.object({
  id: outId,
  parentId: outId.nullable(),
  name: z.string(),
  state: z.enum(REGISTRY_STATES),
  createdAt: outTime,
  /** Names from the top to the unit itself. */
  path: z.array(z.string()).readonly(),
});
export type UnitView = z.infer<typeof unitView>;
export const unitListing = listing(unitView);
export type UnitListing = z.infer<typeof unitListing>;
export const createUnitBody = z.strictObject({ parentId: id, name });
export type CreateUnitBody = z.infer<typeof createUnitBody>;
export const changeUnitBody = z.strictObject({ name });
export type ChangeUnitBody = z.infer<typeof changeUnitBody>;

export const vendorView = z.object({
  id: outId,
  unitId: outId,
  name: z.string(),
  registrationNumber: z.string().nullable(),
  parentId: outId.nullable(),
  state: z.enum(REGISTRY_STATES),
  createdAt: outTime,
  createdBy: outId.nullable(),
  /** Names from the vendor itself up to the outermost. */
  chain: z.array(z.string()).readonly(),
  unitName: z.string(),
  people: z.number(),
  contracts: z.number(),
});
export type VendorView = z.infer<typeof vendorView>;
export const vendorsQuery = z.strictObject({ ...pageQuery, q: optional(lineOrEmpty(200)) });
export type VendorsQuery = z.input<typeof vendorsQuery>;
export const vendorListing = listing(vendorView);
export type VendorListing = z.infer<typeof vendorListing>;

const registrationNumber = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ./-]{0,63}$/)
  .nullable();
export const createVendorBody = z.strictObject({ unitId: id, name, registrationNumber, parentId: id.nullable() });
export type CreateVendorBody = z.infer<typeof createVendorBody>;
export const changeVendorBody = z.strictObject({
  name: optional(name),
  registrationNumber: optional(registrationNumber),
  parentId: optional(id.nullable()),
});
export type ChangeVendorBody = z.infer<typeof changeVendorBody>;

/** The most that may be done under a contract; no accounts: any on those assets. */
export const contractScope = z.object({
  assetIds: z.array(outId).readonly(),
  accountIds: z.array(outId).readonly(),
  actions: z.array(z.enum(ACTIONS)).readonly(),
});
export const CONTRACT_MOST_ASSETS = 500;
export const CONTRACT_MOST_ACCOUNTS = 1_000;
const contractScopeBody = z.strictObject({
  assetIds: z.array(id).min(1).max(CONTRACT_MOST_ASSETS),
  accountIds: z.array(id).max(CONTRACT_MOST_ACCOUNTS),
  actions: z.array(z.enum(ACTIONS)).min(1).max(ACTIONS.length),
});

export const contractView = z.object({
  id: outId,
  unitId: outId,
  vendorId: outId,
  number: z.string(),
  title: z.string(),
  scope: contractScope,
  /** `YYYY-MM-DD` in `zone`; the last day is included. */
  fromDate: z.string(),
  toDate: z.string(),
  zone: z.string(),
  fromAt: outTime,
  toAt: outTime,
  ownerId: outId,
  dutiesName: z.string().nullable(),
  dutiesSha256: z.string().nullable(),
  dutiesBytes: z.number().nullable(),
  dutiesAcceptedAt: outTime.nullable(),
  state: z.enum(CONTRACT_STATES),
  endedAt: outTime.nullable(),
  endedBy: outId.nullable(),
  endReason: z.string().nullable(),
  createdAt: outTime,
  createdBy: outId.nullable(),
  vendorName: z.string(),
  vendorChain: z.array(z.string()).readonly(),
  unitName: z.string(),
  ownerName: z.string(),
  people: z.number(),
  standing: z.enum(CONTRACT_STANDINGS),
});
export type ContractView = z.infer<typeof contractView>;
export const contractsQuery = z.strictObject({
  ...pageQuery,
  q: optional(lineOrEmpty(200)),
  vendorId: optional(id),
});
export type ContractsQuery = z.input<typeof contractsQuery>;
export const contractListing = listing(contractView);
export type ContractListing = z.infer<typeof contractListing>;

export const createContractBody = z.strictObject({
  unitId: id,
  vendorId: id,
  number: line(100),
  title: line(200),
  scope: contractScopeBody,
  fromDate: date,
  toDate: date,
  ownerId: id,
});
export type CreateContractBody = z.infer<typeof createContractBody>;
export const changeContractBody = z.strictObject({
  title: optional(line(200)),
  scope: optional(contractScopeBody),
  fromDate: optional(date),
  toDate: optional(date),
  ownerId: optional(id),
});
export type ChangeContractBody = z.infer<typeof changeContractBody>;

/** The document's own name; its bytes are the body (`application/octet-stream`). */
export const dutiesQuery = z.strictObject({ name: line(200) });
export type DutiesQuery = z.input<typeof dutiesQuery>;
export const DUTIES_MOST_BYTES = 20 * 1024 * 1024;

/** What ending something would end, counted and named before it is done. */
export const ending = z.object({
  people: z.array(namedPerson).readonly(),
  entitlements: z.number(),
  grants: z.number(),
  requests: z.number(),
  sessions: z
    .array(
      z.object({
        id: outId,
        login: z.string(),
        displayName: z.string(),
        vendorChain: z.array(z.string()).readonly(),
        contractNumber: z.string().nullable(),
        account: z.string(),
        asset: z.string(),
        startedAt: outTime,
      }),
    )
    .readonly(),
  sponsored: z.array(namedPerson).readonly(),
  blockedBy: z.literal("last-of-power").nullable(),
});
export type Ending = z.infer<typeof ending>;
