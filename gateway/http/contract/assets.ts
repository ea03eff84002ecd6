/** Assets, the accounts on them, and who may see and ask for which. */
import { z } from "zod";
import {
  ACTIONS,
  ASSET_STATES,
  CERTIFICATES,
  CREDENTIAL_KINDS,
  DATA_CLASSES,
  DESKTOP_SECURITY,
  PROTOCOLS,
} from "./constants.js";
import {
  host,
  id,
  line,
  lineOrEmpty,
  linesOrEmpty,
  listing,
  optional,
  outId,
  outTime,
  pageQuery,
  port,
  secret,
  time,
} from "./fields.js";

/** How a desktop is reached. `acceptsMissing`: opens even where guacd does not know an argument that a restriction needs. */
const desktop = { security: z.enum(DESKTOP_SECURITY), acceptsMissing: z.boolean() };
export const desktopSettings = z.object(desktop);
export type DesktopSettings = z.infer<typeof desktopSettings>;
const desktopBody = z.strictObject(desktop);

/** What an asset is to its unit: business system, 等保 level, data class, owner, and whether device keys open it. */
const standing = {
  businessSystem: z.string(),
  protectionLevel: z.number().nullable(),
  dataClass: z.enum(DATA_CLASSES),
  ownerId: outId.nullable(),
  sensitive: z.boolean(),
};
const standingBody = {
  businessSystem: optional(lineOrEmpty(120)),
  protectionLevel: optional(z.int().min(1).max(5).nullable()),
  dataClass: optional(z.enum(DATA_CLASSES)),
  ownerId: optional(id.nullable()),
  sensitive: optional(z.boolean()),
};

export const assetView = z.object({
  id: outId,
  unitId: outId,
  name: z.string(),
  protocol: z.enum(PROTOCOLS),
  host: z.string(),
  port: z.number(),
  description: z.string(),
  legacyAlgorithms: z.boolean(),
  /** Null unless the protocol is a desktop's. */
  desktop: desktopSettings.nullable(),
  certificate: z.enum(CERTIFICATES).nullable(),
  hostKey: z.string().nullable(),
  hostKeyFingerprint: z.string().nullable(),
  hostKeyConfirmedBy: outId.nullable(),
  hostKeyConfirmedAt: outTime.nullable(),
  pin: z.string(),
  ...standing,
  unitName: z.string(),
  ownerName: z.string().nullable(),
  pendingChange: z
    .object({
      host: z.string(),
      port: z.number(),
      hostKeyFingerprint: z.string().nullable(),
      certificate: z.enum(CERTIFICATES).nullable(),
      proposedBy: z.string(),
      proposedAt: outTime,
    })
    .nullable(),
  state: z.enum(ASSET_STATES),
  createdAt: outTime,
  createdBy: outId.nullable(),
});
export type AssetView = z.infer<typeof assetView>;

/** Never holds the sealed credential: only whether there is one, and whether it still fits the asset's pin. */
export const accountView = z.object({
  id: outId,
  assetId: outId,
  unitId: outId,
  login: z.string(),
  credentialKind: z.enum(CREDENTIAL_KINDS),
  credentialPin: z.string().nullable(),
  credentialTestedAt: outTime.nullable(),
  state: z.enum(ASSET_STATES),
  createdAt: outTime,
  createdBy: outId.nullable(),
  assetName: z.string(),
  protocol: z.enum(PROTOCOLS),
  hasCredential: z.boolean(),
  credentialBound: z.boolean(),
});
export type AccountView = z.infer<typeof accountView>;

export const assetsQuery = z.strictObject({ ...pageQuery, q: optional(lineOrEmpty(200)) });
export type AssetsQuery = z.input<typeof assetsQuery>;
export const assetListing = listing(assetView);
export type AssetListing = z.infer<typeof assetListing>;
export const assetWithAccounts = z.object({ asset: assetView, accounts: z.array(accountView).readonly() });
export type AssetWithAccounts = z.infer<typeof assetWithAccounts>;

export const ownersQuery = z.strictObject({ ...pageQuery, q: optional(lineOrEmpty(100)) });
export const ownerView = z.object({
  id: outId,
  login: z.string(),
  displayName: z.string(),
  unitName: z.string(),
});
export type OwnerView = z.infer<typeof ownerView>;
export const ownerListing = listing(ownerView);
export type OwnerListing = z.infer<typeof ownerListing>;

export const createAssetBody = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  protocol: z.enum(PROTOCOLS),
  host,
  port,
  description: linesOrEmpty(1000),
  legacyAlgorithms: z.boolean(),
  desktop: optional(desktopBody),
  /** Absent: the unit for which its maker holds his power. */
  unitId: optional(id),
  ...standingBody,
});
export type CreateAssetBody = z.infer<typeof createAssetBody>;
export const changeAssetBody = z.strictObject({
  description: optional(linesOrEmpty(1000)),
  legacyAlgorithms: optional(z.boolean()),
  desktop: optional(desktopBody),
  host: optional(host),
  port: optional(port),
  ...standingBody,
});
export type ChangeAssetBody = z.infer<typeof changeAssetBody>;
export const hostKeyScan = z.object({ publicKey: z.string(), fingerprint: z.string(), matches: z.boolean() });
export type HostKeyScan = z.infer<typeof hostKeyScan>;
export const hostKeyBody = z.strictObject({ publicKey: line(16_384) });
export type HostKeyBody = z.infer<typeof hostKeyBody>;
export const changeConfirmationBody = z.strictObject({ accept: z.boolean() });
export type ChangeConfirmationBody = z.infer<typeof changeConfirmationBody>;

export const accountsQuery = z.strictObject({ ...pageQuery, q: optional(lineOrEmpty(200)) });
export const accountListing = listing(accountView);
export type AccountListing = z.infer<typeof accountListing>;
export const createAccountBody = z.strictObject({
  assetId: id,
  login: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\x21-\x7e]+$/)
    .regex(/^[^@+%]*$/),
});
export type CreateAccountBody = z.infer<typeof createAccountBody>;
export const credentialBody = z.strictObject({
  kind: z.enum(["password", "key"]),
  secret: secret(32_768),
  passphrase: optional(secret(1024)),
  untested: optional(z.boolean()),
});
export type CredentialBody = z.infer<typeof credentialBody>;

export const entitlementView = z.object({
  id: outId,
  unitId: outId,
  personId: outId,
  accountId: outId,
  contractId: outId.nullable(),
  actions: z.array(z.enum(ACTIONS)).readonly(),
  from: outTime,
  to: outTime.nullable(),
  createdAt: outTime,
  createdBy: outId.nullable(),
  endedAt: outTime.nullable(),
  personLogin: z.string(),
  personName: z.string(),
  accountLogin: z.string(),
  assetName: z.string(),
  /** Names of the person's vendor and those above it; empty for a unit's own person. */
  vendorChain: z.array(z.string()).readonly(),
  contractNumber: z.string().nullable(),
});
export type EntitlementView = z.infer<typeof entitlementView>;
export const entitlementsQuery = z.strictObject({ ...pageQuery, personId: optional(id) });
export type EntitlementsQuery = z.input<typeof entitlementsQuery>;
export const entitlementListing = listing(entitlementView);
export type EntitlementListing = z.infer<typeof entitlementListing>;
export const createEntitlementBody = z.strictObject({
  personId: id,
  accountId: id,
  actions: z.array(z.enum(ACTIONS)).min(1).max(ACTIONS.length),
  to: time.nullable(),
});
export type CreateEntitlementBody = z.infer<typeof createEntitlementBody>;
