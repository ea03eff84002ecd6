/** Units, vendors and contracts; what ending one would end; vendors, contracts and people in and out as files. */
import { download, get, patch, post, put, remove, type Query } from "./http.js";
import type {
  ChangeContractBody,
  ChangeVendorBody,
  ContractListing,
  ContractView,
  CreateContractBody,
  CreateVendorBody,
  Ending,
  ImportKind,
  ImportReport,
  UnitListing,
  UnitView,
  VendorListing,
  VendorView,
} from "./types.js";

const PAGE = 200;

export const listUnits = (): Promise<UnitListing> => get("/units");
export const createUnit = (parentId: string, name: string): Promise<UnitView> => post("/units", { parentId, name });
export const renameUnit = (id: string, name: string): Promise<UnitView> => patch(`/units/${id}`, { name });
export const retireUnit = (id: string): Promise<void> => remove(`/units/${id}`);

export const listVendors = (q: string, cursor?: string, limit?: number): Promise<VendorListing> =>
  get("/vendors", { query: { q, cursor, limit } });
/** For choosing from: as many as one answer holds. */
export const findVendors = (q: string): Promise<VendorListing> => listVendors(q, undefined, PAGE);
export const createVendor = (input: CreateVendorBody): Promise<VendorView> => post("/vendors", input);
export const changeVendor = (id: string, input: ChangeVendorBody): Promise<VendorView> =>
  patch(`/vendors/${id}`, input);
export const vendorEnding = (id: string): Promise<Ending> => get(`/vendors/${id}/ending`);
export const retireVendor = (id: string, reason: string): Promise<void> =>
  post(`/vendors/${id}/retirement`, { reason });

export const listContracts = (q: string, cursor?: string): Promise<ContractListing> =>
  get("/contracts", { query: { q, cursor } });
/** Those under which the vendor's people may work. */
export const findContracts = (vendorId: string, q: string): Promise<ContractListing> =>
  get("/contracts", { query: { vendorId, q, limit: PAGE } });
export const createContract = (input: CreateContractBody): Promise<ContractView> => post("/contracts", input);
export const changeContract = (id: string, input: ChangeContractBody): Promise<ContractView> =>
  patch(`/contracts/${id}`, input);
export const acceptDuties = (id: string, file: File): Promise<ContractView> =>
  put(`/contracts/${id}/duties`, file, { name: file.name });
export const dutiesDocument = (id: string): ReturnType<typeof download> => download(`/contracts/${id}/duties`);
export const contractEnding = (id: string): Promise<Ending> => get(`/contracts/${id}/ending`);
export const endContract = (id: string, reason: string): Promise<void> => post(`/contracts/${id}/end`, { reason });

export const personEnding = (id: string): Promise<Ending> => get(`/people/${id}/ending`);
export const leave = (id: string, reason: string): Promise<void> => post(`/people/${id}/departure`, { reason });

export const importFile = (kind: ImportKind, file: Blob, dryRun: boolean): Promise<ImportReport> => {
  const query: Query = dryRun ? { dryRun: true } : {};
  return post(`/imports/${kind}`, file, query);
};
export const exportFile = (kind: ImportKind): ReturnType<typeof download> => download(`/exports/${kind}`);
