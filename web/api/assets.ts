/** Hosts, the accounts on them, and who may see and ask for which. */
import { get, patch, post, put, remove } from "./http.js";
import type {
  AccountListing,
  AccountView,
  AssetListing,
  AssetView,
  AssetWithAccounts,
  ChangeAssetBody,
  CreateAccountBody,
  CreateAssetBody,
  CreateEntitlementBody,
  CredentialBody,
  EntitlementListing,
  EntitlementView,
  HostKeyScan,
  OwnerListing,
} from "./types.js";

export const listAssets = (q: string, cursor?: string): Promise<AssetListing> =>
  get("/assets", { query: { q, cursor } });
export const findOwners = (q: string): Promise<OwnerListing> => get("/assets/owners", { query: { q, limit: 200 } });
export const getAsset = (id: string): Promise<AssetWithAccounts> => get(`/assets/${id}`);
export const createAsset = (input: CreateAssetBody): Promise<AssetView> => post("/assets", input);
export const changeAsset = (id: string, input: ChangeAssetBody): Promise<AssetView> => patch(`/assets/${id}`, input);
export const scanHostKey = (id: string): Promise<HostKeyScan> => post(`/assets/${id}/host-key-scan`);
export const confirmHostKey = (id: string, publicKey: string): Promise<AssetView> =>
  post(`/assets/${id}/host-key`, { publicKey });
export const confirmChange = (id: string, accept: boolean): Promise<AssetView> =>
  post(`/assets/${id}/change-confirmation`, { accept });
export const retireAsset = (id: string): Promise<void> => remove(`/assets/${id}`);

/** For choosing from: as many as one answer holds. */
export const findAssets = (q: string): Promise<AssetListing> => get("/assets", { query: { q, limit: 200 } });
export const findAccounts = (q: string): Promise<AccountListing> => get("/accounts", { query: { q, limit: 200 } });
export const createAccount = (input: CreateAccountBody): Promise<AccountView> => post("/accounts", input);
export const setCredential = (id: string, input: CredentialBody): Promise<AccountView> =>
  put(`/accounts/${id}/credential`, input);
export const retireAccount = (id: string): Promise<void> => remove(`/accounts/${id}`);

export const listEntitlements = (personId: string, cursor?: string): Promise<EntitlementListing> =>
  get("/entitlements", { query: { personId, cursor } });
export const createEntitlement = (input: CreateEntitlementBody): Promise<EntitlementView> =>
  post("/entitlements", input);
export const endEntitlement = (id: string): Promise<void> => remove(`/entitlements/${id}`);
